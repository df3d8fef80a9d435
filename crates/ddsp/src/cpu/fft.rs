//! Real Fourier transforms, also in f64: burn's own on this machine computes f64 with the tables of f32.

use ddsp_core::fft::{Complex, RealFft};
use ddsp_core::real::Real;
use rayon::prelude::*;

use crate::cpu::op::{CpuOp, View};

/// Rows that a thread takes at a time.
const ROWS: usize = 64;

/// Rows `[n_rows, n]`, padded with zeros to `n_fft`, to `[n_rows, 2 n_bins]`: real parts, then imaginary parts. Or, as the inverse, the
/// latter to rows of `n_fft`.
#[derive(Debug)]
pub struct FftOp {
    /// The size.
    pub n_fft: usize,
    /// Whether it goes back.
    pub is_inverse: bool,
}

impl FftOp {
    /// Rows of `n` to packed spectra, all bins but the first and last times `inner`, all times `scale`.
    fn forward_rows<R: Real>(&self, x: &[R], n: usize, inner: f64, scale: f64) -> Vec<R> {
        let n_bins = self.n_fft / 2 + 1;
        let mut out = vec![R::default(); x.len() / n * 2 * n_bins];
        let chunks = out.par_chunks_mut(ROWS * 2 * n_bins).zip(x.par_chunks(ROWS * n));
        chunks.for_each(|(out, x)| {
            let mut fft = RealFft::<R>::new(self.n_fft);
            let mut time = vec![R::default(); self.n_fft];
            let mut bins = vec![Complex { re: R::default(), im: R::default() }; n_bins];
            let (edge, inner) = (R::narrow(scale), R::narrow(scale * inner));
            for (x, out) in x.chunks_exact(n).zip(out.chunks_exact_mut(2 * n_bins)) {
                time.fill(R::default());
                let n = n.min(self.n_fft);
                time[..n].copy_from_slice(&x[..n]);
                fft.forward(&mut time, &mut bins);
                let (re, im) = out.split_at_mut(n_bins);
                for (k, bin) in bins.iter().enumerate() {
                    let scale = if k == 0 || k + 1 == n_bins { edge } else { inner };
                    re[k] = bin.re * scale;
                    im[k] = bin.im * scale;
                }
            }
        });
        out
    }

    /// Packed spectra, all bins but the first and last times `inner`, to the first `n` samples of their unnormalised inverse.
    fn inverse_rows<R: Real>(&self, x: &[R], n: usize, inner: f64, scale: f64) -> Vec<R> {
        let n_bins = self.n_fft / 2 + 1;
        let mut out = vec![R::default(); x.len() / (2 * n_bins) * n];
        let chunks = out.par_chunks_mut(ROWS * n).zip(x.par_chunks(ROWS * 2 * n_bins));
        chunks.for_each(|(out, x)| {
            let mut fft = RealFft::<R>::new(self.n_fft);
            let mut time = vec![R::default(); self.n_fft];
            let mut bins = vec![Complex { re: R::default(), im: R::default() }; n_bins];
            let (edge, inner) = (R::narrow(scale), R::narrow(scale * inner));
            for (x, out) in x.chunks_exact(2 * n_bins).zip(out.chunks_exact_mut(n)) {
                let (re, im) = x.split_at(n_bins);
                for (k, bin) in bins.iter_mut().enumerate() {
                    let scale = if k == 0 || k + 1 == n_bins { edge } else { inner };
                    *bin = Complex { re: re[k] * scale, im: im[k] * scale };
                }
                fft.inverse_unnormalised(&mut bins, &mut time);
                let n = n.min(self.n_fft);
                out[..n].copy_from_slice(&time[..n]);
            }
        });
        out
    }

    fn apply<R: Real>(&self, x: View<'_, R>) -> (Vec<usize>, Vec<R>) {
        let [n_rows, n] = *x.shape else { unreachable!("two axes") };
        if self.is_inverse {
            let out = self.inverse_rows(x.values, self.n_fft, 1.0, 1.0 / self.n_fft as f64);
            return (vec![n_rows, self.n_fft], out);
        }
        (vec![n_rows, 2 * (self.n_fft / 2 + 1)], self.forward_rows(x.values, n, 1.0, 1.0))
    }

    fn adjoint<R: Real>(&self, x: View<'_, R>, gradient: &[R]) -> Vec<R> {
        if self.is_inverse {
            return self.forward_rows(gradient, self.n_fft, 2.0, 1.0 / self.n_fft as f64);
        }
        self.inverse_rows(gradient, x.shape[1], 0.5, 1.0)
    }
}

impl CpuOp for FftOp {
    fn forward(&self, [x, ..]: [View<'_>; 4]) -> (Vec<usize>, Vec<f32>) {
        self.apply(x)
    }

    fn backward(&self, [x, ..]: [View<'_>; 4], gradient: &[f32]) -> [Vec<f32>; 4] {
        [self.adjoint(x, gradient), Vec::new(), Vec::new(), Vec::new()]
    }

    fn forward_f64(&self, [x, ..]: [View<'_, f64>; 4]) -> (Vec<usize>, Vec<f64>) {
        self.apply(x)
    }

    fn backward_f64(&self, [x, ..]: [View<'_, f64>; 4], gradient: &[f64]) -> [Vec<f64>; 4] {
        [self.adjoint(x, gradient), Vec::new(), Vec::new(), Vec::new()]
    }
}
