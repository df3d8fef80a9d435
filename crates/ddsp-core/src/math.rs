//! Guarded arithmetic, soft limits, and what is done along one axis of an array.

use crate::real::Real;

/// What stands for a denominator of zero: quotients there are the numerator times 1e7.
pub const DIVIDE_EPS: f64 = 1e-7;
/// What stands for an argument of a logarithm that is not positive.
pub const LOG_EPS: f64 = 1e-5;

/// `value` in place of NaN.
///
/// *Reference*: Magenta's `core.nan_to_num`.
#[inline(always)]
pub fn nan_to_num<R: Real>(x: R, value: R) -> R {
    if x.partial_cmp(&x).is_none() { value } else { x }
}

/// A quotient in which `eps` stands for a denominator of zero; any other is taken as it is.
///
/// *Reference*: Magenta's `core.safe_divide`, whose default is [`DIVIDE_EPS`].
#[inline(always)]
pub fn safe_divide<R: Real>(numerator: R, denominator: R, eps: f64) -> R {
    let zero = denominator == R::default();
    numerator / if zero { R::narrow(eps) } else { denominator }
}

/// The natural logarithm in which `eps` stands for arguments of zero and below; small positive ones are
/// taken as they are.
///
/// *Reference*: Magenta 3.7's `core.safe_log`, whose default is [`LOG_EPS`].
#[inline(always)]
pub fn safe_log<R: Real>(x: R, eps: f64) -> R {
    if x <= R::default() { R::narrow(eps).ln() } else { x.ln() }
}

/// The logarithm to a base, guarded as [`safe_log`] and [`safe_divide`].
///
/// *Reference*: Magenta 3.7's `core.logb`.
#[inline(always)]
pub fn logb<R: Real>(x: R, base: f64, eps: f64) -> R {
    safe_divide(safe_log(x, eps), R::narrow(base.ln()), eps)
}

/// The decimal logarithm, guarded as [`safe_log`].
///
/// *Reference*: Magenta 3.7's `core.log10`.
#[inline(always)]
pub fn log10<R: Real>(x: R, eps: f64) -> R {
    logb(x, 10.0, eps)
}

/// Maps -1 to `min_x` and 1 to `max_x`, evenly in the logarithm.
///
/// *Reference*: Magenta's `core.log_scale`.
pub fn log_scale<R: Real>(x: R, min_x: f64, max_x: f64) -> R {
    let unit = (x.widen() + 1.0) / 2.0;
    R::narrow(((1.0 - unit) * min_x.ln() + unit * max_x.ln()).exp())
}

/// Limits softly to `[x_min, x_max]`: a difference of two softplus functions. 0 in the input, not
/// `x_min`, is where the lower bend lies.
///
/// *Reference*: Magenta's `core.soft_limit`.
#[inline(always)]
pub fn soft_limit<R: Real>(x: R, x_min: f64, x_max: f64) -> R {
    softplus(x) + R::narrow(x_min) - softplus(x - R::narrow(x_max - x_min))
}

/// `ln(1 + e^x)` without overflow.
#[inline(always)]
fn softplus<R: Real>(x: R) -> R {
    x.max(R::default()) + (R::narrow(1.0) + (-x.abs()).exp()).ln()
}

/// Pads one axis of an array with zeros, `padding` elements before and after.
///
/// *Shapes*: `x` has the shape `shape`, the last axis moving fastest.
///
/// *Panics* if `shape` has no such axis or is not that of `x`.
///
/// *Reference*: Magenta's `core.pad_axis`.
pub fn pad_axis<R: Real>(x: &[R], shape: &[usize], axis: usize, padding: (usize, usize)) -> Vec<R> {
    let [n_outer, n, n_inner] = around(x, shape, axis);
    let (before, after) = (padding.0 * n_inner, padding.1 * n_inner);
    let mut out = Vec::with_capacity(x.len() + n_outer * (before + after));
    for i in 0..n_outer {
        out.resize(out.len() + before, R::default());
        out.extend_from_slice(&x[i * n * n_inner..][..n * n_inner]);
        out.resize(out.len() + after, R::default());
    }
    out
}

/// The differences of neighbours along one axis, which becomes one shorter.
///
/// *Shapes*, *Panics*: as [`pad_axis`].
///
/// *Reference*: Magenta's `core.diff`.
pub fn diff<R: Real>(x: &[R], shape: &[usize], axis: usize) -> Vec<R> {
    let [_, n, n_inner] = around(x, shape, axis);
    let slabs = x.chunks((n * n_inner).max(1));
    slabs.flat_map(|s| s.iter().zip(&s[n_inner..]).map(|(&a, &b)| b - a)).collect()
}

/// The sizes of an array before, along and behind an axis.
fn around<R>(x: &[R], shape: &[usize], axis: usize) -> [usize; 3] {
    assert!(axis < shape.len(), "axis {axis} of {} axes", shape.len());
    assert_eq!(x.len(), shape.iter().product::<usize>(), "the array has the shape {shape:?}");
    let sizes = [&shape[..axis], &shape[axis..=axis], &shape[axis + 1..]];
    sizes.map(|sizes| sizes.iter().product())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_act_where_they_must_and_nowhere_else() {
        assert_eq!(nan_to_num(f32::NAN, 0.5), 0.5);
        assert_eq!(nan_to_num(f32::INFINITY, 0.5), f32::INFINITY);
        assert_eq!(safe_divide(3.0, 0.0, DIVIDE_EPS), 3.0 / 1e-7);
        assert_eq!(safe_divide(3.0, -2.0, DIVIDE_EPS), -1.5);
        assert_eq!(safe_log(-1.0, LOG_EPS), 1e-5_f64.ln());
        assert_eq!(safe_log(1e-9, LOG_EPS), 1e-9_f64.ln());
        assert!((logb(8.0_f32, 2.0, LOG_EPS) - 3.0).abs() < 1e-6);
        assert!((log10(1000.0_f64, LOG_EPS) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn limits_are_reached_softly() {
        assert!((log_scale(0.0_f64, 20.0, 2000.0) - 200.0).abs() < 1e-9);
        assert!((log_scale(-1.0_f64, 20.0, 2000.0) - 20.0).abs() < 1e-9);
        assert!((soft_limit(-40.0_f64, 20.0, 60.0) - 20.0).abs() < 1e-12);
        assert!((soft_limit(500.0_f64, 20.0, 60.0) - 60.0).abs() < 1e-12);
        assert!((soft_limit(20.0_f64, 20.0, 60.0) - 40.0).abs() < 1e-6);
        assert!(soft_limit(1e30_f32, 0.0, 1.0).is_finite());
    }

    #[test]
    fn an_axis_is_padded_and_differenced_alone() {
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 7.0];
        assert_eq!(pad_axis(&x, &[2, 3], 1, (1, 0)), [0.0, 1.0, 2.0, 3.0, 0.0, 4.0, 5.0, 7.0]);
        assert_eq!(pad_axis(&x[..2], &[1, 2], 0, (0, 1)), [1.0, 2.0, 0.0, 0.0]);
        assert_eq!(pad_axis::<f64>(&[], &[2, 0], 1, (1, 0)), [0.0, 0.0]);
        assert_eq!(diff(&x, &[2, 3], 0), [3.0, 3.0, 4.0]);
        assert_eq!(diff(&x, &[2, 3], 1), [1.0, 1.0, 1.0, 2.0]);
        assert!(diff(&x, &[6, 1], 1).is_empty());
    }
}
