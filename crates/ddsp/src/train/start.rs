//! First weights that sound.

use ddsp_core::model::{ModelConfig, ProcessorConfig, Weights};

use crate::nn::initial_weights;

/// Amplitude of the first sound.
const AMPLITUDE: f64 = 0.3;
/// How its harmonics fall: 1/k to this power. Where the high ones begin louder than the recordings have them, at 48 kHz above all, the
/// first steps silence all harmonics together and leave everything to the noise, from where they do not come back.
const FALL: f64 = 2.0;
/// What the kernel of the output is multiplied by, so that the first sound is that of its bias.
const KERNEL_SCALE: f32 = 0.1;
/// Magnitude of its noise in every band.
const NOISE_MAGNITUDE: f64 = 1e-3;

/// [`initial_weights`] or, where `plausible`, the same with an output that begins as a soft note of a plausible spectrum: the plain ones begin with noise and a hundred steps in which the harmonics are hardly heard.
pub fn start_weights(config: &ModelConfig, seed: u64, plausible: bool) -> Weights {
    let plain = initial_weights(config, seed);
    if !plausible {
        return plain;
    }
    let mut bias = Vec::new();
    for processor in &config.processors {
        match processor {
            ProcessorConfig::Harmonic(c) => {
                bias.push(unsquashed(AMPLITUDE));
                bias.extend((1..=c.n_harmonics).map(|k| unsquashed((k as f64).powf(-FALL))));
            }
            ProcessorConfig::FilteredNoise(c) => {
                let raw = unsquashed(NOISE_MAGNITUDE) - c.initial_bias;
                bias.extend(std::iter::repeat_n(raw, c.n_noise_bands));
            }
            ProcessorConfig::Reverb(_)
            | ProcessorConfig::ExpDecayReverb(_)
            | ProcessorConfig::FilteredNoiseReverb(_) => {}
        }
    }
    let mut weights = Weights::default();
    for (name, shape, values) in plain.iter() {
        let values = match name {
            "dense_out/bias" => bias.iter().map(|&x| x as f32).collect(),
            "dense_out/kernel" => values.iter().map(|x| x * KERNEL_SCALE).collect(),
            _ => values.to_vec(),
        };
        weights.insert(name, shape.to_vec(), values);
    }
    weights
}

/// What `exp_sigmoid` with its default settings maps to `y`.
fn unsquashed(y: f64) -> f64 {
    let sigmoid = (y / 2.0).powf(1.0 / std::f64::consts::LN_10);
    (sigmoid / (1.0 - sigmoid)).ln()
}

#[cfg(test)]
mod tests {
    use ddsp_core::scale::exp_sigmoid;

    use super::*;
    use crate::train::{Preset, describe};

    #[test]
    fn the_first_note_has_the_spectrum_that_is_meant() {
        for y in [1e-3, 0.1, 1.0] {
            assert!((exp_sigmoid(unsquashed(y)) / y - 1.0).abs() < 1e-3);
        }
        let config = describe(&Preset::Instrument.config(16_000, 250).model).unwrap();
        let mut weights = start_weights(&config, 0, true);
        let bias = weights.take::<f64>("dense_out/bias", &[126]).unwrap();
        assert!((exp_sigmoid(bias[1]) / exp_sigmoid(bias[2]) - 4.0).abs() < 1e-3);
        assert!((exp_sigmoid(bias[61] - 5.0) / NOISE_MAGNITUDE - 1.0).abs() < 1e-3);
    }
}
