//! The multi-scale spectral loss.

use burn::tensor::Tensor;
use ddsp_core::Error;
use ddsp_core::feature::framing::Padding;
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::feature::spectrum::StftConfig;
use ddsp_core::math::LOG_EPS;
use serde::{Deserialize, Serialize};

use crate::cpu::{self, SpectralLossOp};
use crate::feature::{loudness_db, magnitudes};
use crate::loss::{LossType, mean_difference};
use crate::math::{diff, safe_log};

/// Sizes and weights of a [`spectral_loss`]; a term of weight 0 is not computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpectralLossConfig {
    /// Window sizes of the spectrograms.
    pub fft_sizes: Vec<usize>,
    /// How spectrograms are compared.
    pub loss_type: LossType,
    /// Weight of the magnitudes.
    pub mag_weight: f64,
    /// Weight of their changes from frame to frame.
    pub delta_time_weight: f64,
    /// Weight of their changes from bin to bin.
    pub delta_freq_weight: f64,
    /// Weight of their sums up to each bin.
    pub cumsum_freq_weight: f64,
    /// Weight of their logarithms.
    pub logmag_weight: f64,
    /// Weight of loudness in dB.
    pub loudness_weight: f64,
}

impl Default for SpectralLossConfig {
    /// *Reference*: the defaults of Magenta's `losses.SpectralLoss`.
    fn default() -> Self {
        Self {
            fft_sizes: vec![2048, 1024, 512, 256, 128, 64],
            loss_type: LossType::L1,
            mag_weight: 1.0,
            delta_time_weight: 0.0,
            delta_freq_weight: 0.0,
            cumsum_freq_weight: 0.0,
            logmag_weight: 0.0,
            loudness_weight: 0.0,
        }
    }
}

/// What a term looks at in a spectrogram.
type View = fn(Tensor<3>) -> Tensor<3>;

/// How far apart two clips are in their spectrograms at several resolutions, as `[1]`.
///
/// *Shapes*: `target_audio` and `audio` `[batch, n_samples]`. The target is data: no gradient passes to it.
///
/// *Errors*: those of [`loudness_db`] where loudness has a weight.
///
/// *Reference*: Engel et al. 2020, section 4.2; Magenta's `losses.SpectralLoss`. Loudness is that of 16 kHz at 250 frames a second,
/// whatever the rate, as there.
pub fn spectral_loss(
    config: &SpectralLossConfig,
    target_audio: Tensor<2>,
    audio: Tensor<2>,
) -> Result<Tensor<1>, Error> {
    if let Some(op) = SpectralLossOp::new(config).filter(|_| cpu::takes(&audio)) {
        return Ok(cpu::apply(op, audio, target_audio.detach(), None));
    }
    let (loss_type, target_audio) = (config.loss_type, target_audio.detach());
    let mut loss = Tensor::zeros([1], (&audio.device(), audio.dtype()));
    for &size in &config.fft_sizes {
        let stft = StftConfig::new(size);
        let target = magnitudes(target_audio.clone(), &stft);
        let value = magnitudes(audio.clone(), &stft);
        let terms: [(f64, View); 5] = [
            (config.mag_weight, |x| x),
            (config.delta_time_weight, |x| diff(x, 1)),
            (config.delta_freq_weight, |x| diff(x, 2)),
            (config.cumsum_freq_weight, |x| x.cumsum(2)),
            (config.logmag_weight, |x| safe_log(x, LOG_EPS)),
        ];
        for (weight, of) in terms.into_iter().filter(|(weight, _)| *weight > 0.0) {
            let difference = mean_difference(of(target.clone()), of(value.clone()), loss_type);
            loss = loss + difference * weight;
        }
    }
    if config.loudness_weight > 0.0 {
        let definition = LoudnessConfig::Magenta3 { n_fft: 2048, range_db: 80.0, ref_db: 0.0 };
        let loudness = |audio| loudness_db(audio, 16_000, 64, Padding::Center, &definition);
        let difference = mean_difference(loudness(target_audio)?, loudness(audio)?, loss_type);
        loss = loss + difference * config.loudness_weight;
    }
    Ok(loss)
}
