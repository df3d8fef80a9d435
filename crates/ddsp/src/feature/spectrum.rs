//! Short-time spectra.

use burn::tensor::Tensor;
use ddsp_core::feature::framing::hann_window;
use ddsp_core::feature::spectrum::{MelConfig, StftConfig, mfcc_matrix};
use ddsp_core::math::LOG_EPS;

use crate::fft::rfft;
use crate::math::{safe_log, safe_sqrt};
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
    let (re, im) = rfft(frames * window, frame_size.next_power_of_two());
    re.square() + im.square()
}

/// The magnitudes of a short-time Fourier transform, whose gradient is 0 in silence.
///
/// *Shapes*: `audio` `[batch, n_samples]`; returns `[batch, n_frames, n_bins]`.
///
/// *Reference*: Magenta's `spectral_ops.compute_mag`.
pub fn magnitudes(audio: Tensor<2>, config: &StftConfig) -> Tensor<3> {
    let [n_batch, n_samples] = audio.dims();
    let n_frames = config.n_frames(n_samples);
    if n_frames == 0 {
        let shape = [n_batch, 0, config.n_bins()];
        return Tensor::zeros(shape, (&audio.device(), audio.dtype()));
    }
    safe_sqrt(power_spectrogram(frames(audio, config.size, config.hop_size(), n_frames)))
}

/// The logarithms of [`magnitudes`]; of silence, that of 1e-5 with a gradient of 0.
///
/// *Reference*: Magenta 3.7's `spectral_ops.compute_logmag`.
pub fn logmag(audio: Tensor<2>, config: &StftConfig) -> Tensor<3> {
    safe_log(magnitudes(audio, config), LOG_EPS)
}

/// The magnitudes in mel bands, `[batch, n_frames, n_bands]`.
///
/// *Reference*: Magenta's `spectral_ops.compute_mel`.
pub fn mel(audio: Tensor<2>, config: &StftConfig, bands: &MelConfig) -> Tensor<3> {
    let n_bins = config.n_bins();
    product(magnitudes(audio, config), bands.matrix(n_bins), n_bins)
}

/// Mel-frequency cepstral coefficients, `[batch, n_frames, n_coefficients]`.
///
/// *Reference*: Magenta's `spectral_ops.compute_mfcc`.
pub fn mfcc(
    audio: Tensor<2>,
    config: &StftConfig,
    bands: &MelConfig,
    n_coefficients: usize,
) -> Tensor<3> {
    let logmel = safe_log(mel(audio, config, bands), LOG_EPS);
    product(logmel, mfcc_matrix(bands.n_bands, n_coefficients), bands.n_bands)
}

/// Frames times a matrix of `n_in` rows.
fn product(x: Tensor<3>, matrix: Vec<f64>, n_in: usize) -> Tensor<3> {
    let [n_batch, n_frames, _] = x.dims();
    let n_out = matrix.len() / n_in;
    let matrix = table(matrix, [n_in, n_out], (&x.device(), x.dtype()));
    x.reshape([n_batch * n_frames, n_in]).matmul(matrix).reshape([n_batch, n_frames, n_out])
}
