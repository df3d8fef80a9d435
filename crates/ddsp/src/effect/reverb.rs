//! Convolution with an impulse response, fixed or learned.

use burn::tensor::Tensor;
use ddsp_core::Error;
use ddsp_core::filter::{DelayCompensation, Padding};

use crate::filter::fft_convolve;
use crate::tensor::pad;

/// Reverberates clips; the first sample of the response is taken as zero.
///
/// *Shapes*: `audio` `[batch, n_samples]`, `ir` `[batch or 1, ir_size]`: a learned one is the same for the whole batch.
///
/// *Errors*: there is no audio or no response.
///
/// *Reference*: Magenta's `effects.Reverb`.
pub fn reverb(audio: Tensor<2>, ir: Tensor<2>, add_dry: bool) -> Result<Tensor<2>, Error> {
    let ir_size = ir.dims()[1];
    let tail = ir.narrow(1, 1, ir_size.saturating_sub(1));
    let masked = pad(tail, 1, (1, 0)).unsqueeze_dim(1);
    let wet = fft_convolve(audio.clone(), masked, Padding::Same, DelayCompensation::Samples(0))?;
    Ok(if add_dry { wet + audio } else { wet })
}
