//! The squashing of raw outputs to amplitudes.

use serde::{Deserialize, Serialize};

use crate::real::Real;
use crate::simd::{Isa, Kernel};

/// What squashes the raw outputs of a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleFn {
    /// [`exp_sigmoid`].
    #[default]
    ExpSigmoid,
    /// Nothing: the decoder gives controls.
    None,
}

impl ScaleFn {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Squashes a raw output to a positive amplitude: `2 sigmoid(x)^ln(10) + 1e-7`.
///
/// *Units and ranges*: any number in; (1e-7, 2 + 1e-7] out; 0 becomes 0.405.
///
/// *Reference*: Engel et al. 2020, eq. 5; Magenta's `core.exp_sigmoid` with its defaults.
#[inline(always)]
pub fn exp_sigmoid<R: Real>(x: R) -> R {
    exp_sigmoid_with(x, 10.0, 2.0, 1e-7)
}

/// `max_value sigmoid(x)^ln(exponent) + threshold`: far below 0 the result grows by `exponent` for each
/// step of x.
///
/// *Reference*: Magenta's `core.exp_sigmoid`.
#[inline(always)]
pub fn exp_sigmoid_with<R: Real>(x: R, exponent: f64, max_value: f64, threshold: f64) -> R {
    // sigmoid(x)^p = exp(-p ln(1 + e^-x)): one logarithm, no division, no power.
    let one = R::narrow(1.0);
    let log_sigmoid = -(one + (-x).exp()).ln();
    (R::narrow(exponent.ln()) * log_sigmoid).exp().fused(R::narrow(max_value), R::narrow(threshold))
}

/// [`exp_sigmoid`] made even: 1e-7 near 0, larger on both sides, steeper the larger `width`.
///
/// *Reference*: Magenta's `core.sym_exp_sigmoid`.
#[inline(always)]
pub fn sym_exp_sigmoid<R: Real>(x: R, width: f64) -> R {
    exp_sigmoid(R::narrow(width) * (x.abs() * R::narrow(0.5) - R::narrow(1.0)))
}

/// [`exp_sigmoid`] of each value plus `bias`, in place.
pub fn exp_sigmoid_all<R: Real>(isa: Isa, values: &mut [R], bias: R) {
    isa.run(ExpSigmoidAll { values, bias });
}

struct ExpSigmoidAll<'a, R> {
    values: &'a mut [R],
    bias: R,
}

impl<R: Real> Kernel for ExpSigmoidAll<'_, R> {
    #[inline(always)]
    fn run(self) {
        for x in self.values {
            *x = exp_sigmoid(*x + self.bias);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_sigmoid_is_the_formula_and_never_nan() {
        for i in -400..=400 {
            let x = f64::from(i) / 4.0;
            let exact = 2.0 * (1.0 / (1.0 + (-x).exp())).powf(10.0_f64.ln()) + 1e-7;
            assert!((exp_sigmoid(x) - exact).abs() <= 1e-12 * exact.max(1e-3), "{x}");
            let single = f64::from(exp_sigmoid(x as f32));
            assert!((single - exact).abs() <= 1e-6 * exact, "{x}: {single} {exact}");
        }
        assert_eq!(exp_sigmoid(-1e30_f32), 1e-7);
        assert_eq!(exp_sigmoid(1e30_f32), 2.0);
    }

    #[test]
    fn the_exponent_is_the_growth_of_a_step_and_the_ends_are_the_limits() {
        let y = |x| exp_sigmoid_with::<f64>(x, 3.0, 5.0, 0.0);
        assert!((y(-29.0) / y(-30.0) - 3.0).abs() < 1e-9);
        assert!((exp_sigmoid_with(50.0, 3.0, 5.0, 0.25) - 5.25_f64).abs() < 1e-12);
        assert!((exp_sigmoid_with(-1e9, 3.0, 5.0, 0.25) - 0.25_f64).abs() < 1e-12);
    }

    #[test]
    fn the_symmetrical_form_is_even_and_smallest_at_zero() {
        let y = |x| sym_exp_sigmoid::<f64>(x, 8.0);
        for i in 1..50 {
            let x = f64::from(i) / 10.0;
            assert_eq!(y(x), y(-x));
            assert!(y(x) > y(x - 0.1));
        }
        assert!(y(0.0) < 1e-6);
    }
}
