//! Gated recurrent unit, as Keras computes it with `reset_after=True`.

use crate::error::Error;
use crate::model::Weights;
use crate::nn::matrix::PackedMatrix;
use crate::real::Real;
use crate::simd::{Isa, Kernel};

/// A streaming GRU: gate order z, r, h; the reset gate is applied after the recurrent product.
///
/// *Reference*: Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder", in
/// the variant of `tf.keras.layers.GRU`.
#[derive(Debug, Clone)]
pub struct Gru<R> {
    input: PackedMatrix<R>,
    recurrent: PackedMatrix<R>,
    state: Vec<R>,
    recurrent_gates: Vec<R>,
}

impl<R: Real> Gru<R> {
    /// Takes `{name}/kernel` `[n_in, 3 units]`, `{name}/recurrent_kernel` `[units, 3 units]` and
    /// `{name}/bias` `[2, 3 units]`.
    ///
    /// *Errors*: a weight is missing or has another shape.
    pub fn new(
        weights: &mut Weights,
        name: &str,
        n_in: usize,
        units: usize,
    ) -> Result<Self, Error> {
        let n_gates = 3 * units;
        let kernel = weights.take(&format!("{name}/kernel"), &[n_in, n_gates])?;
        let recurrent = weights.take(&format!("{name}/recurrent_kernel"), &[units, n_gates])?;
        let bias: Vec<R> = weights.take(&format!("{name}/bias"), &[2, n_gates])?;
        Ok(Self {
            input: PackedMatrix::new(n_in, n_gates, &kernel, &bias[..n_gates]),
            recurrent: PackedMatrix::new(units, n_gates, &recurrent, &bias[n_gates..]),
            state: vec![R::default(); units],
            recurrent_gates: vec![R::default(); n_gates],
        })
    }

    /// The number of units.
    pub fn units(&self) -> usize {
        self.state.len()
    }

    /// Sets the state to zero. *Real time*: does not allocate.
    pub fn reset(&mut self) {
        self.state.fill(R::default());
    }

    /// Runs over `rows` (`n_rows × n_in`) in order; the states go to `out` (`n_rows × units`).
    /// `gates` is scratch of `n_rows × 3 units`.
    ///
    /// *Real time*: does not allocate.
    pub fn process(&mut self, isa: Isa, rows: &[R], out: &mut [R], gates: &mut [R]) {
        let units = self.units();
        self.input.multiply(isa, rows, gates);
        for (gates, out) in gates.chunks_exact(3 * units).zip(out.chunks_exact_mut(units)) {
            self.recurrent.multiply(isa, &self.state, &mut self.recurrent_gates);
            isa.run(Step {
                input: gates,
                recurrent: &self.recurrent_gates,
                state: &mut self.state,
            });
            out.copy_from_slice(&self.state);
        }
    }
}

/// One time step, from the gates' two products to the next state.
struct Step<'a, R> {
    input: &'a [R],
    recurrent: &'a [R],
    state: &'a mut [R],
}

impl<R: Real> Kernel for Step<'_, R> {
    #[inline(always)]
    fn run(self) {
        let Self { input, recurrent, state } = self;
        let units = state.len();
        let (xz, input) = input.split_at(units);
        let (xr, xh) = input.split_at(units);
        let (hz, recurrent) = recurrent.split_at(units);
        let (hr, hh) = recurrent.split_at(units);
        let xh = &xh[..units];
        let hh = &hh[..units];
        for i in 0..units {
            let z = (xz[i] + hz[i]).sigmoid();
            let r = (xr[i] + hr[i]).sigmoid();
            let candidate = r.fused(hh[i], xh[i]).tanh();
            // z h + (1 - z) candidate, in one rounding less.
            state[i] = z.fused(state[i] - candidate, candidate);
        }
    }
}
