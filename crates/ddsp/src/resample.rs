//! Controls from one frame rate to another, and from frame rate to sample rate.

use burn::tensor::Tensor;
use ddsp_core::Error;
use ddsp_core::resample::{ResampleMethod, resample_taps};

use crate::tensor::{indices, table};

/// Resamples frames in time.
///
/// *Shapes*: `inputs` `[batch, n_frames, n_channels]`; returns `[batch, n_timesteps, n_channels]`.
///
/// *Errors*: those of [`ddsp_core::resample::resample`], whose taps these are.
///
/// *Reference*: Magenta's `core.resample`.
pub fn resample(
    inputs: Tensor<3>,
    n_timesteps: usize,
    method: ResampleMethod,
    add_endpoint: bool,
) -> Result<Tensor<3>, Error> {
    let [_, n_frames, _] = inputs.dims();
    let taps = resample_taps(n_frames, n_timesteps, method, add_endpoint)?;
    let (device, dtype) = (inputs.device(), inputs.dtype());
    let of_tap = |i: usize| {
        let frames = taps.frames.iter().skip(i).step_by(taps.n_taps).copied();
        let weights: Vec<f64> = taps.weights.iter().skip(i).step_by(taps.n_taps).copied().collect();
        let rows = inputs.clone().select(1, indices(frames, &device));
        rows * table(weights, [1, n_timesteps, 1], (&device, dtype))
    };
    let first = of_tap(0);
    Ok((1..taps.n_taps).fold(first, |sum, i| sum + of_tap(i)))
}
