//! Impulse responses that a few numbers describe, made of noise.

use burn::tensor::Tensor;
use ddsp_core::Error;
use ddsp_core::effect::FilteredNoiseReverbConfig;
use ddsp_core::filter::Padding;

use crate::filter::frequency_filter;
use crate::scale::exp_sigmoid;
use crate::tensor::table;

/// Noise that decays: `exp_sigmoid(gain) e^(-(2 + e^decay) t)` of it, where t goes from 0 to 1.
///
/// *Shapes*: `noise` `[1 or batch, ir_size]`, `gain` and `decay` `[1 or batch, 1]`.
///
/// *Reference*: Magenta's `effects.ExpDecayReverb`.
pub fn exp_decay_ir(noise: Tensor<2>, gain: Tensor<2>, decay: Tensor<2>) -> Tensor<2> {
    let ir_size = noise.dims()[1];
    let last = ir_size.saturating_sub(1).max(1) as f64;
    let times = (0..ir_size).map(|n| n as f64 / last).collect();
    let times = table(times, [1, ir_size], (&noise.device(), noise.dtype()));
    exp_sigmoid(gain) * (-((decay.exp() + 2.0) * times)).exp() * noise
}

/// Noise through a filter that changes from frame to frame.
///
/// *Shapes*: `magnitudes` raw, `[1 or batch, n_frames, n_noise_bands]`; `noise` `[1 or batch, ir_size]`.
///
/// *Errors*: as [`frequency_filter`].
///
/// *Reference*: Magenta's `effects.FilteredNoiseReverb`.
pub fn filtered_noise_ir(
    config: &FilteredNoiseReverbConfig,
    magnitudes: Tensor<3>,
    noise: Tensor<2>,
) -> Result<Tensor<2>, Error> {
    let magnitudes = exp_sigmoid(magnitudes + config.initial_bias);
    frequency_filter(noise, magnitudes, config.window_size, Padding::Same)
}
