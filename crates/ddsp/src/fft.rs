//! Real Fourier transforms along the last axis.

use burn::tensor::{DType, Tensor};

use crate::cpu::{self, FftOp};

/// Real and imaginary parts `[a, b, n_fft / 2 + 1]` of `x` `[a, b, n]`, padded with zeros.
pub(crate) fn rfft(x: Tensor<3>, n_fft: usize) -> (Tensor<3>, Tensor<3>) {
    if !uses_op(&x) {
        return burn::signal::rfft(x, 2, Some(n_fft));
    }
    let [a, b, n] = x.dims();
    let n_bins = n_fft / 2 + 1;
    let op = FftOp { n_fft, is_inverse: false };
    let both: Tensor<2> = cpu::apply_one(op, x.reshape([a * b, n]));
    let both: Tensor<3> = both.reshape([a, b, 2 * n_bins]);
    (both.clone().narrow(2, 0, n_bins), both.narrow(2, n_bins, n_bins))
}

/// The inverse, `[a, b, n_fft]`; imaginary parts of the first and last bin count as zero.
pub(crate) fn irfft(re: Tensor<3>, im: Tensor<3>, n_fft: usize) -> Tensor<3> {
    if !uses_op(&re) {
        return burn::signal::irfft(re, im, 2, Some(n_fft));
    }
    let [a, b, n_bins] = re.dims();
    let both = Tensor::cat(vec![re, im], 2).reshape([a * b, 2 * n_bins]);
    let out: Tensor<2> = cpu::apply_one(FftOp { n_fft, is_inverse: true }, both);
    out.reshape([a, b, n_fft])
}

fn uses_op(x: &Tensor<3>) -> bool {
    cpu::takes(x) || (x.dtype() == DType::F64 && cpu::is_here(x))
}
