//! A stretch of sound with its features.

use std::collections::BTreeMap;

use crate::tfrecord::{Feature, Message};

/// The recording of an example, counted from 0, and the frame of it that the example begins with.
pub(super) const SOURCE_KEY: &str = "ddsp_source";
pub(super) const FRAME_KEY: &str = "ddsp_first_frame";

/// Sound with its features: `audio` at the rate of the data set, the others one value a frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clip {
    /// Mono.
    pub audio: Vec<f32>,
    /// Fundamental frequency, interpolated through gaps.
    pub f0_hz: Vec<f32>,
    /// How sure that is, 0 to 1.
    pub f0_confidence: Vec<f32>,
    /// Loudness by the definition of the data set.
    pub loudness_db: Vec<f32>,
}

impl Clip {
    /// Frames of every feature.
    pub fn n_frames(&self) -> usize {
        self.f0_hz.len().min(self.f0_confidence.len()).min(self.loudness_db.len())
    }

    /// The record that Magenta's reader takes for an example.
    pub(super) fn to_message(&self, source: usize, first_frame: usize) -> Message {
        let floats = |x: &[f32]| Feature::Floats(x.to_vec());
        Message(BTreeMap::from([
            ("audio".to_owned(), floats(&self.audio)),
            ("f0_hz".to_owned(), floats(&self.f0_hz)),
            ("f0_confidence".to_owned(), floats(&self.f0_confidence)),
            ("loudness_db".to_owned(), floats(&self.loudness_db)),
            (SOURCE_KEY.to_owned(), Feature::from(source as i64)),
            (FRAME_KEY.to_owned(), Feature::from(first_frame as i64)),
        ]))
    }

    /// The clip of a record.
    pub(super) fn from_message(mut message: Message) -> Result<Self, String> {
        let mut take = |name: &str| message.take_floats(name);
        let clip = Self {
            audio: take("audio")?,
            f0_hz: take("f0_hz")?,
            f0_confidence: take("f0_confidence")?,
            loudness_db: take("loudness_db")?,
        };
        let n = clip.f0_hz.len();
        if n == 0 || clip.f0_confidence.len() != n || clip.loudness_db.len() != n {
            return Err(format!(
                "expected as many frames of every feature, found {n}, {} and {}",
                clip.f0_confidence.len(),
                clip.loudness_db.len()
            ));
        }
        let all = [&clip.audio, &clip.f0_hz, &clip.f0_confidence, &clip.loudness_db];
        if all.into_iter().flatten().any(|x| !x.is_finite()) {
            return Err("expected finite numbers, found an infinity or NaN".to_owned());
        }
        Ok(clip)
    }

    /// The part of it that these frames cover.
    pub(super) fn cut(&self, from: usize, to: usize, hop_size: usize) -> Self {
        Self {
            audio: self.audio[from * hop_size..to * hop_size].to_vec(),
            f0_hz: self.f0_hz[from..to].to_vec(),
            f0_confidence: self.f0_confidence[from..to].to_vec(),
            loudness_db: self.loudness_db[from..to].to_vec(),
        }
    }

    /// Appends the last `n_frames` of another clip.
    pub(super) fn append(&mut self, other: &Self, n_frames: usize, hop_size: usize) {
        let tail = |x: &[f32], n: usize| x[x.len() - n..].to_vec();
        self.audio.extend(tail(&other.audio, n_frames * hop_size));
        self.f0_hz.extend(tail(&other.f0_hz, n_frames));
        self.f0_confidence.extend(tail(&other.f0_confidence, n_frames));
        self.loudness_db.extend(tail(&other.loudness_db, n_frames));
    }
}
