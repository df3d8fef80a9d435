//! Short-time spectra: magnitudes, mel bands, mel-frequency cepstral coefficients. Whole-clip functions.

use crate::feature::framing::hann_window;
use crate::fft::{Complex, RealFft};
use crate::math::{LOG_EPS, safe_log};
use crate::real::Real;
use crate::scale::hz_to_mel;

/// Frames of a short-time Fourier transform.
///
/// *Reference*: Magenta's `spectral_ops.stft`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StftConfig {
    /// Window size; the transform has the next power of two.
    pub size: usize,
    /// How much of a frame the next one shares, 0 to less than 1.
    pub overlap: f64,
    /// Whether a last frame may reach past the end, where there are zeros.
    pub pad_end: bool,
}

impl StftConfig {
    /// Frames of `size` samples that share three quarters, the last within the clip.
    pub fn new(size: usize) -> Self {
        Self { size, overlap: 0.75, pad_end: true }
    }

    /// Samples from frame to frame, 1 at least.
    pub fn hop_size(&self) -> usize {
        ((self.size as f64 * (1.0 - self.overlap)) as usize).max(1)
    }

    /// The number of frames of a clip.
    pub fn n_frames(&self, n_samples: usize) -> usize {
        match n_samples.checked_sub(self.size) {
            _ if self.pad_end => n_samples.div_ceil(self.hop_size()),
            Some(rest) => rest / self.hop_size() + 1,
            None => 0,
        }
    }

    /// The number of frequency bins.
    pub fn n_bins(&self) -> usize {
        self.size.next_power_of_two() / 2 + 1
    }
}

/// The magnitudes of a short-time Fourier transform under a periodic Hann window, `n_frames × n_bins`.
///
/// *Reference*: Magenta's `spectral_ops.compute_mag`.
pub fn magnitudes<R: Real>(audio: &[R], config: &StftConfig) -> Vec<R> {
    let mut fft = RealFft::<R>::new(config.size.next_power_of_two().max(2));
    let window: Vec<R> = hann_window(config.size).into_iter().map(R::narrow).collect();
    let mut frame = vec![R::default(); fft.fft_size()];
    let mut bins = vec![Complex { re: R::default(), im: R::default() }; fft.n_bins()];
    let mut out = Vec::with_capacity(config.n_frames(audio.len()) * fft.n_bins());
    for i in 0..config.n_frames(audio.len()) {
        let from = &audio[(i * config.hop_size()).min(audio.len())..];
        frame.fill(R::default());
        for ((x, &a), &w) in frame.iter_mut().zip(from).zip(&window) {
            *x = a * w;
        }
        fft.forward(&mut frame, &mut bins);
        out.extend(bins.iter().map(|bin| (bin.re * bin.re + bin.im * bin.im).sqrt()));
    }
    out
}

/// The logarithms of [`magnitudes`]; of silence, that of 1e-5.
///
/// *Reference*: Magenta 3.7's `spectral_ops.compute_logmag`.
pub fn logmag<R: Real>(audio: &[R], config: &StftConfig) -> Vec<R> {
    let magnitudes = magnitudes(audio, config);
    magnitudes.into_iter().map(|x| safe_log(x, LOG_EPS)).collect()
}

/// Triangular bands that are evenly spaced in mel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MelConfig {
    /// The lower edge of the first band.
    pub lo_hz: f64,
    /// The upper edge of the last band.
    pub hi_hz: f64,
    /// The number of bands.
    pub n_bands: usize,
    /// The rate of the audio.
    pub sample_rate: u32,
}

impl MelConfig {
    /// What each of `n_bins` magnitudes gives to each band, `n_bins × n_bands`; the constant gives nothing.
    ///
    /// *Reference*: TensorFlow's `tf.signal.linear_to_mel_weight_matrix`, with mel as in the HTK book.
    pub fn matrix(&self, n_bins: usize) -> Vec<f64> {
        let (lo, hi) = (hz_to_mel(self.lo_hz), hz_to_mel(self.hi_hz));
        let step = (hi - lo) / (self.n_bands + 1) as f64;
        let nyquist_hz = f64::from(self.sample_rate) / 2.0;
        let weight = |bin: usize, band: usize| {
            let mel = hz_to_mel(bin as f64 * nyquist_hz / (n_bins - 1) as f64);
            let lower = lo + band as f64 * step;
            ((mel - lower) / step).min((lower + 2.0 * step - mel) / step).max(0.0)
        };
        let row = |bin: usize| {
            (0..self.n_bands).map(move |band| if bin == 0 { 0.0 } else { weight(bin, band) })
        };
        (0..n_bins).flat_map(row).collect()
    }
}

/// The magnitudes in mel bands, `n_frames × n_bands`.
///
/// *Reference*: Magenta's `spectral_ops.compute_mel`.
pub fn mel<R: Real>(audio: &[R], stft: &StftConfig, mel: &MelConfig) -> Vec<R> {
    product(&magnitudes(audio, stft), &mel.matrix(stft.n_bins()), stft.n_bins())
}

/// What each of `n_bands` logarithms gives to each of `n_coefficients`, `n_bands × n_coefficients`: a discrete cosine transform.
///
/// *Reference*: TensorFlow's `tf.signal.mfccs_from_log_mel_spectrograms`, whose first coefficient is larger by the root of 2 than
/// an orthonormal transform's.
pub fn mfcc_matrix(n_bands: usize, n_coefficients: usize) -> Vec<f64> {
    let scale = (2.0 / n_bands as f64).sqrt();
    let weight = |n: usize, k: usize| {
        let turns = (k * (2 * n + 1)) as f64 / (4 * n_bands) as f64;
        scale * (std::f64::consts::TAU * turns).cos()
    };
    (0..n_bands).flat_map(|n| (0..n_coefficients).map(move |k| weight(n, k))).collect()
}

/// Mel-frequency cepstral coefficients, `n_frames × n_coefficients`.
///
/// *Reference*: Magenta's `spectral_ops.compute_mfcc`.
pub fn mfcc<R: Real>(
    audio: &[R],
    stft: &StftConfig,
    bands: &MelConfig,
    n_coefficients: usize,
) -> Vec<R> {
    let log = mel(audio, stft, bands).into_iter().map(|x| safe_log(x, LOG_EPS));
    let log: Vec<R> = log.collect();
    product(&log, &mfcc_matrix(bands.n_bands, n_coefficients), bands.n_bands)
}

/// Rows of `n_in` times a matrix.
fn product<R: Real>(rows: &[R], matrix: &[f64], n_in: usize) -> Vec<R> {
    let n_out = matrix.len() / n_in.max(1);
    let of_row = |row: &[R]| -> Vec<R> {
        let mut out = vec![R::default(); n_out];
        for (&x, weights) in row.iter().zip(matrix.chunks_exact(n_out.max(1))) {
            for (y, &w) in out.iter_mut().zip(weights) {
                *y = x.fused(R::narrow(w), *y);
            }
        }
        out
    };
    rows.chunks_exact(n_in.max(1)).flat_map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_stands_in_its_bin_and_its_band() {
        let hz = 1000.0;
        let sine = |n: usize| (std::f64::consts::TAU * hz * n as f64 / 16_000.0).sin();
        let audio: Vec<f64> = (0..4096).map(sine).collect();
        let stft = StftConfig::new(1024);
        let magnitudes = magnitudes(&audio, &stft);
        let row = &magnitudes[3 * stft.n_bins()..4 * stft.n_bins()];
        assert!((row[64] - 256.0).abs() < 1e-6, "half of a Hann window's sum: {}", row[64]);
        let bands = MelConfig { lo_hz: 0.0, hi_hz: 8000.0, n_bands: 40, sample_rate: 16_000 };
        let mel = mel(&audio, &stft, &bands);
        let row = &mel[3 * 40..4 * 40];
        let loudest = (0..40).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
        let centre = hz_to_mel(8000.0) * (loudest + 1) as f64 / 41.0;
        assert!((centre - hz_to_mel(hz)).abs() < hz_to_mel(8000.0) / 41.0);
    }

    #[test]
    fn silence_is_finite() {
        let bands = MelConfig { lo_hz: 20.0, hi_hz: 8000.0, n_bands: 128, sample_rate: 16_000 };
        let found = mfcc(&[0.0_f32; 3000], &StftConfig::new(1024), &bands, 30);
        assert!(found.len() == 12 * 30 && found.iter().all(|x| x.is_finite()));
    }
}
