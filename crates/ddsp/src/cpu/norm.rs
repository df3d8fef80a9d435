//! What follows the product in a dense layer: bias, layer norm, leaky ReLU.

use ddsp_core::nn::dense::{LAYER_NORM_EPSILON, LEAKY_RELU_ALPHA};
use ddsp_core::simd::{Isa, Kernel};
use rayon::prelude::*;

use crate::cpu::op::{CpuOp, View};

/// Partial sums of a reduction.
const PARTIAL: usize = 16;
/// Rows that a thread takes at a time.
const ROWS: usize = 256;

/// Products `[n_rows, n]`, bias `[n]`, gamma `[n]` and beta `[1, n]` to activations `[n_rows, n]`.
#[derive(Debug)]
pub struct NormOp;

impl CpuOp for NormOp {
    fn forward(&self, [x, bias, gamma, beta]: [View<'_>; 4]) -> (Vec<usize>, Vec<f32>) {
        let n = bias.values.len();
        let mut out = vec![0.0; x.values.len()];
        let isa = Isa::detect();
        out.par_chunks_mut(ROWS * n).zip(x.values.par_chunks(ROWS * n)).for_each(|(out, x)| {
            let (bias, gamma, beta) = (bias.values, gamma.values, beta.values);
            isa.run(Forward { x, bias, gamma, beta, out });
        });
        (x.shape.to_vec(), out)
    }

    fn backward(&self, [x, bias, gamma, beta]: [View<'_>; 4], gradient: &[f32]) -> [Vec<f32>; 4] {
        let n = bias.values.len();
        let mut d_x = vec![0.0; x.values.len()];
        let isa = Isa::detect();
        let chunks = d_x.par_chunks_mut(ROWS * n).zip(x.values.par_chunks(ROWS * n));
        let sums: Vec<[Vec<f32>; 3]> = chunks
            .zip(gradient.par_chunks(ROWS * n))
            .map(|((d_x, x), gradient)| {
                let mut sums = [vec![0.0; n], vec![0.0; n], vec![0.0; n]];
                let (bias, gamma, beta) = (bias.values, gamma.values, beta.values);
                isa.run(Backward { x, bias, gamma, beta, gradient, d_x, sums: &mut sums });
                sums
            })
            .collect();
        // In order, whatever the threads.
        let mut total = [vec![0.0_f32; n], vec![0.0; n], vec![0.0; n]];
        for sums in sums {
            for (to, from) in total.iter_mut().zip(sums) {
                to.iter_mut().zip(from).for_each(|(to, x)| *to += x);
            }
        }
        let [d_bias, d_gamma, d_beta] = total;
        [d_x, d_bias, d_gamma, d_beta]
    }
}

/// The mean of `x + bias` and one over its deviation.
#[inline(always)]
fn moments(x: &[f32], bias: &[f32]) -> (f32, f32) {
    let n = x.len() as f32;
    let mean = sum(x, bias, |x, b| x + b) / n;
    let variance = sum(x, bias, |x, b| (x + b - mean) * (x + b - mean)) / n;
    (mean, 1.0 / (variance + LAYER_NORM_EPSILON as f32).sqrt())
}

#[inline(always)]
fn sum(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut partial = [0.0_f32; PARTIAL];
    let (a_parts, b_parts) = (a.chunks_exact(PARTIAL), b.chunks_exact(PARTIAL));
    let rest = a_parts.remainder().iter().zip(b_parts.remainder());
    for (s, (&a, &b)) in partial.iter_mut().zip(rest) {
        *s += f(a, b);
    }
    for (a, b) in a_parts.zip(b_parts) {
        for i in 0..PARTIAL {
            partial[i] += f(a[i], b[i]);
        }
    }
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            partial[i] += partial[i + half];
        }
    }
    partial[0]
}

struct Forward<'a> {
    x: &'a [f32],
    bias: &'a [f32],
    gamma: &'a [f32],
    beta: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { x, bias, gamma, beta, out } = self;
        let n = bias.len();
        let (gamma, beta) = (&gamma[..n], &beta[..n]);
        for (x, out) in x.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
            let (mean, gain) = moments(x, bias);
            for i in 0..n {
                let y = ((x[i] + bias[i] - mean) * gain).mul_add(gamma[i], beta[i]);
                out[i] = if y < 0.0 { y * LEAKY_RELU_ALPHA as f32 } else { y };
            }
        }
    }
}

struct Backward<'a> {
    x: &'a [f32],
    bias: &'a [f32],
    gamma: &'a [f32],
    beta: &'a [f32],
    gradient: &'a [f32],
    d_x: &'a mut [f32],
    /// By bias, gamma and beta.
    sums: &'a mut [Vec<f32>; 3],
}

impl Kernel for Backward<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { x, bias, gamma, beta, gradient, d_x, sums } = self;
        let n = bias.len();
        let (gamma, beta) = (&gamma[..n], &beta[..n]);
        let [d_bias, d_gamma, d_beta] = sums;
        let (d_bias, d_gamma, d_beta) = (&mut d_bias[..n], &mut d_gamma[..n], &mut d_beta[..n]);
        // The normalised row, and the gradient by it.
        let (mut unit, mut d_unit) = (vec![0.0_f32; n], vec![0.0_f32; n]);
        let rows = x.chunks_exact(n).zip(gradient.chunks_exact(n)).zip(d_x.chunks_exact_mut(n));
        for ((x, gradient), d_x) in rows {
            let (mean, gain) = moments(x, bias);
            for i in 0..n {
                unit[i] = (x[i] + bias[i] - mean) * gain;
                let y = unit[i].mul_add(gamma[i], beta[i]);
                let d = if y < 0.0 { gradient[i] * LEAKY_RELU_ALPHA as f32 } else { gradient[i] };
                d_gamma[i] = d.mul_add(unit[i], d_gamma[i]);
                d_beta[i] += d;
                d_unit[i] = d * gamma[i];
            }
            let mean_d = sum(&d_unit, &unit, |d, _| d) / n as f32;
            let mean_dot = sum(&d_unit, &unit, |d, u| d * u) / n as f32;
            for i in 0..n {
                d_x[i] = (d_unit[i] - mean_d - unit[i] * mean_dot) * gain;
                d_bias[i] += d_x[i];
            }
        }
    }
}
