//! Products, dense layers, weights.

use ddsp::cpu::plain::{CpuOp, NormOp, View};
use gemm::Parallelism;

use super::{NORMS, PRODUCTS, ROWS, random};
use crate::{CHANNELS, Clock};

/// A matrix in memory, or its transpose.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    values: &'a [f32],
    strides: (isize, isize),
}

impl<'a> Matrix<'a> {
    pub(super) fn new(values: &'a [f32], n_columns: usize) -> Self {
        Self { values, strides: (n_columns as isize, 1) }
    }

    pub(super) fn transposed(self) -> Self {
        Self { strides: (self.strides.1, self.strides.0), ..self }
    }
}

/// `a b`, `[m, k]` and `[k, n]`.
#[allow(unsafe_code, reason = "the library of matrix products takes pointers")]
pub(super) fn product(m: usize, k: usize, n: usize, a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
    let mut out = vec![0.0_f32; m * n];
    assert_eq!((a.values.len(), b.values.len()), (m * k, k * n));
    // SAFETY: `out` is `[m, n]`, row by row, and the strides of `a` and `b` reach each of their `m k` and `k n` values.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.values.as_ptr(),
            a.strides.1,
            a.strides.0,
            b.values.as_ptr(),
            b.strides.1,
            b.strides.0,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::Rayon(0),
        );
    }
    out
}

/// A weight with its moments.
pub(super) struct Weight {
    pub(super) values: Vec<f32>,
    pub(super) gradient: Vec<f32>,
    moments: [Vec<f32>; 2],
}

impl Weight {
    pub(super) fn new(n: usize, scale: f32, seed: u64) -> Self {
        let zeros = || vec![0.0; n];
        Self {
            values: random(n, seed, -scale, scale),
            gradient: zeros(),
            moments: [zeros(), zeros()],
        }
    }

    pub(super) fn adam(&mut self, clip: f32) {
        let [mean, square] = &mut self.moments;
        let rows = self.values.iter_mut().zip(&self.gradient).zip(mean).zip(square);
        for (((x, g), mean), square) in rows {
            let g = g * clip;
            *mean = 0.9 * *mean + 0.1 * g;
            *square = 0.999 * *square + 0.001 * g * g;
            *x -= 3e-4 * *mean / (square.sqrt() + 1e-7);
        }
    }
}

/// A dense layer with its norm and activation.
pub(super) struct Fc {
    n_in: usize,
    kernel: Weight,
    bias: Weight,
    gamma: Weight,
    beta: Weight,
    input: Vec<f32>,
    products: Vec<f32>,
}

impl Fc {
    pub(super) fn new(n_in: usize, seed: u64) -> Self {
        let scale = 1.0 / (n_in as f32).sqrt();
        Self {
            n_in,
            kernel: Weight::new(n_in * CHANNELS, scale, seed),
            bias: Weight::new(CHANNELS, 0.1, seed + 1),
            gamma: Weight { values: vec![1.0; CHANNELS], ..Weight::new(CHANNELS, 0.0, 0) },
            beta: Weight::new(CHANNELS, 0.1, seed + 2),
            input: Vec::new(),
            products: Vec::new(),
        }
    }

    fn views(&self) -> [View<'_>; 4] {
        [
            View { shape: &[ROWS, CHANNELS], values: &self.products },
            View { shape: &[CHANNELS], values: &self.bias.values },
            View { shape: &[CHANNELS], values: &self.gamma.values },
            View { shape: &[1, CHANNELS], values: &self.beta.values },
        ]
    }

    pub(super) fn forward(&mut self, x: Vec<f32>, clock: &mut Clock) -> Vec<f32> {
        let kernel = Matrix::new(&self.kernel.values, CHANNELS);
        self.products = clock.time(PRODUCTS, || {
            product(ROWS, self.n_in, CHANNELS, Matrix::new(&x, self.n_in), kernel)
        });
        self.input = x;
        clock.time(NORMS, || NormOp.forward(self.views()).1)
    }

    pub(super) fn backward(
        &mut self,
        gradient: &[f32],
        needs_input: bool,
        clock: &mut Clock,
    ) -> Vec<f32> {
        let [d, d_bias, d_gamma, d_beta] =
            clock.time(NORMS, || NormOp.backward(self.views(), gradient));
        (self.bias.gradient, self.gamma.gradient, self.beta.gradient) = (d_bias, d_gamma, d_beta);
        let d = Matrix::new(&d, CHANNELS);
        self.kernel.gradient = clock.time(PRODUCTS, || {
            product(self.n_in, ROWS, CHANNELS, Matrix::new(&self.input, self.n_in).transposed(), d)
        });
        if !needs_input {
            return Vec::new();
        }
        let kernel = Matrix::new(&self.kernel.values, CHANNELS).transposed();
        clock.time(PRODUCTS, || product(ROWS, CHANNELS, self.n_in, d, kernel))
    }

    pub(super) fn weights(&mut self) -> [&mut Weight; 4] {
        [&mut self.kernel, &mut self.bias, &mut self.gamma, &mut self.beta]
    }
}
