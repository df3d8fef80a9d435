//! How recordings are cut for a data set: into chunks to extract features from, and into examples to train on.

use std::ops::Range;

/// One example: a stretch of audio, and the frames that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Samples.
    pub samples: Range<usize>,
    /// Frames of each feature.
    pub frames: Range<usize>,
}

/// How examples are cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExampleConfig {
    /// Samples a second.
    pub sample_rate: u32,
    /// Frames a second.
    pub frame_rate: u32,
    /// Length of an example.
    pub example_s: f64,
    /// From the beginning of one to that of the next.
    pub hop_s: f64,
    /// Whether frames are centred, so that an example has one more of them than it has hops.
    pub center: bool,
}

/// The examples of a clip. The last stretch counts if it is full, in samples and in frames.
///
/// *Reference*: Magenta `prepare_tfrecord_lib._split_example`.
pub fn split_examples(n_samples: usize, n_frames: usize, config: &ExampleConfig) -> Vec<Example> {
    let ExampleConfig { sample_rate, frame_rate, example_s, hop_s, center } = *config;
    let windows = |rate: u32, n: usize, more: usize| {
        let (size, hop) =
            ((example_s * f64::from(rate)) as usize + more, (hop_s * f64::from(rate)) as usize);
        (0..)
            .map(move |i| i * hop..i * hop + size)
            .take_while(move |window| window.end <= n && hop > 0)
    };
    let samples = windows(sample_rate, n_samples, 0);
    let frames = windows(frame_rate, n_frames, usize::from(center));
    samples.zip(frames).map(|(samples, frames)| Example { samples, frames }).collect()
}

/// The chunks that a clip is cut into before features are extracted; what the last one lacks is filled up with zeros.
///
/// *Reference*: Magenta `prepare_tfrecord_lib._chunk_audio`.
pub fn chunks(n_samples: usize, chunk_size: usize) -> Vec<Range<usize>> {
    let starts = (0..n_samples).step_by(chunk_size.max(1));
    starts.map(|start| start..n_samples.min(start + chunk_size)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_overlap_and_are_full() {
        let config = ExampleConfig {
            sample_rate: 100,
            frame_rate: 10,
            example_s: 4.0,
            hop_s: 1.0,
            center: true,
        };
        let examples = split_examples(630, 64, &config);
        let first = |e: &Example| (e.samples.start, e.frames.clone());
        assert_eq!(
            examples.iter().map(first).collect::<Vec<_>>(),
            [(0, 0..41), (100, 10..51), (200, 20..61)]
        );
        assert_eq!(split_examples(399, 64, &config), []);
        assert_eq!(chunks(10, 4), [0..4, 4..8, 8..10]);
    }
}
