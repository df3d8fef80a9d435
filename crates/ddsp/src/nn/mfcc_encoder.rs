//! The encoder of timbre.

use burn::tensor::Tensor;
use ddsp_core::Error;
use ddsp_core::nn::MfccEncoderConfig;
use ddsp_core::nn::mfcc_encoder::N_MFCC;
use ddsp_core::resample::ResampleMethod;

use crate::feature::mfcc;
use crate::nn::{Norm, Parameters, dense, gru, normalize};
use crate::resample::resample;

/// The timbre code z in each of `n_frames` frames.
///
/// *Shapes*: `audio` `[batch, n_samples]`; returns `[batch, n_frames, z_dims]`. The weights are those of
/// [`MfccEncoderConfig::weight_shapes`].
///
/// *Errors*: `z_time_steps` is none of those known; those of [`resample`].
///
/// *Reference*: Engel et al. 2020, B.1; Magenta's `encoders.MfccTimeDistributedRnnEncoder`.
pub fn mfcc_encoder(
    config: &MfccEncoderConfig,
    audio: Tensor<2>,
    n_frames: usize,
    parameters: &Parameters,
) -> Result<Tensor<3>, Error> {
    let stft = config.stft().ok_or_else(|| {
        let found = format!("expected 63, 125, 250, 500 or 1000, found {}", config.z_time_steps);
        Error::config("encoder.z_time_steps", found)
    })?;
    let x = mfcc(audio, &stft, &config.mel(), N_MFCC);
    let one = |name: &str| parameters.get::<1>(&format!("z_encoder/{name}"));
    let x = normalize(x, Norm::Instance, one("normalize/scale"), one("normalize/shift"));
    let x = gru(x, None, parameters, "z_encoder/gru");
    let z = dense(x, parameters.get("z_encoder/dense_out/kernel"), one("dense_out/bias"));
    resample(z, n_frames, ResampleMethod::Linear, true)
}
