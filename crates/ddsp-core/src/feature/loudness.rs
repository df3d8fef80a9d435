//! Loudness: the A-weighted level of each frame.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::feature::framing::{Padding, hann_window};
use crate::feature::power::power_db;
use crate::fft::{Complex, RealFft};
use crate::real::Real;
use crate::resample::{ResampleMethod, resample};
use crate::scale::DecibelScale;

/// The definitions of loudness.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "definition", rename_all = "snake_case", deny_unknown_fields)]
pub enum LoudnessConfig {
    /// Magenta 3.x: decibels of the A-weighted power averaged over the bins of an STFT.
    Magenta3 {
        /// Window and transform size in samples.
        n_fft: usize,
        /// Where the scale ends: loudness is at least `-range_db`.
        range_db: f64,
        /// What is called 0 dB.
        ref_db: f64,
    },
    /// Magenta 1.x: the mean over the bins of an STFT of their A-weighted decibels, each of them at least
    /// `-range_db`. A frame begins at its sample.
    Magenta1 {
        /// Window and transform size in samples.
        n_fft: usize,
        /// Where the scale ends: loudness is at least `-range_db`.
        range_db: f64,
        /// What is called 0 dB.
        ref_db: f64,
    },
    /// Magenta's `pw_db`: the root mean square of a frame in decibels, without a weighting of frequencies.
    Power {
        /// Frame size in samples.
        frame_size: usize,
        /// Where the scale ends: loudness is at least `-range_db`.
        range_db: f64,
        /// What is called 0 dB.
        ref_db: f64,
    },
}

/// The numbers that every definition has.
struct Sizes {
    n_fft: usize,
    range_db: f64,
    ref_db: f64,
}

impl LoudnessConfig {
    /// Magenta 3.x with its default settings, which are those of 16 kHz.
    pub fn magenta_3() -> Self {
        Self::Magenta3 { n_fft: 512, range_db: 80.0, ref_db: 0.0 }
    }

    /// Magenta 1.x with its default settings, which are those of 16 kHz.
    pub fn magenta_1() -> Self {
        Self::Magenta1 { n_fft: 2048, range_db: 120.0, ref_db: 20.7 }
    }

    /// The name of the definition.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Magenta3 { .. } => "magenta3",
            Self::Magenta1 { .. } => "magenta1",
            Self::Power { .. } => "power",
        }
    }

    fn sizes(&self) -> Sizes {
        match *self {
            Self::Magenta3 { n_fft, range_db, ref_db }
            | Self::Magenta1 { n_fft, range_db, ref_db }
            | Self::Power { frame_size: n_fft, range_db, ref_db } => {
                Sizes { n_fft, range_db, ref_db }
            }
        }
    }

    /// Window and transform size, or frame size, in samples.
    pub fn n_fft(&self) -> usize {
        self.sizes().n_fft
    }

    /// What is called 0 dB.
    pub fn ref_db(&self) -> f64 {
        self.sizes().ref_db
    }

    /// Where the frames of the definition lie.
    pub fn padding(&self) -> Padding {
        match self {
            Self::Magenta3 { .. } | Self::Power { .. } => Padding::Center,
            Self::Magenta1 { .. } => Padding::Same,
        }
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        let Sizes { n_fft, range_db, ref_db } = self.sizes();
        if !(2..=65_536).contains(&n_fft) || n_fft % 2 != 0 {
            let detail = format!("expected an even size of 2 to 65536, found {n_fft}");
            return Err(Error::model("loudness.n_fft", detail));
        }
        if !(range_db > 0.0 && range_db <= 1000.0 && ref_db.abs() <= 1000.0) {
            let detail =
                format!("expected 0 to 1000 and -1000 to 1000, found {range_db}, {ref_db}");
            return Err(Error::model("loudness.range_db and ref_db", detail));
        }
        Ok(())
    }

    /// Maps loudness for a network: the bottom of the range to 0, 0 dB to 1.
    ///
    /// *Reference*: Magenta's `F0LoudnessPreprocessor`.
    pub fn scale(&self, loudness_db: f64) -> f64 {
        loudness_db / self.sizes().range_db + 1.0
    }

    /// The loudness that [`scale`](Self::scale) maps to this.
    pub fn unscale(&self, scaled: f64) -> f64 {
        (scaled - 1.0) * self.sizes().range_db
    }

    /// The lowest value.
    pub fn floor_db(&self) -> f64 {
        -self.sizes().range_db
    }
}

/// The power of silence before its logarithm is taken. *Reference*: `amplitude_to_db` of Magenta 1.0.2, whose
/// least amplitude is 1e-20.
const LEAST_POWER: f64 = 1e-40;

/// The loudness in dB of `n_frames` frames; outside the clip there are zeros. Full-scale music lies above
/// 0 dB. A whole-clip function.
///
/// *Reference*: `spectral_ops.compute_loudness` of Magenta 3.7 and of 1.0.2. There the former's mean is taken
/// before the logarithm, the latter's behind it.
pub fn loudness_db<R: Real>(
    audio: &[R],
    sample_rate: u32,
    hop_size: usize,
    n_frames: usize,
    padding: Padding,
    config: &LoudnessConfig,
) -> Vec<R> {
    let Sizes { n_fft, range_db, ref_db } = config.sizes();
    if let LoudnessConfig::Power { .. } = config {
        let scale = DecibelScale { ref_db, range_db };
        return power_db(audio, n_fft, hop_size, n_frames, padding, scale);
    }
    let mut fft = RealFft::<R>::new(n_fft);
    let window: Vec<R> = hann_window(n_fft).into_iter().map(R::narrow).collect();
    let weighting: Vec<R> = (0..fft.n_bins())
        .map(|k| k as f64 * f64::from(sample_rate) / n_fft as f64)
        .map(|hz| R::narrow(10.0_f64.powf(a_weighting_db(hz) / 10.0)))
        .collect();
    let mut frame = vec![R::default(); n_fft];
    let mut bins = vec![Complex { re: R::default(), im: R::default() }; fft.n_bins()];
    let floor = 10.0_f64.powf(-range_db / 10.0);
    (0..n_frames)
        .map(|i| {
            let start = (i * hop_size) as isize - padding.n_before(n_fft) as isize;
            for (n, (x, &w)) in frame.iter_mut().zip(&window).enumerate() {
                let at = usize::try_from(start + n as isize).ok().and_then(|at| audio.get(at));
                *x = at.map_or(R::default(), |&a| a * w);
            }
            fft.forward(&mut frame, &mut bins);
            let powers = bins.iter().zip(&weighting);
            let powers = powers.map(|(bin, &w)| (bin.re * bin.re + bin.im * bin.im, w));
            match config {
                LoudnessConfig::Magenta3 { .. } => {
                    let power = powers.fold(R::default(), |sum, (x, weight)| x.fused(weight, sum));
                    let mean = power.widen() / bins.len() as f64;
                    R::narrow((10.0 * mean.max(floor).log10() - ref_db).max(-range_db))
                }
                LoudnessConfig::Magenta1 { .. } => {
                    let db = |(x, weight): (R, R)| {
                        let weighted = x.widen().max(LEAST_POWER) * weight.widen();
                        (10.0 * weighted.log10() - ref_db).max(-range_db)
                    };
                    R::narrow(powers.map(db).sum::<f64>() / bins.len() as f64)
                }
                LoudnessConfig::Power { .. } => unreachable!("it has no spectrum"),
            }
        })
        .collect()
}

/// The loudness of `n_frames` frames as Magenta's `F0LoudnessPreprocessor` computes it anew from the audio
/// (`compute_loudness`): the frames of the whole clip, one more than there are hops, resampled to
/// `n_frames`. The time axis so drifts by up to a frame. A whole-clip function.
pub fn recomputed_loudness_db(
    audio: &[f32],
    sample_rate: u32,
    hop_size: usize,
    n_frames: usize,
    config: &LoudnessConfig,
) -> Result<Vec<f32>, Error> {
    let padding = config.padding();
    let n = padding.n_frames(audio.len(), config.n_fft(), hop_size);
    let frames = loudness_db(audio, sample_rate, hop_size, n, padding, config);
    resample(&frames, 1, n_frames, ResampleMethod::Linear, true)
}

/// The A-weighting curve in dB, at least -80.
///
/// *Reference*: IEC 61672-1, with the constants that librosa's `A_weighting` uses.
pub fn a_weighting_db(hz: f64) -> f64 {
    let f2 = hz * hz;
    let square = |x: f64| x * x;
    let numerator = square(12_194.217) * square(f2);
    let denominator = (f2 + square(20.598_997))
        * (f2 + square(12_194.217))
        * ((f2 + square(107.652_65)) * (f2 + square(737.862_23))).sqrt();
    (2.0 + 20.0 * (numerator / denominator).log10()).max(-80.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(audio: &[f64], n_frames: usize) -> Vec<f64> {
        let config = LoudnessConfig::magenta_3();
        loudness_db(audio, 16_000, 64, n_frames, Padding::Center, &config)
    }

    fn sine(hz: f64, amplitude: f64) -> Vec<f64> {
        (0..16_000)
            .map(|n| amplitude * (std::f64::consts::TAU * hz * n as f64 / 16_000.0).sin())
            .collect()
    }

    #[test]
    fn halving_costs_6_db_and_the_weighting_is_a() {
        let level = |hz, a| heard(&sine(hz, a), 250)[125];
        assert!((level(1000.0, 0.5) - level(1000.0, 0.25) - 6.0206).abs() < 1e-3);
        assert!(a_weighting_db(1000.0).abs() < 0.01);
        assert!((level(1000.0, 0.5) - level(125.0, 0.5) - 16.2).abs() < 0.5);
        assert_eq!(a_weighting_db(0.0), -80.0);
    }

    #[test]
    fn silence_and_an_empty_clip_are_at_the_floor() {
        assert_eq!(heard(&[0.0; 1000], 16), [-80.0; 16]);
        assert_eq!(heard(&[], 2), [-80.0; 2]);
    }
}
