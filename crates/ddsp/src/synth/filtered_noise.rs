//! White noise through a filter whose frequency response is a control.

use burn::tensor::Tensor;
use ddsp_core::Error;
use ddsp_core::filter::Padding;
use ddsp_core::synth::FilteredNoiseConfig;

use crate::filter::frequency_filter;
use crate::scale::exp_sigmoid;

/// Raw outputs to `noise_magnitudes`.
///
/// *Shapes*: `[batch, n_frames, n_noise_bands]`.
///
/// *Reference*: Magenta's `synths.FilteredNoise.get_controls`.
pub fn filtered_noise_controls(config: &FilteredNoiseConfig, raw: Tensor<3>) -> Tensor<3> {
    exp_sigmoid(raw + config.initial_bias)
}

/// Filters `noise`, uniform within -1 and 1, frame by frame.
///
/// *Shapes*: `noise_magnitudes` `[batch, n_frames, n_noise_bands]`, `noise` `[batch, n_samples]`.
///
/// *Errors*: as [`frequency_filter`].
///
/// *Reference*: Engel et al. 2020, section 3.3; Magenta's `synths.FilteredNoise.get_signal`.
pub fn filtered_noise(
    config: &FilteredNoiseConfig,
    noise_magnitudes: Tensor<3>,
    noise: Tensor<2>,
) -> Result<Tensor<2>, Error> {
    frequency_filter(noise, noise_magnitudes, config.window_size, Padding::Same)
}
