//! The machine's peak in single precision: what a matrix library reaches on large matrices.

#![allow(unsafe_code, reason = "the library's only entry takes pointers")]

use gemm_common::Parallelism;

use super::fastest;

/// Rows, columns, depth.
const SIZES: [[usize; 3]; 3] = [[512, 512, 512], [1000, 1536, 1024], [2048, 2048, 2048]];

/// Prints the speed at each size and returns the best, in GFLOP/s.
pub(super) fn peak() -> f64 {
    let mut best: f64 = 0.0;
    for [m, n, k] in SIZES {
        let (a, b) = (vec![0.5; m * k], vec![0.25; k * n]);
        let mut product = vec![0.0; m * n];
        let seconds = fastest(|| multiply([m, n, k], &a, &b, &mut product));
        let gflop_s = 2e-9 * (m * n * k) as f64 / seconds;
        println!("sgemm {m:4} x {n:4} x {k:4} {gflop_s:10.1} GFLOP/s");
        best = best.max(gflop_s);
    }
    best
}

/// `product = a b` on this thread, all row-major.
fn multiply([m, n, k]: [usize; 3], a: &[f32], b: &[f32], product: &mut [f32]) {
    assert_eq!((a.len(), b.len(), product.len()), (m * k, k * n, m * n));
    let sgemm = gemm_f32::gemm::f32::get_gemm_fn();
    let (n_step, k_step) = (n as isize, k as isize);
    // The library is fastest where columns of the result are contiguous: it is given the transposed
    // product of the transposed factors.
    // SAFETY: the pointers cover `m x k`, `k x n` and `m x n` values with these strides, as asserted,
    // and the result is borrowed alone.
    unsafe {
        sgemm(
            n,
            m,
            k,
            product.as_mut_ptr(),
            n_step,
            1,
            false,
            b.as_ptr(),
            n_step,
            1,
            a.as_ptr(),
            k_step,
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_is_the_formula() {
        let mut product = [0.0; 4];
        multiply([2, 2, 3], &[1., 2., 3., 4., 5., 6.], &[1., 0., 0., 1., 2., 3.], &mut product);
        assert_eq!(product, [7.0, 11.0, 16.0, 23.0]);
    }
}
