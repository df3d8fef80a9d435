//! Real FFTs: the only place that knows which FFT library is used.

use std::fmt;
use std::sync::Arc;

pub use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::real::Real;

/// A planned pair of real transforms of one size, with its own scratch: no allocation after `new`.
pub struct RealFft<R: Real = f32> {
    fft_size: usize,
    forward: Arc<dyn RealToComplex<R>>,
    inverse: Arc<dyn ComplexToReal<R>>,
    scratch: Vec<Complex<R>>,
}

impl<R: Real> RealFft<R> {
    /// Plans transforms of `fft_size` real values (`fft_size / 2 + 1` complex bins).
    ///
    /// *Panics* if `fft_size` is zero or odd.
    pub fn new(fft_size: usize) -> Self {
        assert!(fft_size > 0 && fft_size.is_multiple_of(2), "fft_size {fft_size} must be even");
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(fft_size);
        let inverse = planner.plan_fft_inverse(fft_size);
        let zero = Complex { re: R::default(), im: R::default() };
        let n = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self { fft_size, forward, inverse, scratch: vec![zero; n] }
    }

    /// The number of real values.
    pub fn fft_size(&self) -> usize {
        self.fft_size
    }

    /// The number of complex bins, `fft_size / 2 + 1`.
    pub fn n_bins(&self) -> usize {
        self.fft_size / 2 + 1
    }

    /// `spectrum[k] = sum_n time[n] exp(-2 pi i k n / fft_size)`. `time` is overwritten with rubbish.
    ///
    /// *Real time*: does not allocate. *Panics* if a slice has another length than planned.
    pub fn forward(&mut self, time: &mut [R], spectrum: &mut [Complex<R>]) {
        self.forward
            .process_with_scratch(time, spectrum, &mut self.scratch)
            .expect("the slices have the planned lengths");
    }

    /// The inverse of [`forward`](Self::forward) times `fft_size`; `spectrum` is overwritten with
    /// rubbish. The imaginary parts of the first and last bin are taken as zero.
    ///
    /// *Real time*: does not allocate. *Panics* if a slice has another length than planned.
    pub fn inverse_unnormalised(&mut self, spectrum: &mut [Complex<R>], time: &mut [R]) {
        spectrum[0].im = R::default();
        spectrum[self.fft_size / 2].im = R::default();
        self.inverse
            .process_with_scratch(spectrum, time, &mut self.scratch)
            .expect("the slices have the planned lengths");
    }
}

impl<R: Real> fmt::Debug for RealFft<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RealFft({})", self.fft_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_is_one_bin_and_comes_back() {
        let n = 48;
        let wave = |i: usize| (std::f32::consts::TAU * 5.0 * i as f32 / n as f32).cos();
        let mut time: Vec<f32> = (0..n).map(wave).collect();
        let mut fft = RealFft::<f32>::new(n);
        let mut bins = vec![Complex::default(); fft.n_bins()];
        fft.forward(&mut time, &mut bins);
        for (k, b) in bins.iter().enumerate() {
            let expected = if k == 5 { n as f32 / 2.0 } else { 0.0 };
            assert!((b.norm() - expected).abs() < 1e-4, "bin {k}: {b}");
        }
        fft.inverse_unnormalised(&mut bins, &mut time);
        for (i, x) in time.iter().enumerate() {
            assert!((x / n as f32 - wave(i)).abs() < 1e-6);
        }
    }
}
