//! Fundamental frequency: trackers turn audio into `f0_hz` and `f0_confidence`, one value a frame.
//!
//! Every tracker answers with an [`F0Track`] of the same meaning, so that a model may be trained with
//! one and played with another if it must. The tracker is chosen by [`F0Config`].
//!
//! [`Autocorrelation`](F0Config::Autocorrelation) needs no weights and is the default. It walks through
//! the files of this folder in this order:
//!
//! 1. `decimate`: the clip in stretches of at most about 16 kHz, zero-padded, without its mean;
//! 2. `candidates`: the pitches that a frame may have, maxima of its normalised autocorrelation;
//! 3. `correlation`: that autocorrelation, in a long and a short window;
//! 4. `lag`: where between two samples such a maximum lies;
//! 5. `path`: the best path through the candidates of the whole clip;
//! 6. `gaps`: a frequency for the unvoiced frames.
//!
//! `autocorrelation` holds the settings and walks over the frames.

mod autocorrelation;
mod candidates;
mod correlation;
mod decimate;
mod gaps;
mod lag;
mod path;

pub use autocorrelation::AutocorrelationConfig;
pub use gaps::UNPITCHED_F0_HZ;

use crate::error::Error;

/// The fundamental frequency of a clip, one value a frame in each field.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct F0Track {
    /// Fundamental frequency in Hz, always positive: unvoiced frames are bridged in log frequency
    /// between their voiced neighbours and held at the ends of the clip. [`UNPITCHED_F0_HZ`]
    /// everywhere if no frame is voiced.
    pub f0_hz: Vec<f32>,
    /// How sure the tracker is that `f0_hz` was heard, 0 to 1: below [`UNVOICED_CONFIDENCE`] in every
    /// unvoiced frame, 0 in digital silence.
    pub f0_confidence: Vec<f32>,
    /// Whether the tracker found the frame voiced; `f0_hz` is a guess where it did not.
    pub voiced: Vec<bool>,
}

/// The upper limit of the confidence of an unvoiced frame.
pub const UNVOICED_CONFIDENCE: f32 = 0.25;

/// Which pitch tracker to use, with its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum F0Config {
    /// Maxima of the normalised autocorrelation and a global path (Boersma 1993).
    Autocorrelation(AutocorrelationConfig),
}

impl F0Config {
    /// The names of all trackers, as [`named`](Self::named) takes them; the default first.
    pub const NAMES: &[&str] = &["autocorrelation"];

    /// The tracker of that name with its default settings.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "autocorrelation" => Some(Self::Autocorrelation(AutocorrelationConfig::default())),
            _ => None,
        }
    }

    /// The tracker's name, as model files have it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Autocorrelation(_) => "autocorrelation",
        }
    }
}

impl Default for F0Config {
    fn default() -> Self {
        Self::Autocorrelation(AutocorrelationConfig::default())
    }
}

/// Tracks the fundamental frequency of a clip.
///
/// This is a whole-clip function: a frame depends on everything before and after it, because the path
/// search decides for the clip at once and silence is measured against its loudest part.
///
/// *Shapes*: `audio` `[n_samples]`, mono; every field of the result `[n_frames]`. Frame `i` is centred
/// on sample `i * hop_size`; the clip is surrounded by zeros. `n_samples.div_ceil(hop_size)` frames
/// cover a clip; any other number is allowed.
///
/// *Units and ranges*: `sample_rate` in Hz. The result never holds a NaN for finite audio.
///
/// *Errors*: a rate or hop of zero, or a configuration value outside its range.
pub fn track(
    audio: &[f32],
    sample_rate: u32,
    hop_size: usize,
    n_frames: usize,
    config: &F0Config,
) -> Result<F0Track, Error> {
    if hop_size == 0 || sample_rate == 0 {
        let detail = format!("expected more than 0, got hop {hop_size}, rate {sample_rate} Hz");
        return Err(Error::config("f0.hop_size or sample_rate", detail));
    }
    match config {
        F0Config::Autocorrelation(config) => {
            autocorrelation::track(audio, sample_rate, hop_size, n_frames, config)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_gives_the_tracker_of_that_name() {
        for name in F0Config::NAMES {
            assert_eq!(F0Config::named(name).map(|tracker| tracker.name()), Some(*name));
        }
        assert_eq!(F0Config::NAMES[0], F0Config::default().name());
        assert_eq!(F0Config::named("ouija"), None);
    }
}
