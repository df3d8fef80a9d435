//! Short-time spectra.

use burn::signal::rfft;
use burn::tensor::Tensor;
use ddsp_core::feature::framing::hann_window;

use crate::math::safe_sqrt;
use crate::tensor::{indices, pad, table};

/// Cuts clips into `n_frames` overlapping frames; beyond their end there are zeros.
///
/// *Shapes*: `audio` `[batch, n_samples]`; returns `[batch, n_frames, frame_size]`.
pub fn frames(audio: Tensor<2>, frame_size: usize, hop_size: usize, n_frames: usize) -> Tensor<3> {
    let [n_batch, n_samples] = audio.dims();
    let n_hops = n_frames + frame_size.div_ceil(hop_size) - 1;
    let size = (n_hops * hop_size).max((n_frames - 1) * hop_size + frame_size);
    let audio = match size.checked_sub(n_samples) {
        Some(missing) => pad(audio, 1, (0, missing)),
        None => audio.narrow(1, 0, size),
    };
    if frame_size.is_multiple_of(hop_size) {
        let hops: Tensor<3> = audio.reshape([n_batch, n_hops, hop_size]);
        let later = |i: usize| hops.clone().narrow(1, i, n_frames);
        return Tensor::cat((0..frame_size / hop_size).map(later).collect(), 2);
    }
    let positions = (0..n_frames).flat_map(|i| (0..frame_size).map(move |n| i * hop_size + n));
    let device = audio.device();
    audio.select(1, indices(positions, &device)).reshape([n_batch, n_frames, frame_size])
}

/// The squared magnitudes of windowed frames; the transform has the next power of two.
///
/// *Shapes*: `frames` `[batch, n_frames, frame_size]`; returns `[batch, n_frames, n_bins]`.
pub fn power_spectrogram(frames: Tensor<3>) -> Tensor<3> {
    let frame_size = frames.dims()[2];
    let window =
        table(hann_window(frame_size), [1, 1, frame_size], (&frames.device(), frames.dtype()));
    let (re, im) = rfft(frames * window, 2, Some(frame_size.next_power_of_two()));
    re.square() + im.square()
}

/// The magnitudes of a short-time Fourier transform, whose gradient is 0 in silence.
///
/// *Shapes*: `audio` `[batch, n_samples]`; returns `[batch, n_frames, n_bins]`, where frames begin every
/// `size (1 - overlap)` samples, the last one within the clip or, without `pad_end`, ending within it.
///
/// *Reference*: Magenta's `spectral_ops.compute_mag`.
pub fn magnitudes(audio: Tensor<2>, size: usize, overlap: f64, pad_end: bool) -> Tensor<3> {
    let n_samples = audio.dims()[1];
    let hop_size = ((size as f64 * (1.0 - overlap)) as usize).max(1);
    let n_frames = match n_samples.checked_sub(size) {
        _ if pad_end => n_samples.div_ceil(hop_size),
        Some(rest) => rest / hop_size + 1,
        None => 0,
    };
    if n_frames == 0 {
        let shape = [audio.dims()[0], 0, size.next_power_of_two() / 2 + 1];
        return Tensor::zeros(shape, (&audio.device(), audio.dtype()));
    }
    safe_sqrt(power_spectrogram(frames(audio, size, hop_size, n_frames)))
}
