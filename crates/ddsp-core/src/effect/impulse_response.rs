//! Impulse responses that a few numbers describe, made of noise.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::filter::{Padding, frequency_filter};
use crate::noise::uniform;
use crate::real::Real;
use crate::scale::exp_sigmoid;

/// An impulse response of decaying noise, with the weights `reverb/gain` and `reverb/decay`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpDecayReverbConfig {
    /// Length of the impulse response.
    pub ir_size: usize,
    /// Whether the dry signal is part of the result.
    pub add_dry: bool,
}

/// An impulse response of filtered noise, with the weight `reverb/magnitudes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilteredNoiseReverbConfig {
    /// Length of the impulse response.
    pub ir_size: usize,
    /// Frames of the filter within that length.
    pub n_frames: usize,
    /// Bands of the filter, from 0 to half the sample rate.
    pub n_noise_bands: usize,
    /// Added to the weights before they are squashed.
    pub initial_bias: f64,
    /// Size of the filter in samples, as [`crate::synth::FilteredNoiseConfig::window_size`].
    pub window_size: usize,
    /// Whether the dry signal is part of the result.
    pub add_dry: bool,
}

/// The noise that a played reverb is made of: always the same, so that a model sounds as it did.
pub fn reverb_noise<R: Real>(ir_size: usize) -> Vec<R> {
    const SEED: u64 = 0x7265_7665_7262;
    (0..ir_size as u64).map(|i| R::narrow(f64::from(uniform(SEED, i)))).collect()
}

/// Noise that decays: `exp_sigmoid(gain) e^(-(2 + e^decay) t)` of it, where t goes from 0 to 1.
///
/// *Reference*: Magenta's `effects.ExpDecayReverb`, which draws new noise at each call.
pub fn exp_decay_ir<R: Real>(noise: &[R], gain: R, decay: R) -> Vec<R> {
    let gain = exp_sigmoid(gain);
    let rate = R::narrow(2.0) + decay.exp();
    let last = noise.len().saturating_sub(1).max(1) as f64;
    let envelope = |n: usize| gain * (-(rate * R::narrow(n as f64 / last))).exp();
    noise.iter().enumerate().map(|(n, &x)| x * envelope(n)).collect()
}

/// Noise through a filter that changes from frame to frame.
///
/// *Shapes*: `magnitudes` raw, `n_frames × n_noise_bands`; `noise` `[ir_size]`.
///
/// *Errors*: the frames do not cut the noise evenly, or the filter cannot be built.
///
/// *Reference*: Magenta's `effects.FilteredNoiseReverb`, which draws new noise at each call.
pub fn filtered_noise_ir<R: Real>(
    config: &FilteredNoiseReverbConfig,
    magnitudes: &[R],
    noise: &[R],
) -> Result<Vec<R>, Error> {
    let bias = R::narrow(config.initial_bias);
    let magnitudes: Vec<R> = magnitudes.iter().map(|&x| exp_sigmoid(x + bias)).collect();
    frequency_filter(noise, &magnitudes, config.n_noise_bands, config.window_size, Padding::Same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decay_falls_by_its_rate() {
        let ir = exp_decay_ir(&[1.0_f64; 101], 2.0, 1.0);
        let rate = 2.0 + 1.0_f64.exp();
        assert!((ir[100] / ir[0] - (-rate).exp()).abs() < 1e-12);
        assert!((ir[0] - exp_sigmoid(2.0_f64)).abs() < 1e-12);
        assert!(exp_decay_ir(&[1.0_f32], -100.0, 100.0).iter().all(|x| x.is_finite()));
    }

    #[test]
    fn a_tail_is_as_loud_as_its_frame_says() {
        let config = FilteredNoiseReverbConfig {
            ir_size: 8000,
            n_frames: 4,
            n_noise_bands: 16,
            initial_bias: 0.0,
            window_size: 0,
            add_dry: true,
        };
        let magnitudes: Vec<f64> = [2.0, 0.0, -2.0, -8.0].iter().flat_map(|&x| [x; 16]).collect();
        let ir = filtered_noise_ir(&config, &magnitudes, &reverb_noise(8000)).unwrap();
        let rms = |i: usize| {
            let part = &ir[i * 2000 + 100..(i + 1) * 2000 - 100];
            (part.iter().map(|x| x * x).sum::<f64>() / part.len() as f64).sqrt()
        };
        for i in 0..4 {
            let expected = exp_sigmoid([2.0_f64, 0.0, -2.0, -8.0][i]) / 3.0_f64.sqrt();
            assert!((rms(i) / expected - 1.0).abs() < 0.1, "frame {i}");
        }
    }
}
