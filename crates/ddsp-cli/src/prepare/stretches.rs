//! Pitch and loudness of a recording, a minute at a time: memory does not grow with its length.
//!
//! Each stretch is heard with some seconds before and behind it, so that windows and the path of the tracker do not end where it
//! ends; what counts as silent is told by the peak of the whole recording. This is what `transfer::listen` does, but for the
//! frequency that unpitched gaps longer than these seconds are given.

use ddsp_core::feature::f0::{self, AutocorrelationConfig, F0Config};
use ddsp_core::feature::loudness::loudness_db;
use serde::{Deserialize, Serialize};

use super::grade::polyphony::{Voices, count_voices};
use super::grade::tails::{Tail, find_tails};
use super::recording::Converted;
use super::settings::Settings;
use crate::failure::{Cause, Failure};

/// Length of a stretch, and of what is heard before and behind it.
const STRETCH_S: usize = 60;
const CONTEXT_S: usize = 4;

/// What was heard in a stretch, one value a frame.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Heard {
    pub(super) f0_hz: Vec<f32>,
    pub(super) f0_confidence: Vec<f32>,
    pub(super) voiced: Vec<bool>,
    pub(super) loudness_db: Vec<f32>,
    /// Moments with one voice and with several.
    pub(super) voices: Voices,
    /// What was left of notes when the next ones began.
    pub(super) tails: Vec<Tail>,
}

impl Heard {
    /// Appends the next stretch.
    pub(super) fn append(&mut self, next: Self) {
        self.f0_hz.extend(next.f0_hz);
        self.f0_confidence.extend(next.f0_confidence);
        self.voiced.extend(next.voiced);
        self.loudness_db.extend(next.loudness_db);
        self.voices.n_checked += next.voices.n_checked;
        self.voices.n_several += next.voices.n_several;
        self.tails.extend(next.tails);
    }
}

/// The number of stretches of so many hops.
pub(super) fn n_stretches(n_hops: usize, settings: &Settings) -> usize {
    n_hops.div_ceil(STRETCH_S * settings.frame_rate as usize).max(1)
}

/// Listens to stretch `i` of a recording. The last one has the frame at the recording's end, too.
pub(super) fn hear(recording: &Converted, i: usize, settings: &Settings) -> Result<Heard, Failure> {
    let (n_hops, hop_size) = (recording.sizes.n_hops, settings.hop_size);
    let (length, context) =
        (STRETCH_S * settings.frame_rate as usize, CONTEXT_S * settings.frame_rate as usize);
    let (first, end) = (i * length, ((i + 1) * length).min(n_hops));
    let (from, to) = (first.saturating_sub(context), (end + context).min(n_hops));
    let audio = recording.read(from * hop_size, (to - from) * hop_size)?;
    let n_frames = to - from + 1;
    let peak = audio.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    let tracker = relative_to(&settings.tracker, recording.peak(), peak);
    let track = f0::track(&audio, settings.sample_rate, hop_size, n_frames, &tracker)
        .map_err(|e| Failure::new(Cause::Usage, e.to_string()))?;
    let loudness = &settings.loudness;
    let loudness_db =
        loudness_db(&audio, settings.sample_rate, hop_size, n_frames, loudness.padding(), loudness);
    let voices = count_voices(&audio, &track, &loudness_db, first - from..end - from, settings);
    let tails = find_tails(&audio, &track, first - from..end - from, settings);
    let kept = first - from..end - from + usize::from(end == n_hops);
    Ok(Heard {
        f0_hz: track.f0_hz[kept.clone()].to_vec(),
        f0_confidence: track.f0_confidence[kept.clone()].to_vec(),
        voiced: track.voiced[kept.clone()].to_vec(),
        loudness_db: loudness_db[kept].to_vec(),
        voices,
        tails,
    })
}

/// The tracker, for which silence is told by the peak of all of a recording and not by that of a stretch.
fn relative_to(tracker: &F0Config, whole: f32, stretch: f32) -> F0Config {
    match tracker {
        F0Config::Autocorrelation(config) if stretch > 0.0 && whole >= stretch => {
            let silence_threshold = config.silence_threshold * (whole / stretch);
            F0Config::Autocorrelation(AutocorrelationConfig { silence_threshold, ..*config })
        }
        F0Config::Autocorrelation(config) => F0Config::Autocorrelation(*config),
    }
}
