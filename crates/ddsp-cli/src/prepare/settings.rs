//! What was asked for, checked.

use std::path::Path;
use std::time::UNIX_EPOCH;

use ddsp_core::feature::f0::{AutocorrelationConfig, F0Config};
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_io::audio::ChannelChoice;

use super::share::Share;
use crate::args::PrepareArgs;
use crate::failure::{Cause, Failure};

/// The peak that recordings are scaled to, in training and whenever the instrument plays.
const PEAK: f32 = 0.9;

/// How recordings become examples.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) sample_rate: u32,
    pub(super) frame_rate: u32,
    pub(super) example_s: f64,
    pub(super) hop_s: f64,
    pub(super) held_out: f64,
    pub(super) channel: ChannelChoice,
    pub(super) input_peak: Option<f32>,
    pub(super) tracker: F0Config,
    pub(super) loudness: LoudnessConfig,
}

impl Settings {
    pub(super) fn new(args: &PrepareArgs) -> Result<Self, Failure> {
        let sample_rate = args.sample_rate;
        let frame_rate = args.frame_rate.unwrap_or(if sample_rate == 44_100 { 245 } else { 250 });
        if !sample_rate.is_multiple_of(frame_rate) {
            let sentence = format!(
                "--frame-rate: expected frames of whole samples, found {frame_rate} frames of {sample_rate} samples a second: try \
                 250, or 245 at 44100 Hz"
            );
            return Err(Failure::new(Cause::Usage, sentence));
        }
        if args.hop_s > args.example_s {
            let sentence = format!(
                "--hop-s: expected at most the {} s of an example, found {}",
                args.example_s, args.hop_s
            );
            return Err(Failure::new(Cause::Usage, sentence));
        }
        let mut tracker = F0Config::named(&args.pitch).unwrap_or_default();
        if let Some((min_hz, max_hz)) = args.f0_range {
            let F0Config::Autocorrelation(config) = tracker;
            tracker = F0Config::Autocorrelation(AutocorrelationConfig { min_hz, max_hz, ..config });
        }
        // The window of the reference, 32 ms, at every rate.
        let n_fft = (512 * sample_rate as usize / 16_000).next_power_of_two();
        Ok(Self {
            sample_rate,
            frame_rate,
            example_s: args.example_s,
            hop_s: args.hop_s,
            held_out: args.held_out,
            channel: args.channel.map(usize::from).into(),
            input_peak: (!args.no_normalize).then_some(PEAK),
            tracker,
            loudness: LoudnessConfig::Magenta3 { n_fft, range_db: 80.0, ref_db: 0.0 },
        })
    }

    pub(super) fn hop_size(&self) -> usize {
        (self.sample_rate / self.frame_rate) as usize
    }

    pub(super) fn example_frames(&self) -> usize {
        (self.example_s * f64::from(self.frame_rate)).round() as usize
    }

    pub(super) fn hop_frames(&self) -> usize {
        ((self.hop_s * f64::from(self.frame_rate)).round() as usize).max(1)
    }

    /// What tells whether a recording must be heard anew: its name, size and time, and everything that was asked for.
    pub(super) fn fingerprint(&self, path: &Path, share: &Share) -> String {
        let metadata = std::fs::metadata(path).ok();
        let n_bytes = metadata.as_ref().map_or(0, std::fs::Metadata::len);
        let changed = metadata.and_then(|m| m.modified().ok());
        let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let changed = changed.map_or(0, |time| time.as_millis());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        format!("{name} {n_bytes} {changed} {share:?} {self:?}")
    }
}
