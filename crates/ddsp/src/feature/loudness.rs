//! Loudness: the A-weighted level of each frame.

use burn::tensor::Tensor;
use ddsp_core::Error;
use ddsp_core::feature::framing::Padding;
use ddsp_core::feature::loudness::{LoudnessConfig, a_weighting_db};

use crate::feature::{frames, power_spectrogram};
use crate::tensor::{pad, table};

/// The loudness in dB of each frame by Magenta 3.x's definition, or its power.
///
/// *Shapes*: `audio` `[batch, n_samples]`; returns `[batch, n_frames]`, as `padding` counts them.
///
/// *Errors*: the definition is another, or its `n_fft` no power of two; the clip has no frame.
///
/// *Reference*: Magenta 3.7's `spectral_ops.compute_loudness` and `compute_power`.
pub fn loudness_db(
    audio: Tensor<2>,
    sample_rate: u32,
    hop_size: usize,
    padding: Padding,
    config: &LoudnessConfig,
) -> Result<Tensor<2>, Error> {
    let (n_fft, range_db, ref_db) = match *config {
        LoudnessConfig::Magenta3 { n_fft, range_db, ref_db } if n_fft.is_power_of_two() => {
            (n_fft, range_db, ref_db)
        }
        LoudnessConfig::Power { frame_size, range_db, ref_db } => (frame_size, range_db, ref_db),
        _ => {
            let detail = format!(
                "expected magenta3 with n_fft a power of two, or power: other definitions have no \
                 differentiable form, found {config:?}"
            );
            return Err(Error::config("loudness", detail));
        }
    };
    let [n_batch, n_samples] = audio.dims();
    let n_frames = padding.n_frames(n_samples, n_fft, hop_size);
    if n_frames == 0 {
        let detail = format!("expected a frame of {n_fft} samples or more, found {n_samples}");
        return Err(Error::config("loudness.audio", detail));
    }
    let audio = pad(audio, 1, (padding.n_before(n_fft), 0));
    let frames = frames(audio, n_fft, hop_size, n_frames);
    let mean = if matches!(config, LoudnessConfig::Power { .. }) {
        frames.square().mean_dim(2)
    } else {
        let power = power_spectrogram(frames);
        let n_bins = n_fft / 2 + 1;
        let hz = |k: usize| k as f64 * f64::from(sample_rate) / n_fft as f64;
        let weights = (0..n_bins).map(|k| 10.0_f64.powf(a_weighting_db(hz(k)) / 10.0)).collect();
        let weighting = table(weights, [1, 1, n_bins], (&power.device(), power.dtype()));
        (power * weighting).mean_dim(2)
    };
    let mean: Tensor<2> = mean.reshape([n_batch, n_frames]);
    let floor = 10.0_f64.powf(-range_db / 10.0);
    let db = mean.clamp_min(floor).log() * (10.0 / std::f64::consts::LN_10) - ref_db;
    Ok(db.clamp_min(-range_db))
}
