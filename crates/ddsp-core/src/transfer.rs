//! Timbre transfer: a recording to the sound of an instrument, all of the path but files and rates.
//!
//! [`listen`] sets the level and extracts features as the model was trained with them; [`frames`] conditions them;
//! [`play`] conditions them and renders. All are whole-clip functions, and every surface goes through them.

use crate::condition::{Adjusted, Adjustments, ConditionedFrames, Features, condition};
use crate::engine::Engine;
use crate::error::Error;
use crate::feature::f0::{self, AutocorrelationConfig, F0Config};
use crate::feature::loudness::{loudness_db, recomputed_loudness_db};
use crate::model::ModelConfig;
use crate::scale::{amplitude_to_db, db_to_amplitude};

/// The level at which an instrument hears a recording.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Level {
    /// Scaled to the peak that it was trained with, or as recorded if it was trained so.
    #[default]
    AsTrained,
    /// As recorded.
    AsRecorded,
    /// Scaled to this peak.
    Peak(f32),
}

/// How a recording is listened to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Listening {
    /// The level.
    pub level: Level,
    /// The lowest and the highest pitch to look for in Hz; none for those of the tracker.
    pub f0_range_hz: Option<(f32, f32)>,
}

/// What was done to the level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gain {
    /// Nothing.
    Left,
    /// Nothing: there is nothing but digital silence.
    Silence,
    /// It was scaled.
    Scaled {
        /// By so much.
        db: f64,
        /// To this peak, unless it `is_limited`.
        peak: f32,
        /// Whether the peak was out of reach: what is quieter than [`MAX_GAIN_DB`] below it is noise.
        is_limited: bool,
    },
}

/// A recording is not turned up by more than this.
pub const MAX_GAIN_DB: f64 = 40.0;

/// A recording as an instrument hears it.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Mono at the instrument's rate, scaled.
    pub samples: Vec<f32>,
    /// One value a frame.
    pub features: Features,
    /// Whether a pitch was found in a frame.
    pub voiced: Vec<bool>,
    /// What was done to the level.
    pub gain: Gain,
}

/// Sets the level of a recording and extracts its features as the model was trained with them.
///
/// *Shapes*: `samples` `[n_samples]`, mono at the model's rate; `n_samples.div_ceil(hop_size)` frames.
///
/// *Errors*: a pitch range that is inverted or out of what the tracker can do.
pub fn listen(
    mut samples: Vec<f32>,
    listening: &Listening,
    config: &ModelConfig,
) -> Result<Heard, Error> {
    let peak = match listening.level {
        Level::AsTrained => config.input_peak,
        Level::AsRecorded => None,
        Level::Peak(peak) => Some(peak),
    };
    let gain = peak.map_or(Gain::Left, |peak| normalize(&mut samples, peak));
    let mut tracker = tracker(config);
    if let Some(range_hz) = listening.f0_range_hz {
        tracker = within(tracker, range_hz)?;
    }
    let n_frames = samples.len().div_ceil(config.hop_size);
    let track = f0::track(&samples, config.sample_rate, config.hop_size, n_frames, &tracker)?;
    let features = Features {
        f0_hz: track.f0_hz,
        f0_confidence: track.f0_confidence,
        loudness_db: loudness(&samples, config, n_frames),
    };
    Ok(Heard { samples, features, voiced: track.voiced, gain })
}

/// Loudness of the first `n_frames` by the model's definition.
pub fn loudness(samples: &[f32], config: &ModelConfig, n_frames: usize) -> Vec<f32> {
    let (rate, hop_size) = (config.sample_rate, config.hop_size);
    loudness_db(samples, rate, hop_size, n_frames, config.loudness.padding(), &config.loudness)
}

/// The tracker that the model was trained with or, where it is not built in, the default.
pub fn tracker(config: &ModelConfig) -> F0Config {
    F0Config::named(&config.f0.tracker).unwrap_or_default()
}

/// The tracker, looking between two pitches.
///
/// *Errors*: the second is not above the first.
pub fn within(tracker: F0Config, (min_hz, max_hz): (f32, f32)) -> Result<F0Config, Error> {
    if min_hz >= max_hz || min_hz.is_nan() || max_hz.is_nan() {
        let detail = format!(
            "expected the lowest pitch and then the highest, found {min_hz} and {max_hz} Hz"
        );
        return Err(Error::config("f0_range", detail));
    }
    match tracker {
        F0Config::Autocorrelation(config) => {
            let config = AutocorrelationConfig { min_hz, max_hz, ..config };
            Ok(F0Config::Autocorrelation(config))
        }
    }
}

/// Scales to a peak.
fn normalize(samples: &mut [f32], wanted: f32) -> Gain {
    let gain = gain_to(wanted, samples.iter().fold(0.0_f32, |peak, x| peak.max(x.abs())));
    let factor = gain.factor();
    samples.iter_mut().for_each(|x| *x *= factor);
    gain
}

/// What brings a recording of this peak to the wanted one, or as near as [`MAX_GAIN_DB`] allows.
pub fn gain_to(wanted: f32, peak: f32) -> Gain {
    if peak == 0.0 {
        return Gain::Silence;
    }
    let wanted_db = amplitude_to_db(f64::from(wanted) / f64::from(peak));
    let db = wanted_db.min(MAX_GAIN_DB);
    Gain::Scaled { db, peak: wanted, is_limited: db < wanted_db }
}

impl Gain {
    /// What each sample is multiplied by.
    pub fn factor(&self) -> f32 {
        match *self {
            Self::Left | Self::Silence => 1.0,
            Self::Scaled { db, .. } => db_to_amplitude(db) as f32,
        }
    }
}

/// How an instrument plays what it heard.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Playing {
    /// What is changed in between.
    pub adjustments: Adjustments,
    /// Whether loudness is taken from the recording again, behind the adjustments, which then do nothing to it:
    /// `F0LoudnessPreprocessor.compute_loudness` of Magenta 3.x.
    pub recompute_loudness: bool,
}

/// What was played.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// The sound, at the rate of the engine's model and as long as the recording.
    pub signal: Vec<f32>,
    /// What was done in between.
    pub adjusted: Adjusted,
}

/// Conditions what was heard for the engine.
///
/// *Errors*: an adjustment is out of its range.
pub fn frames(
    heard: &Heard,
    playing: &Playing,
    config: &ModelConfig,
) -> Result<(ConditionedFrames, Adjusted), Error> {
    let Playing { adjustments, recompute_loudness } = playing;
    adjustments.validate()?;
    let statistics = config.dataset_statistics.as_ref();
    let frame_rate = config.frame_rate();
    let (mut frames, adjusted) =
        condition(&heard.features, adjustments, &config.loudness, statistics, frame_rate);
    if *recompute_loudness {
        let (n_frames, rate) = (frames.f0_hz.len(), config.sample_rate);
        let samples = &heard.samples;
        let db =
            recomputed_loudness_db(samples, rate, config.hop_size, n_frames, &config.loudness)?;
        let scaled = db.iter().map(|&db| config.loudness.scale(f64::from(db)) as f32);
        frames.loudness_scaled = scaled.collect();
    }
    Ok((frames, adjusted))
}

/// Plays what was heard. `config` is that of the model that listened; `engine` may play the same model at another
/// rate with the same frames. `progress` takes the number of frames played.
///
/// *Errors*: an adjustment is out of its range.
pub fn play(
    heard: &Heard,
    playing: &Playing,
    config: &ModelConfig,
    engine: &mut Engine,
    progress: impl FnMut(usize),
) -> Result<Played, Error> {
    let (frames, adjusted) = frames(heard, playing, config)?;
    let mut signal = engine.render(frames.as_frames(), progress);
    let n_samples = heard.samples.len() as u64 * engine.hop_size() as u64 / config.hop_size as u64;
    signal.truncate(usize::try_from(n_samples).unwrap_or(usize::MAX));
    Ok(Played { signal, adjusted })
}
