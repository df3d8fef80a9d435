//! What a data set is made with: rates, tracker, lengths.

use ddsp_core::feature::f0::F0Config;
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::transfer::within;

use super::survey::Survey;
use crate::args::PrepareArgs;
use crate::failure::{Cause, Failure};

/// The peak that each recording is scaled to, as transfer scales what it hears.
pub(super) const INPUT_PEAK: f32 = 0.9;

/// What every recording of a data set is treated alike by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    pub(super) sample_rate: u32,
    pub(super) frame_rate: u32,
    /// Samples of a frame.
    pub(super) hop_size: usize,
    pub(super) tracker: F0Config,
    pub(super) loudness: LoudnessConfig,
    /// Hops of an example.
    pub(super) example_hops: usize,
    /// Hops from one example to the next.
    pub(super) step_hops: usize,
}

impl Settings {
    /// The settings that are asked for, with a rate that suits the recordings where none is.
    pub(super) fn new(args: &PrepareArgs, surveys: &[&Survey]) -> Result<Self, Failure> {
        let sample_rate = args.sample_rate.unwrap_or_else(|| suitable_rate(surveys));
        let frame_rate = args.frame_rate.unwrap_or(if sample_rate == 44_100 { 245 } else { 250 });
        let usage = |sentence: String| Failure::new(Cause::Usage, sentence);
        if !sample_rate.is_multiple_of(frame_rate) {
            return Err(usage(format!(
                "expected frames of a whole number of samples, found {sample_rate} samples and {frame_rate} frames a \
                 second: choose another --frame-rate{}",
                if sample_rate == 44_100 { ", as 245" } else { "" }
            )));
        }
        let hops = |seconds: f64, option: &str| {
            let hops = seconds * f64::from(frame_rate);
            if (hops - hops.round()).abs() > 1e-6 {
                return Err(usage(format!(
                    "expected {option} of whole frames, found {seconds} s at {frame_rate} frames a second"
                )));
            }
            Ok(hops.round() as usize)
        };
        let tracker = F0Config::named(&args.pitch).unwrap_or_default();
        let tracker = match args.f0_range {
            Some(range_hz) => within(tracker, range_hz).map_err(|e| usage(e.to_string()))?,
            None => tracker,
        };
        let example_hops = hops(args.example_s, "--example-s")?;
        let step_hops = hops(args.hop_s, "--hop-s")?;
        if step_hops > example_hops {
            let sentence = "expected a --hop-s of at most --example-s, as nothing should be left out between examples";
            return Err(usage(sentence.to_owned()));
        }
        Ok(Self {
            sample_rate,
            frame_rate,
            hop_size: (sample_rate / frame_rate) as usize,
            tracker,
            loudness: loudness_at(sample_rate),
            example_hops,
            step_hops,
        })
    }

    /// What a converted recording and its features depend on: short ones are filled up to an example.
    pub(super) fn key(&self) -> String {
        let Self { sample_rate, frame_rate, example_hops, tracker, loudness, .. } = self;
        format!("{sample_rate} {frame_rate} {example_hops} {tracker:?} {loudness:?}")
    }

    /// Seconds of so many hops.
    pub(super) fn seconds(&self, n_hops: usize) -> f64 {
        n_hops as f64 / f64::from(self.frame_rate)
    }

    /// The tracker's settings, for people.
    pub(super) fn tracker_detail(&self) -> String {
        let F0Config::Autocorrelation(config) = &self.tracker;
        format!("ddsp {}, {} to {} Hz", env!("CARGO_PKG_VERSION"), config.min_hz, config.max_hz)
    }
}

/// Loudness with a window that lasts about as long at every rate.
fn loudness_at(sample_rate: u32) -> LoudnessConfig {
    let n_fft = (512 * sample_rate as usize / 16_000).next_power_of_two();
    LoudnessConfig::Magenta3 { n_fft, range_db: 80.0, ref_db: 0.0 }
}

fn suitable_rate(surveys: &[&Survey]) -> u32 {
    let is_wide = |survey: &&Survey| survey.sample_rate >= 44_100 && survey.has_highs;
    if surveys.iter().all(is_wide) { 48_000 } else { 16_000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_of_loudness_grows_with_the_rate() {
        for (rate, n_fft) in [(16_000, 512), (32_000, 1024), (44_100, 2048), (48_000, 2048)] {
            assert_eq!(loudness_at(rate).n_fft(), n_fft);
        }
    }
}
