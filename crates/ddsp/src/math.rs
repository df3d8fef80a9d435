//! Guarded arithmetic whose gradients are guarded, too.

use burn::tensor::Tensor;
use burn::tensor::activation::log_sigmoid;

/// A quotient in which `eps` stands for a denominator of zero.
///
/// *Reference*: Magenta's `core.safe_divide`.
pub fn safe_divide<const D: usize>(
    numerator: Tensor<D>,
    denominator: Tensor<D>,
    eps: f64,
) -> Tensor<D> {
    let is_zero = denominator.clone().equal_elem(0.0);
    numerator / denominator.mask_fill(is_zero, eps)
}

/// The natural logarithm in which `eps` stands for arguments of zero and below, with a gradient of 0 there.
///
/// *Reference*: Magenta 3.7's `core.safe_log`.
pub fn safe_log<const D: usize>(x: Tensor<D>, eps: f64) -> Tensor<D> {
    let is_not_positive = x.clone().lower_equal_elem(0.0);
    x.mask_fill(is_not_positive, eps).log()
}

/// The square root with a gradient of 0 at 0.
pub(crate) fn safe_sqrt<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let is_zero = x.clone().equal_elem(0.0);
    x.mask_fill(is_zero.clone(), 1.0).sqrt().mask_fill(is_zero, 0.0)
}

/// Limits softly to `[x_min, x_max]`: a difference of two softplus functions.
///
/// *Reference*: Magenta's `core.soft_limit`.
pub fn soft_limit<const D: usize>(x: Tensor<D>, x_min: f64, x_max: f64) -> Tensor<D> {
    let softplus = |x: Tensor<D>| -log_sigmoid(-x);
    softplus(x.clone()) + x_min - softplus(x - (x_max - x_min))
}

/// The differences of neighbours along an axis.
///
/// *Reference*: Magenta's `core.diff`.
pub fn diff<const D: usize>(x: Tensor<D>, axis: usize) -> Tensor<D> {
    let n = x.dims()[axis].saturating_sub(1);
    x.clone().narrow(axis, 1, n) - x.narrow(axis, 0, n)
}
