//! Settings that were found to work.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::loss::SpectralLossConfig;
use crate::train::{
    BudgetConfig, DataConfig, ModelSizes, OptimizerConfig, ReverbKind, Schedule, TrainConfig,
    UpkeepConfig,
};

/// The recipes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// The best one for a few minutes on a laptop: a small network, short windows, a schedule that ends with the budget.
    #[default]
    Instrument,
    /// Magenta's `solo_instrument.gin`.
    Solo,
    /// Magenta's `ae.gin`: with a timbre code z.
    Autoencoder,
    /// The smallest of Engel et al. 2020: 0.24 million parameters.
    Tiny,
    /// Magenta's `vst.gin`, hearing loudness as the other presets do.
    Vst,
}

impl Preset {
    /// All of them, the default first.
    pub const ALL: [Self; 5] =
        [Self::Instrument, Self::Solo, Self::Autoencoder, Self::Tiny, Self::Vst];

    /// Its name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Instrument => "instrument",
            Self::Solo => "solo",
            Self::Autoencoder => "autoencoder",
            Self::Tiny => "tiny",
            Self::Vst => "vst",
        }
    }

    /// The whole configuration for data of these rates. Harmonics, noise bands and the sizes of the loss grow with the rate.
    pub fn config(self, sample_rate: u32, frame_rate: u32) -> TrainConfig {
        let scale = f64::from(sample_rate) / 16_000.0;
        // The reference's sizes are those of 16 kHz; powers of two transform fastest.
        let octaves = scale.log2().floor().clamp(0.0, 3.0) as u32;
        let magenta = ModelSizes {
            sample_rate,
            frame_rate,
            channels: 512,
            gru_units: 512,
            layers_per_stack: 3,
            n_harmonics: n_harmonics(sample_rate),
            n_noise_bands: (64 << octaves) + 1,
            linear_amplitudes: false,
            reverb: ReverbKind::Learned,
            reverb_s: 3.0,
            z_dims: 0,
            encoder_gru_units: 512,
            z_time_steps: 125,
            plausible_start: false,
        };
        let dry = ModelSizes { reverb: ReverbKind::None, reverb_s: 0.0, ..magenta.clone() };
        let model = match self {
            Self::Instrument => ModelSizes {
                channels: 256,
                gru_units: 128,
                layers_per_stack: 2,
                linear_amplitudes: true,
                plausible_start: true,
                ..dry
            },
            Self::Solo => magenta,
            Self::Autoencoder => ModelSizes { z_dims: 16, ..magenta },
            Self::Tiny => ModelSizes { channels: 120, gru_units: 120, layers_per_stack: 2, ..dry },
            Self::Vst => ModelSizes {
                channels: 256,
                layers_per_stack: 1,
                reverb: ReverbKind::FilteredNoise,
                reverb_s: 1.5,
                linear_amplitudes: true,
                ..magenta
            },
        };
        let fft_sizes = [2048, 1024, 512, 256, 128, 64].map(|size| size << octaves).to_vec();
        let loss =
            SpectralLossConfig { fft_sizes, logmag_weight: 1.0, ..SpectralLossConfig::default() };
        let upkeep = UpkeepConfig {
            n_evaluations: 10,
            steps_per_evaluation: 300,
            evaluation_windows: 24,
            evaluation_window_s: 4.0,
            seconds_per_checkpoint: 60.0,
            checkpoints_to_keep: 3,
            patience: 0,
            bad_steps: 20,
        };
        let is_short = self == Self::Instrument;
        TrainConfig {
            preset: self,
            seed: 0,
            model,
            data: DataConfig {
                batch_size: if is_short { 32 } else { 16 },
                window_s: if is_short { 1.0 } else { 4.0 },
                lead_in_s: 0.0,
                least_loudness_db: if is_short { -50.0 } else { -1000.0 },
            },
            optimizer: if is_short {
                OptimizerConfig {
                    learning_rate: 2e-3,
                    schedule: Schedule::Cosine,
                    warmup_steps: 20,
                    average_decay: 0.99,
                    ir_rate: 0.02,
                    ..magenta_optimizer()
                }
            } else {
                magenta_optimizer()
            },
            budget: if is_short {
                BudgetConfig { steps: 0, minutes: 5.0 }
            } else {
                BudgetConfig { steps: 30_000, minutes: 0.0 }
            },
            upkeep,
            loss,
        }
    }
}

/// *Reference*: Magenta's `Trainer`.
fn magenta_optimizer() -> OptimizerConfig {
    OptimizerConfig {
        learning_rate: 3e-4,
        schedule: Schedule::Exponential,
        warmup_steps: 0,
        decay_rate: 0.98,
        decay_steps: 10_000.0,
        clip_norm: 3.0,
        ir_rate: 1.0,
        average_decay: 0.0,
    }
}

/// 60 at 16 kHz, as Magenta's; 128 from 44.1 kHz on, which at 170 Hz reach as far as the ear.
fn n_harmonics(sample_rate: u32) -> usize {
    match sample_rate {
        0..24_000 => 60,
        24_000..40_000 => 100,
        _ => 128,
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|preset| preset.name() == text);
        found.ok_or_else(|| format!("expected one of {names}, found {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::describe;

    #[test]
    fn every_preset_is_in_range_at_every_rate() {
        for preset in Preset::ALL {
            for (rate, frame_rate) in [(16_000, 250), (32_000, 250), (44_100, 245), (48_000, 250)] {
                let config = preset.config(rate, frame_rate);
                config.validate().unwrap();
                describe(&config.model).unwrap();
            }
            assert_eq!(preset.name().parse(), Ok(preset));
        }
    }

    #[test]
    fn the_sizes_are_those_of_the_papers() {
        let n = |preset: Preset| {
            let config = describe(&preset.config(16_000, 250).model).unwrap();
            let shapes = config.weight_shapes();
            shapes.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum::<usize>()
        };
        // With 48,000 samples of room among them.
        assert!((4_845_000..4_855_000).contains(&n(Preset::Solo)), "{}", n(Preset::Solo));
        assert!((230_000..250_000).contains(&n(Preset::Tiny)), "{}", n(Preset::Tiny));
    }
}
