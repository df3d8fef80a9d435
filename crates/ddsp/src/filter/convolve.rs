//! Convolution of clips with frames of impulse responses.

use burn::tensor::Tensor;
use ddsp_core::Error;
use ddsp_core::filter::{DelayCompensation, Padding, get_fft_size};

use crate::fft::{irfft, rfft};
use crate::tensor::pad;

/// Filters clips by impulse responses that follow each other: a clip is cut into as many frames, each is convolved with its own
/// response, and the results overlap and add.
///
/// *Shapes*: `audio` `[batch, n_samples]`, `impulse_response` `[batch or 1, n_ir_frames, ir_size]`; returns `[batch, n_samples]`
/// or, for [`Padding::Valid`], `[batch, n_samples + ir_size - 1]`.
///
/// *Errors*: there is no audio or no response, or frames of `n_samples / n_ir_frames`, rounded up, are fewer than the responses.
///
/// *Reference*: Magenta's `core.fft_convolve`.
pub fn fft_convolve(
    audio: Tensor<2>,
    impulse_response: Tensor<3>,
    padding: Padding,
    delay: DelayCompensation,
) -> Result<Tensor<2>, Error> {
    let ([n_batch, n_samples], [_, n_frames, ir_size]) = (audio.dims(), impulse_response.dims());
    if n_samples == 0 || n_frames == 0 || ir_size == 0 {
        let detail = format!(
            "expected audio and responses, found {n_samples} samples and {n_frames} of {ir_size}"
        );
        return Err(Error::config("fft_convolve", detail));
    }
    let frame_size = n_samples.div_ceil(n_frames);
    if n_samples.div_ceil(frame_size) != n_frames {
        let detail = format!(
            "{n_frames} responses do not cut {n_samples} samples into whole frames of {frame_size}"
        );
        return Err(Error::config("fft_convolve.n_ir_frames", detail));
    }
    let fft_size = get_fft_size(frame_size, ir_size).max(2);
    let audio = pad(audio, 1, (0, n_frames * frame_size - n_samples));
    let frames: Tensor<3> = audio.reshape([n_batch, n_frames, frame_size]);
    let (a_re, a_im) = rfft(frames, fft_size);
    let (b_re, b_im) = rfft(impulse_response, fft_size);
    let re = a_re.clone() * b_re.clone() - a_im.clone() * b_im.clone();
    let im = a_re * b_im + a_im * b_re;
    let convolved = irfft(re, im, fft_size).narrow(2, 0, frame_size + ir_size - 1);
    let sum = overlap_add(convolved, frame_size);
    let size = match padding {
        Padding::Same => n_samples,
        Padding::Valid => n_samples + ir_size - 1,
    };
    let start = delay.samples(ir_size);
    let n_there = sum.dims()[1].saturating_sub(start).min(size);
    if n_there == 0 {
        return Ok(Tensor::zeros([n_batch, size], (&sum.device(), sum.dtype())));
    }
    Ok(pad(sum.narrow(1, start, n_there), 1, (0, size - n_there)))
}

/// Adds frames up, each one `hop_size` after the one before.
fn overlap_add(frames: Tensor<3>, hop_size: usize) -> Tensor<2> {
    let [n_batch, n_frames, frame_size] = frames.dims();
    let n_parts = frame_size.div_ceil(hop_size);
    let frames = pad(frames, 2, (0, n_parts * hop_size - frame_size));
    let part = |i: usize| {
        let part = frames.clone().narrow(2, i * hop_size, hop_size);
        pad(
            part.reshape([n_batch, n_frames * hop_size]),
            1,
            (i * hop_size, (n_parts - 1 - i) * hop_size),
        )
    };
    let first = part(0);
    (1..n_parts).fold(first, |sum, i| sum + part(i))
}
