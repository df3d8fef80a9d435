//! The matrix product of everything that streams.
//!
//! General matrix libraries allocate for each call, and sum in another order for one row than for
//! many, so live and offline bits would differ. Here each output is one chain of fused
//! multiply-adds over the inputs, in order, whatever the number of rows and the instruction set.

use pulp::{Simd, WithSimd};

use crate::real::Real;
use crate::simd::Isa;

/// Columns of a full panel: four vectors of the widest instruction set.
const WIDE: usize = 64;
/// Columns of the panels that hold the rest.
const NARROW: usize = 16;

/// A weight matrix `[n_in, n_out]` with its bias, packed in panels of columns for small-row products.
#[derive(Debug, Clone)]
pub struct PackedMatrix<R> {
    n_in: usize,
    n_out: usize,
    /// Panel by panel: the bias of its columns, then its columns of each input's row.
    panels: Vec<R>,
}

impl<R: Real> PackedMatrix<R> {
    /// Packs `weights` (`n_in × n_out`, row-major) and `bias` (`n_out` values).
    ///
    /// *Panics* if the lengths disagree.
    pub fn new(n_in: usize, n_out: usize, weights: &[R], bias: &[R]) -> Self {
        assert_eq!(weights.len(), n_in * n_out, "weights must be n_in x n_out");
        assert_eq!(bias.len(), n_out, "bias must be n_out");
        let mut panels = Vec::new();
        for (column, width) in panel_widths(n_out) {
            for row in std::iter::once(bias).chain(weights.chunks_exact(n_out.max(1))) {
                let columns = &row[column..n_out.min(column + width)];
                panels.extend_from_slice(columns);
                panels.resize(panels.len() + width - columns.len(), R::default());
            }
        }
        Self { n_in, n_out, panels }
    }

    /// The number of inputs of a row.
    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// The number of outputs of a row.
    pub fn n_out(&self) -> usize {
        self.n_out
    }

    /// `out = bias + rows * weights`, with `rows` `n_rows × n_in` and `out` `n_rows × n_out`.
    ///
    /// *Real time*: does not allocate. *Panics* if the lengths disagree.
    pub fn multiply(&self, isa: Isa, rows: &[R], out: &mut [R]) {
        debug_assert_eq!(rows.len() * self.n_out, out.len() * self.n_in);
        R::multiply(self, isa, rows, out);
    }

    /// The scalar twin of [`multiply_vectors`](PackedMatrix::multiply_vectors), for any real type.
    pub(crate) fn multiply_plainly(&self, rows: &[R], out: &mut [R]) {
        for (x, y) in rows.chunks_exact(self.n_in).zip(out.chunks_exact_mut(self.n_out)) {
            let mut rest = self.panels.as_slice();
            for (column, width) in panel_widths(self.n_out) {
                let (panel, after) = rest.split_at(width * (self.n_in + 1));
                rest = after;
                for (j, y) in y[column..].iter_mut().take(width).enumerate() {
                    let mut sum = panel[j];
                    for (k, &x) in x.iter().enumerate() {
                        sum = x.fused(panel[width * (k + 1) + j], sum);
                    }
                    *y = sum;
                }
            }
        }
    }
}

/// The first column and the width of each panel of a matrix of `n_out` columns.
fn panel_widths(n_out: usize) -> impl Iterator<Item = (usize, usize)> {
    let n_wide = n_out / WIDE;
    let n_narrow = (n_out - n_wide * WIDE).div_ceil(NARROW);
    let wide = (0..n_wide).map(|i| (i * WIDE, WIDE));
    wide.chain((0..n_narrow).map(move |i| (n_wide * WIDE + i * NARROW, NARROW)))
}

impl PackedMatrix<f32> {
    pub(crate) fn multiply_vectors(&self, isa: Isa, rows: &[f32], out: &mut [f32]) {
        isa.run_op(Multiply { matrix: self, rows, out });
    }
}

struct Multiply<'a> {
    matrix: &'a PackedMatrix<f32>,
    rows: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { matrix, rows, out } = self;
        let mut rest = matrix.panels.as_slice();
        for (column, width) in panel_widths(matrix.n_out) {
            let (panel, after) = rest.split_at(width * (matrix.n_in + 1));
            rest = after;
            let n_out = matrix.n_out;
            let used = width.min(n_out - column);
            let tile = Tile { simd, n_in: matrix.n_in, panel, width, used, n_out };
            tile.rows(column, rows, out);
        }
    }
}

/// One panel against some rows.
struct Tile<'a, S> {
    simd: S,
    n_in: usize,
    panel: &'a [f32],
    width: usize,
    /// Columns of the panel that are columns of the matrix; the others are padding.
    used: usize,
    n_out: usize,
}

impl<S: Simd> Tile<'_, S> {
    /// Registers hold at most 4 rows x 4 vectors where there are 32 of them, half of that elsewhere.
    #[inline(always)]
    fn rows(&self, column: usize, rows: &[f32], out: &mut [f32]) {
        let n_rows = rows.len() / self.n_in;
        let mut r = 0;
        while r < n_rows {
            let x = &rows[r * self.n_in..];
            let y = &mut out[r * self.n_out + column..];
            let many = n_rows - r >= 4;
            match (S::F32_LANES, self.width, many) {
                (16, WIDE, true) => self.block::<4, 4>(x, y),
                (16, WIDE, false) => self.block::<1, 4>(x, y),
                (8, WIDE, false) => self.block::<1, 8>(x, y),
                (8, _, true) => self.block::<4, 2>(x, y),
                (8, _, false) => self.block::<1, 2>(x, y),
                (4, _, true) => self.block::<4, 4>(x, y),
                (4, _, false) => self.block::<1, 4>(x, y),
                (_, _, true) => self.block::<4, 1>(x, y),
                (_, _, false) => self.block::<1, 1>(x, y),
            }
            r += if many { 4 } else { 1 };
        }
    }

    /// `M` rows against the whole panel, `V` vectors of columns at a time.
    #[inline(always)]
    fn block<const M: usize, const V: usize>(&self, rows: &[f32], out: &mut [f32]) {
        let simd = self.simd;
        let step = V * S::F32_LANES;
        let x: [&[f32]; M] = std::array::from_fn(|m| &rows[m * self.n_in..(m + 1) * self.n_in]);
        let mut first = 0;
        while first < self.width {
            let load = |k: usize| -> [S::f32s; V] {
                let at = k * self.width + first;
                let (vectors, _) = S::as_simd_f32s(&self.panel[at..at + step]);
                std::array::from_fn(|v| vectors[v])
            };
            let mut sums = [load(0); M];
            for k in 0..self.n_in {
                let weights = load(k + 1);
                for m in 0..M {
                    let x = simd.splat_f32s(x[m][k]);
                    for v in 0..V {
                        sums[m][v] = simd.mul_add_f32s(x, weights[v], sums[m][v]);
                    }
                }
            }
            for m in 0..M {
                let row = &mut out[m * self.n_out..];
                let mut block = [0.0_f32; WIDE];
                let (vectors, _) = S::as_mut_simd_f32s(&mut block[..step]);
                vectors.copy_from_slice(&sums[m]);
                let n = self.used.saturating_sub(first).min(step);
                row[first.min(self.used)..][..n].copy_from_slice(&block[..n]);
            }
            first += step;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::uniform;

    fn values(seed: u64, n: usize) -> Vec<f32> {
        (0..n as u64).map(|i| uniform(seed, i)).collect()
    }

    #[test]
    fn every_row_count_and_instruction_set_gives_the_bits_of_the_scalar_twin() {
        for (n_in, n_out) in [(1, 1), (3, 126), (128, 384), (65, 65), (640, 256), (7, 16), (5, 200)]
        {
            let m = PackedMatrix::new(n_in, n_out, &values(1, n_in * n_out), &values(2, n_out));
            let rows = values(3, 17 * n_in);
            let mut expected = vec![0.0; 17 * n_out];
            m.multiply_plainly(&rows, &mut expected);
            for isa in Isa::all() {
                for n_rows in 0..=17 {
                    let mut out = vec![f32::NAN; n_rows * n_out];
                    m.multiply(isa, &rows[..n_rows * n_in], &mut out);
                    assert_eq!(out, expected[..n_rows * n_out], "{isa:?} {n_rows} {n_in} {n_out}");
                }
            }
        }
    }

    #[test]
    fn the_product_is_the_formula() {
        let m = PackedMatrix::new(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[0.5, 0.0, -0.5]);
        let mut out = [0.0; 3];
        m.multiply(Isa::detect(), &[10.0, 100.0], &mut out);
        assert_eq!(out, [410.5, 520.0, 629.5]);
    }
}
