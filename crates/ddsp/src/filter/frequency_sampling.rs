//! Linear-phase filters from the magnitudes of their frequency response.

use burn::tensor::Tensor;
use ddsp_core::Error;
use ddsp_core::filter::{DelayCompensation, Padding, frequency_sampling_table};

use crate::filter::fft_convolve;
use crate::tensor::table;

/// Magnitudes to impulse responses: one linear map, whose matrix is the kernel's.
///
/// *Shapes*: `magnitudes` `[batch, n_frames, n_bands]`; returns `[batch, n_frames, n_taps]`, as
/// [`ddsp_core::filter::FrequencySampling`] says.
///
/// *Errors*: as there.
///
/// *Reference*: Magenta's `core.frequency_impulse_response`.
pub fn frequency_impulse_response(
    magnitudes: Tensor<3>,
    window_size: usize,
) -> Result<Tensor<3>, Error> {
    let [n_batch, n_frames, n_bands] = magnitudes.dims();
    let (values, n_taps) = frequency_sampling_table(n_bands, window_size)?;
    let design = table(values, [n_bands, n_taps], (&magnitudes.device(), magnitudes.dtype()));
    let taps = magnitudes.reshape([n_batch * n_frames, n_bands]).matmul(design);
    Ok(taps.reshape([n_batch, n_frames, n_taps]))
}

/// Filters clips by magnitudes that follow each other, one frame of audio for each.
///
/// *Shapes*: `audio` `[batch, n_samples]`, `magnitudes` `[batch or 1, n_frames, n_bands]`.
///
/// *Errors*: as [`frequency_impulse_response`] and [`fft_convolve`].
///
/// *Reference*: Magenta's `core.frequency_filter`. Two samples of the filter's delay stay, as there.
pub fn frequency_filter(
    audio: Tensor<2>,
    magnitudes: Tensor<3>,
    window_size: usize,
    padding: Padding,
) -> Result<Tensor<2>, Error> {
    let taps = frequency_impulse_response(magnitudes, window_size)?;
    fft_convolve(audio, taps, padding, DelayCompensation::LinearPhase)
}
