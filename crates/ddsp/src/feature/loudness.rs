//! Loudness: the A-weighted level of each frame.

use burn::tensor::Tensor;
use ddsp_core::Error;
use ddsp_core::feature::framing::Padding;
use ddsp_core::feature::loudness::{LoudnessConfig, a_weighting_db};

use crate::feature::{frames, power_spectrogram};
use crate::tensor::{pad, table};

/// The loudness in dB of each frame by Magenta 3.x's definition.
///
/// *Shapes*: `audio` `[batch, n_samples]`; returns `[batch, n_frames]`, as `padding` counts them.
///
/// *Errors*: the definition is another, or its `n_fft` no power of two; the clip has no frame.
///
/// *Reference*: Magenta 3.7's `spectral_ops.compute_loudness`.
pub fn loudness_db(
    audio: Tensor<2>,
    sample_rate: u32,
    hop_size: usize,
    padding: Padding,
    config: &LoudnessConfig,
) -> Result<Tensor<2>, Error> {
    let LoudnessConfig::Magenta3 { n_fft, range_db, ref_db } = *config else {
        let detail = "expected magenta3; magenta1 has no differentiable form".to_owned();
        return Err(Error::config("loudness", detail));
    };
    let [n_batch, n_samples] = audio.dims();
    let n_frames = padding.n_frames(n_samples, n_fft, hop_size);
    if !n_fft.is_power_of_two() || n_frames == 0 {
        let detail = format!(
            "expected a power of two and a clip of one frame or more, found n_fft {n_fft} and \
             {n_samples} samples"
        );
        return Err(Error::config("loudness.n_fft", detail));
    }
    let audio = pad(audio, 1, (padding.n_before(n_fft), 0));
    let power = power_spectrogram(frames(audio, n_fft, hop_size, n_frames));
    let n_bins = n_fft / 2 + 1;
    let hz = |k: usize| k as f64 * f64::from(sample_rate) / n_fft as f64;
    let weights = (0..n_bins).map(|k| 10.0_f64.powf(a_weighting_db(hz(k)) / 10.0)).collect();
    let weighting = table(weights, [1, 1, n_bins], (&power.device(), power.dtype()));
    let mean: Tensor<2> = (power * weighting).mean_dim(2).reshape([n_batch, n_frames]);
    let floor = 10.0_f64.powf(-range_db / 10.0);
    let db = mean.clamp_min(floor).log() * (10.0 / std::f64::consts::LN_10) - ref_db;
    Ok(db.clamp_min(-range_db))
}
