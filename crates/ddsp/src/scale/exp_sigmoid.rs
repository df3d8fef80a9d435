//! The squashing of raw outputs to amplitudes.

use burn::tensor::Tensor;
use burn::tensor::activation::log_sigmoid;

/// Squashes a raw output to a positive amplitude: `2 sigmoid(x)^ln(10) + 1e-7`.
///
/// The gradient is finite for any x; where Magenta's is NaN, below about -87, it is 0.
///
/// *Reference*: Engel et al. 2020, eq. 5; Magenta's `core.exp_sigmoid` with its defaults.
pub fn exp_sigmoid<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    exp_sigmoid_with(x, 10.0, 2.0, 1e-7)
}

/// `max_value sigmoid(x)^ln(exponent) + threshold`.
///
/// *Reference*: Magenta's `core.exp_sigmoid`.
pub fn exp_sigmoid_with<const D: usize>(
    x: Tensor<D>,
    exponent: f64,
    max_value: f64,
    threshold: f64,
) -> Tensor<D> {
    (log_sigmoid(x) * exponent.ln()).exp() * max_value + threshold
}

/// [`exp_sigmoid`] made even: 1e-7 near 0, larger on both sides, steeper the larger `width`.
///
/// *Reference*: Magenta's `core.sym_exp_sigmoid`.
pub fn sym_exp_sigmoid<const D: usize>(x: Tensor<D>, width: f64) -> Tensor<D> {
    exp_sigmoid((x.abs() * 0.5 - 1.0) * width)
}
