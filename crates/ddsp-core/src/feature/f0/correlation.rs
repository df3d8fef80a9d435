//! The normalised autocorrelation of a windowed frame.

use std::f64::consts::TAU;

use super::decimate::dot;
use super::lag::HALF_TAPS;
use crate::fft::{Complex, RealFft};

/// Length of the Hann window in periods of the lowest frequency (Boersma 1993, section 3.3). At longer
/// lags too little of the window overlaps: where a note ends and another begins, the division by the
/// window's own autocorrelation would make a low pitch of the two.
const WINDOW_PERIODS: f64 = 3.0;

/// Boersma's autocorrelation of a frame, for lags up to the period of one lowest frequency.
pub(super) struct Correlation {
    max_lag: usize,
    window: Vec<f32>,
    window_sum: f32,
    window_power: f32,
    /// The window's autocorrelation at lag 0 over that at each lag.
    normalise: Vec<f32>,
    fft: RealFft,
    time: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    /// Element `i` holds lag `i - HALF_TAPS`.
    r: Vec<f32>,
}

impl Correlation {
    /// Prepares for audio of `rate` Hz and pitches from `min_hz` up.
    pub(super) fn new(rate: f64, min_hz: f64) -> Self {
        let window_size = (WINDOW_PERIODS * rate / min_hz) as usize | 1;
        let max_lag = (rate / min_hz).ceil() as usize;
        let n_lags = max_lag + HALF_TAPS + 2;
        let mut fft = RealFft::new(fft_size_for(window_size + n_lags));
        let hann = |i: usize| 0.5 - 0.5 * (TAU * (i as f64 + 0.5) / window_size as f64).cos();
        let window: Vec<f32> = (0..window_size).map(|i| hann(i) as f32).collect();
        let mut time = vec![0.0; fft.fft_size()];
        let mut spectrum = vec![Complex::default(); fft.n_bins()];
        time[..window_size].copy_from_slice(&window);
        autocorrelate(&mut fft, &mut time, &mut spectrum);
        Self {
            max_lag,
            window_sum: window.iter().sum(),
            window_power: dot(&window, &window),
            window,
            normalise: time[..n_lags].iter().map(|w| time[0] / w).collect(),
            fft,
            time,
            spectrum,
            r: vec![0.0; HALF_TAPS + n_lags],
        }
    }

    /// The window's length in samples, an odd number.
    pub(super) fn window_size(&self) -> usize {
        self.window.len()
    }

    /// The lag of the lowest frequency, in samples.
    pub(super) fn max_lag(&self) -> usize {
        self.max_lag
    }

    /// The result of the last `analyse`: element `i` holds lag `i - HALF_TAPS`, up to `HALF_TAPS + 1`
    /// beyond `max_lag`. Lag 0 is 1, or 0 if the frame is silent.
    pub(super) fn r(&self) -> &[f32] {
        &self.r
    }

    /// Correlates the frame at the middle of `samples` (equation 9) and returns its mean power.
    ///
    /// *Shapes*: `samples` has an odd length, `window_size` at least. *Real time*: does not allocate.
    pub(super) fn analyse(&mut self, samples: &[f32]) -> f32 {
        let n = self.window.len();
        let samples = &samples[(samples.len() - n) / 2..][..n];
        let mean = dot(samples, &self.window) / self.window_sum;
        for ((t, x), w) in self.time.iter_mut().zip(samples).zip(&self.window) {
            *t = (x - mean) * w;
        }
        self.time[n..].fill(0.0);
        autocorrelate(&mut self.fft, &mut self.time, &mut self.spectrum);
        let power = self.time[0];
        let scale = 1.0 / power.max(f32::MIN_POSITIVE);
        let lags = self.time.iter().zip(&self.normalise);
        for (r, (t, n)) in self.r[HALF_TAPS..].iter_mut().zip(lags) {
            *r = t * scale * n;
        }
        for i in 1..=HALF_TAPS {
            self.r[HALF_TAPS - i] = self.r[HALF_TAPS + i];
        }
        power / (self.fft.fft_size() as f32 * self.window_power)
    }
}

/// Replaces `time` by its circular autocorrelation, times the FFT size.
fn autocorrelate(fft: &mut RealFft, time: &mut [f32], spectrum: &mut [Complex<f32>]) {
    fft.forward(time, spectrum);
    for bin in spectrum.iter_mut() {
        *bin = Complex::new(bin.norm_sqr(), 0.0);
    }
    fft.inverse_unnormalised(spectrum, time);
}

/// The smallest size of at least `n` that is a power of two or three quarters of one.
fn fft_size_for(n: usize) -> usize {
    let power = n.next_power_of_two().max(8);
    if power / 4 * 3 >= n { power / 4 * 3 } else { power }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_correlates_as_a_cosine() {
        let rate = 16_000.0;
        let mut correlation = Correlation::new(rate, 50.0);
        let n = correlation.window_size();
        let samples: Vec<f32> =
            (0..n).map(|i| (TAU * 400.0 * i as f64 / rate).sin() as f32).collect();
        let power = correlation.analyse(&samples);
        assert!((power - 0.5).abs() < 1e-3, "power {power}");
        for lag in 0..=correlation.max_lag() {
            let expected = (TAU * 400.0 * lag as f64 / rate).cos() as f32;
            let actual = correlation.r()[HALF_TAPS + lag];
            assert!((actual - expected).abs() < 0.01, "lag {lag}: {actual}, not {expected}");
        }
    }

    #[test]
    fn silence_and_a_constant_correlate_to_nothing() {
        let mut correlation = Correlation::new(16_000.0, 50.0);
        let samples = vec![0.25; correlation.window_size()];
        assert!(correlation.analyse(&samples) < 1e-9);
        assert_eq!(correlation.analyse(&vec![0.0; samples.len()]), 0.0);
        assert!(correlation.r().iter().all(|&r| r == 0.0));
    }

    #[test]
    fn fft_sizes_suffice_without_waste() {
        assert_eq!([9, 12, 13, 1018, 1025, 1500].map(fft_size_for), [12, 12, 16, 1024, 1536, 1536]);
    }
}
