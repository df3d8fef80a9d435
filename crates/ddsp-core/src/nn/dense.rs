//! Dense layers, and the (dense, layer norm, leaky ReLU) block that Magenta calls `Fc`.

use crate::error::Error;
use crate::model::Weights;
use crate::nn::matrix::PackedMatrix;
use crate::real::Real;
use crate::simd::{Isa, Kernel, sum};

/// Added to the variance before the root; Keras' default.
pub const LAYER_NORM_EPSILON: f64 = 1e-3;
/// The slope of negative inputs; TensorFlow's default (Keras' is 0.3).
pub const LEAKY_RELU_ALPHA: f64 = 0.2;

/// Takes `{name}/kernel` `[n_in, n_out]` and `{name}/bias` `[n_out]` as one packed matrix.
pub(crate) fn take_dense<R: Real>(
    weights: &mut Weights,
    name: &str,
    n_in: usize,
    n_out: usize,
) -> Result<PackedMatrix<R>, Error> {
    let kernel = weights.take(&format!("{name}/kernel"), &[n_in, n_out])?;
    let bias = weights.take(&format!("{name}/bias"), &[n_out])?;
    Ok(PackedMatrix::new(n_in, n_out, &kernel, &bias))
}

/// Layer normalisation over the channels of each row, then leaky ReLU.
///
/// *Reference*: Ba, Kiros and Hinton 2016, "Layer normalization", eq. 4.
#[derive(Debug, Clone)]
struct LayerNorm<R> {
    gamma: Vec<R>,
    beta: Vec<R>,
}

impl<R: Real> LayerNorm<R> {
    #[inline(always)]
    fn normalise_and_activate(&self, row: &mut [R]) {
        let n = R::narrow(row.len() as f64);
        let mean = sum(row, |x| x) / n;
        let variance = sum(row, |x| (x - mean) * (x - mean)) / n;
        let scale = R::narrow(1.0) / (variance + R::narrow(LAYER_NORM_EPSILON)).sqrt();
        let alpha = R::narrow(LEAKY_RELU_ALPHA);
        for ((x, &gamma), &beta) in row.iter_mut().zip(&self.gamma).zip(&self.beta) {
            let y = ((*x - mean) * scale).fused(gamma, beta);
            *x = y.max(alpha * y);
        }
    }
}

struct NormaliseAndActivate<'a, R> {
    norm: &'a LayerNorm<R>,
    rows: &'a mut [R],
}

impl<R: Real> Kernel for NormaliseAndActivate<'_, R> {
    #[inline(always)]
    fn run(self) {
        for row in self.rows.chunks_exact_mut(self.norm.gamma.len()) {
            self.norm.normalise_and_activate(row);
        }
    }
}

/// A stack of (dense, layer norm, leaky ReLU) blocks: Magenta's `nn.FcStack`.
#[derive(Debug, Clone)]
pub struct FcStack<R> {
    layers: Vec<(PackedMatrix<R>, LayerNorm<R>)>,
}

impl<R: Real> FcStack<R> {
    /// Takes the weights `{name}/{i}/dense/...` and `{name}/{i}/layer_norm/...`.
    ///
    /// *Errors*: a weight is missing or has another shape.
    pub fn new(
        weights: &mut Weights,
        name: &str,
        n_in: usize,
        channels: usize,
        n_layers: usize,
    ) -> Result<Self, Error> {
        let mut layers = Vec::with_capacity(n_layers);
        for i in 0..n_layers {
            let n_in = if i == 0 { n_in } else { channels };
            let dense = take_dense(weights, &format!("{name}/{i}/dense"), n_in, channels)?;
            let norm = LayerNorm {
                gamma: weights.take(&format!("{name}/{i}/layer_norm/gamma"), &[channels])?,
                beta: weights.take(&format!("{name}/{i}/layer_norm/beta"), &[channels])?,
            };
            layers.push((dense, norm));
        }
        Ok(Self { layers })
    }

    /// Runs the stack on `rows` (`n_rows × n_in`) into `out` (`n_rows × channels`), with `scratch`
    /// as large as `out`.
    ///
    /// *Real time*: does not allocate.
    pub fn process(&self, isa: Isa, rows: &[R], out: &mut [R], scratch: &mut [R]) {
        // Layers alternate between the two buffers so that the last one lands in `out`.
        let mut into_out = self.layers.len() % 2 == 1;
        for (i, (dense, norm)) in self.layers.iter().enumerate() {
            let (from, to) = if into_out { (&*scratch, &mut *out) } else { (&*out, &mut *scratch) };
            dense.multiply(isa, if i == 0 { rows } else { from }, to);
            isa.run(NormaliseAndActivate { norm, rows: to });
            into_out = !into_out;
        }
    }
}
