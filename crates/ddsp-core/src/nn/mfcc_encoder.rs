//! The encoder of timbre: mel-frequency cepstral coefficients through a GRU to the code z.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::feature::spectrum::{MelConfig, StftConfig, mfcc};
use crate::model::Weights;
use crate::nn::dense::take_dense;
use crate::nn::gru::Gru;
use crate::nn::matrix::PackedMatrix;
use crate::real::Real;
use crate::resample::{ResampleMethod, resample};
use crate::simd::Isa;

/// Coefficients that the network hears.
pub const N_MFCC: usize = 30;
/// Added to the variance of a coefficient before the root.
pub const NORMALIZE_EPSILON: f64 = 1e-5;

/// Sizes of an [`MfccEncoder`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MfccEncoderConfig {
    /// Width of the recurrent layer.
    pub gru_units: usize,
    /// Numbers of the code.
    pub z_dims: usize,
    /// How many frames four seconds of 16 kHz have: 63, 125, 250, 500 or 1000.
    pub z_time_steps: usize,
}

impl MfccEncoderConfig {
    /// The frames of its spectra; none where `z_time_steps` is another number.
    pub fn stft(&self) -> Option<StftConfig> {
        let (size, overlap) = match self.z_time_steps {
            63 => (2048, 0.5),
            125 => (1024, 0.5),
            250 => (1024, 0.75),
            500 => (512, 0.75),
            1000 => (256, 0.75),
            _ => return None,
        };
        Some(StftConfig { size, overlap, pad_end: true })
    }

    /// The mel bands behind its coefficients. They are those of 16 kHz whatever the audio's rate, as in the reference.
    pub fn mel(&self) -> MelConfig {
        MelConfig { lo_hz: 20.0, hi_hz: 8000.0, n_bands: 128, sample_rate: 16_000 }
    }

    /// The name and shape of every weight that an encoder of these sizes takes.
    pub fn weight_shapes(&self) -> Vec<(String, Vec<usize>)> {
        let n_gates = 3 * self.gru_units;
        [
            ("normalize/scale", vec![N_MFCC]),
            ("normalize/shift", vec![N_MFCC]),
            ("gru/kernel", vec![N_MFCC, n_gates]),
            ("gru/recurrent_kernel", vec![self.gru_units, n_gates]),
            ("gru/bias", vec![2, n_gates]),
            ("dense_out/kernel", vec![self.gru_units, self.z_dims]),
            ("dense_out/bias", vec![self.z_dims]),
        ]
        .map(|(name, shape)| (format!("z_encoder/{name}"), shape))
        .into()
    }
}

/// Turns a clip into a code that changes slowly.
///
/// *Reference*: Engel et al. 2020, B.1; Magenta's `encoders.MfccTimeDistributedRnnEncoder`.
#[derive(Debug, Clone)]
pub struct MfccEncoder<R> {
    stft: StftConfig,
    mel: MelConfig,
    scale: Vec<R>,
    shift: Vec<R>,
    gru: Gru<R>,
    dense_out: PackedMatrix<R>,
}

impl<R: Real> MfccEncoder<R> {
    /// Takes the weights of [`MfccEncoderConfig::weight_shapes`].
    ///
    /// *Errors*: `z_time_steps` is none of those known; a weight is missing or has another shape.
    pub fn new(config: &MfccEncoderConfig, weights: &mut Weights) -> Result<Self, Error> {
        let stft = config.stft().ok_or_else(|| {
            let detail =
                format!("expected 63, 125, 250, 500 or 1000, found {}", config.z_time_steps);
            Error::model("encoder.z_time_steps", detail)
        })?;
        Ok(Self {
            stft,
            mel: config.mel(),
            scale: weights.take("z_encoder/normalize/scale", &[N_MFCC])?,
            shift: weights.take("z_encoder/normalize/shift", &[N_MFCC])?,
            gru: Gru::new(weights, "z_encoder/gru", N_MFCC, config.gru_units)?,
            dense_out: take_dense(weights, "z_encoder/dense_out", config.gru_units, config.z_dims)?,
        })
    }

    /// The code in each of `n_frames` frames, `n_frames × z_dims`. A whole-clip function: each coefficient is normalised over the
    /// clip.
    ///
    /// *Errors*: those of [`resample`]; there is no audio.
    pub fn z(&mut self, audio: &[R], n_frames: usize) -> Result<Vec<R>, Error> {
        let mut x = mfcc(audio, &self.stft, &self.mel, N_MFCC);
        let n_steps = x.len() / N_MFCC;
        let n = R::narrow(n_steps.max(1) as f64);
        for i in 0..N_MFCC {
            let sum = |f: &dyn Fn(R) -> R| {
                x.iter().skip(i).step_by(N_MFCC).fold(R::default(), |sum, &x| sum + f(x))
            };
            let mean = sum(&|x| x) / n;
            let variance = sum(&|x| (x - mean) * (x - mean)) / n;
            let gain = self.scale[i] / (variance + R::narrow(NORMALIZE_EPSILON)).sqrt();
            for x in x.iter_mut().skip(i).step_by(N_MFCC) {
                *x = (*x - mean) * gain + self.shift[i];
            }
        }
        let units = self.gru.units();
        let (mut states, mut gates) =
            (vec![R::default(); n_steps * units], vec![R::default(); n_steps * 3 * units]);
        let isa = Isa::detect();
        self.gru.reset();
        self.gru.process(isa, &x, &mut states, &mut gates);
        let mut z = vec![R::default(); n_steps * self.dense_out.n_out()];
        self.dense_out.multiply(isa, &states, &mut z);
        resample(&z, self.dense_out.n_out(), n_frames, ResampleMethod::Linear, true)
    }
}
