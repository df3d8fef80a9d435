//! Everything that a training is, by name.

use ddsp_core::model::{DecoderConfig, EncoderConfig, ModelConfig, ProcessorConfig};
use ddsp_core::resample::ResampleMethod;
use serde::{Deserialize, Serialize};

use crate::loss::SpectralLossConfig;
use crate::train::{Error, Preset};

/// What a run does. Saved beside it as TOML; the same configuration on the same data gives the same weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Where the other values came from.
    pub preset: Preset,
    /// Of first weights, windows and noise.
    pub seed: u64,
    /// The instrument.
    pub model: ModelSizes,
    /// What is drawn in a step.
    pub data: DataConfig,
    /// How weights move.
    pub optimizer: OptimizerConfig,
    /// How long.
    pub budget: BudgetConfig,
    /// Evaluation, checkpoints and when to give up.
    pub upkeep: UpkeepConfig,
    /// What is made small.
    pub loss: SpectralLossConfig,
}

/// Sizes of the instrument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSizes {
    /// Samples a second, that of the data set.
    pub sample_rate: u32,
    /// Frames a second, that of the data set.
    pub frame_rate: u32,
    /// Width of the dense layers.
    pub channels: usize,
    /// Width of the recurrent layer.
    pub gru_units: usize,
    /// Dense layers in each stack.
    pub layers_per_stack: usize,
    /// Harmonics, of which those below half the sample rate sound.
    pub n_harmonics: usize,
    /// Bands of the noise filter.
    pub n_noise_bands: usize,
    /// Whether amplitudes move in straight lines from frame to frame, or under overlapping windows as Magenta's.
    pub linear_amplitudes: bool,
    /// The room.
    pub reverb: ReverbKind,
    /// Length of the room's impulse response.
    pub reverb_s: f64,
    /// Numbers of the timbre code, 0 for none.
    pub z_dims: usize,
    /// Width of the encoder's recurrent layer.
    pub encoder_gru_units: usize,
    /// Frames of the encoder in four seconds: 63, 125, 250, 500 or 1000.
    pub z_time_steps: usize,
    /// Whether the first weights sound like a plausible spectrum, or are Magenta's.
    pub plausible_start: bool,
}

impl ModelSizes {
    /// The sizes of a model that is there, for frames of that rate.
    pub fn of(description: &ModelConfig, frame_rate: u32) -> Self {
        let DecoderConfig::RnnFc(decoder) = &description.decoder;
        let sample_rate = description.sample_rate;
        let mut sizes = Self {
            channels: decoder.channels,
            gru_units: decoder.gru_units,
            layers_per_stack: decoder.layers_per_stack,
            n_harmonics: 0,
            n_noise_bands: 0,
            linear_amplitudes: false,
            reverb: ReverbKind::None,
            reverb_s: 0.0,
            z_dims: decoder.z_dims,
            plausible_start: false,
            ..Preset::default().config(sample_rate, frame_rate).model
        };
        if let Some(EncoderConfig::MfccRnn(encoder)) = &description.encoder {
            sizes.encoder_gru_units = encoder.gru_units;
            sizes.z_time_steps = encoder.z_time_steps;
        }
        for processor in &description.processors {
            let reverb = match processor {
                ProcessorConfig::Harmonic(c) => {
                    sizes.n_harmonics = c.n_harmonics;
                    sizes.linear_amplitudes = c.amp_resample_method == ResampleMethod::Linear;
                    continue;
                }
                ProcessorConfig::FilteredNoise(c) => {
                    sizes.n_noise_bands = c.n_noise_bands;
                    continue;
                }
                ProcessorConfig::Reverb(_) => ReverbKind::Learned,
                ProcessorConfig::ExpDecayReverb(_) | ProcessorConfig::FilteredNoiseReverb(_) => {
                    ReverbKind::FilteredNoise
                }
            };
            sizes.reverb = reverb;
            let n = processor.ir_size().unwrap_or_default();
            sizes.reverb_s = n as f64 / f64::from(sample_rate);
        }
        sizes
    }
}

/// The kinds of room that can be learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReverbKind {
    /// No room.
    None,
    /// Every sample of an impulse response.
    Learned,
    /// Noise whose spectrum changes with time.
    FilteredNoise,
}

/// What is drawn in a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Windows in a step.
    pub batch_size: usize,
    /// Length of a window.
    pub window_s: f64,
    /// Seconds at the beginning of a window that are played but not compared: a room needs what came before.
    pub lead_in_s: f64,
    /// A window that is nowhere louder than this is drawn again.
    pub least_loudness_db: f64,
}

/// How the size of a step changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Half a cosine from the full size to nothing at the last step.
    Cosine,
    /// `decay_rate` to the power of steps by `decay_steps`, as Magenta's.
    Exponential,
    /// Always the same.
    Constant,
}

/// How weights move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// The size of a step.
    pub learning_rate: f64,
    /// How it changes.
    pub schedule: Schedule,
    /// Steps in which it rises to its full size.
    pub warmup_steps: u64,
    /// Of the exponential schedule.
    pub decay_rate: f64,
    /// Of the exponential schedule.
    pub decay_steps: f64,
    /// The largest norm of a gradient, 0 for any.
    pub clip_norm: f64,
    /// What the size of a step is multiplied by for the samples of a learned impulse response, which are then left out of `clip_norm`; 1 for
    /// no difference.
    pub ir_rate: f64,
    /// How long the average of the weights remembers, 0 for no average: it is what is evaluated and played.
    pub average_decay: f64,
}

/// How long. One of the two is above 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetConfig {
    /// Steps in all; 0 to go by minutes.
    pub steps: u64,
    /// Minutes of training, from which the first steps tell how many steps there will be; 0 to go by steps.
    pub minutes: f64,
}

/// Evaluation, checkpoints and when to give up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpkeepConfig {
    /// Evaluations on what was held out, evenly spread over the run.
    pub n_evaluations: u64,
    /// At most so many steps from one to the next.
    pub steps_per_evaluation: u64,
    /// At most so many windows of held-out sound in each.
    pub evaluation_windows: usize,
    /// Their length.
    pub evaluation_window_s: f64,
    /// Seconds from one checkpoint to the next.
    pub seconds_per_checkpoint: f64,
    /// Older checkpoints are removed.
    pub checkpoints_to_keep: usize,
    /// The run ends when so many evaluations in a row were no better; 0 for never.
    pub patience: u64,
    /// Steps in a row whose gradient is no number before the run stops.
    pub bad_steps: u64,
}

/// A room of so many seconds, at most, is learned.
const MAX_ROOM_S: f64 = 2.0;
/// At most so much of a room is played before what is compared.
const MAX_LEAD_IN_S: f64 = 1.0;

impl TrainConfig {
    /// The same for recordings of a room that falls by 60 dB in `decay_s`: the instrument learns its impulse response, on windows that
    /// begin with what still rings by more than -40 dB, and fewer of them, so that a step takes as long.
    #[must_use]
    pub fn in_room(mut self, decay_s: f64) -> Self {
        self.model.reverb = ReverbKind::Learned;
        self.model.reverb_s = decay_s.min(MAX_ROOM_S);
        let data = &mut self.data;
        data.lead_in_s = (decay_s * 2.0 / 3.0).min(MAX_LEAD_IN_S);
        let share = data.window_s / (data.window_s + data.lead_in_s);
        data.batch_size = (data.batch_size as f64 * share).ceil() as usize;
        self
    }

    /// Samples of a frame.
    pub fn hop_size(&self) -> usize {
        (self.model.sample_rate / self.model.frame_rate.max(1)) as usize
    }

    /// Frames of a window, with its lead-in.
    pub fn window_frames(&self) -> usize {
        let seconds = self.data.window_s + self.data.lead_in_s;
        (seconds * f64::from(self.model.frame_rate)).round() as usize
    }

    /// Frames of the lead-in.
    pub fn lead_in_frames(&self) -> usize {
        (self.data.lead_in_s * f64::from(self.model.frame_rate)).round() as usize
    }

    /// Checks every number that a description of a model does not.
    ///
    /// *Errors*: the first one out of its range.
    pub fn validate(&self) -> Result<(), Error> {
        let Self { model, data, optimizer, budget, upkeep, loss, .. } = self;
        let ModelSizes { sample_rate, frame_rate, .. } = *model;
        if frame_rate == 0 || !sample_rate.is_multiple_of(frame_rate) {
            let detail = format!(
                "expected frames of whole samples, found {frame_rate} frames of {sample_rate} samples a second: try 250, \
                 or 245 for 44100 Hz"
            );
            return Err(Error::setting("model.frame_rate", detail));
        }
        within("data.batch_size", data.batch_size as f64, 1.0, 4096.0)?;
        within("data.window_s", data.window_s, 0.1, 60.0)?;
        within("data.lead_in_s", data.lead_in_s, 0.0, 30.0)?;
        within("data.least_loudness_db", data.least_loudness_db, -1000.0, 100.0)?;
        within("optimizer.learning_rate", optimizer.learning_rate, 0.0, 1.0)?;
        within("optimizer.decay_rate", optimizer.decay_rate, 0.0, 1.0)?;
        within("optimizer.decay_steps", optimizer.decay_steps, 1.0, 1e12)?;
        within("optimizer.clip_norm", optimizer.clip_norm, 0.0, 1e12)?;
        within("optimizer.ir_rate", optimizer.ir_rate, 0.0, 1.0)?;
        within("optimizer.average_decay", optimizer.average_decay, 0.0, 0.999_999)?;
        within("model.reverb_s", model.reverb_s, 0.0, 60.0)?;
        within("upkeep.n_evaluations", upkeep.n_evaluations as f64, 1.0, 1e6)?;
        within("upkeep.steps_per_evaluation", upkeep.steps_per_evaluation as f64, 1.0, 1e12)?;
        within("upkeep.evaluation_windows", upkeep.evaluation_windows as f64, 1.0, 1e5)?;
        within("upkeep.evaluation_window_s", upkeep.evaluation_window_s, 0.5, 60.0)?;
        within("upkeep.seconds_per_checkpoint", upkeep.seconds_per_checkpoint, 0.0, 1e6)?;
        within("upkeep.checkpoints_to_keep", upkeep.checkpoints_to_keep as f64, 1.0, 1e5)?;
        within("upkeep.bad_steps", upkeep.bad_steps as f64, 1.0, 1e6)?;
        within("budget.minutes", budget.minutes, 0.0, 1e6)?;
        if (budget.steps > 0) == (budget.minutes > 0.0) {
            let detail = format!(
                "expected either steps or minutes above 0, found {} steps and {} minutes",
                budget.steps, budget.minutes
            );
            return Err(Error::setting("budget", detail));
        }
        let (low, high) = (loss.fft_sizes.iter().min(), loss.fft_sizes.iter().max());
        let (Some(&low), Some(&high)) = (low, high) else {
            return Err(Error::setting("loss.fft_sizes", "expected at least one size, found none"));
        };
        within("loss.fft_sizes", low as f64, 16.0, 65_536.0)?;
        within("loss.fft_sizes", high as f64, 16.0, data.window_s * f64::from(sample_rate))
    }
}

fn within(what: &str, found: f64, least: f64, most: f64) -> Result<(), Error> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(Error::setting(what, format!("expected {least} to {most}, found {found}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_heard_before_what_is_compared_and_a_step_takes_as_long() {
        let dry = Preset::Instrument.config(16_000, 250);
        let frames = |config: &TrainConfig| config.window_frames() * config.data.batch_size;
        for decay_s in [0.3, 0.8, 1.5, 5.0] {
            let room = dry.clone().in_room(decay_s);
            room.validate().unwrap();
            assert_eq!(room.model.reverb, ReverbKind::Learned);
            assert!(room.data.lead_in_s <= room.model.reverb_s);
            let share = frames(&room) as f64 / frames(&dry) as f64;
            assert!((0.95..1.1).contains(&share), "{decay_s} s: {share}");
        }
    }
}
