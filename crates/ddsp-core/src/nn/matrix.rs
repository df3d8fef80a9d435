//! The matrix product of everything that streams.
//!
//! General matrix libraries allocate for each call, and sum in another order for one row than for
//! many, so live and offline bits would differ. Here each output is a sum of short chains of fused
//! multiply-adds over the inputs, in order, whatever the number of rows and the instruction set.

use std::borrow::Cow;

use pulp::{Simd, WithSimd};

use crate::nn::half::{Weight, widen};
use crate::real::Real;
use crate::simd::Isa;

/// Inputs of one chain of fused multiply-adds; chains are added up, and the bias comes last. A single
/// chain would round at the size of the whole sum at every step, where large products cancel.
const CHAIN: usize = 64;
/// Columns of a full panel: four vectors of the widest instruction set.
const WIDE: usize = 64;
/// Columns of the panels that hold the rest.
const NARROW: usize = 16;

/// A weight matrix `[n_in, n_out]` with its bias, packed in panels of columns for small-row products.
#[derive(Debug, Clone)]
pub struct PackedMatrix<R> {
    n_in: usize,
    n_out: usize,
    panels: Panels<R>,
}

/// Panel by panel: the bias of its columns, then its columns of each input's row.
///
/// Numbers that fit f16 without a change are kept so where the machine widens them in one step: few
/// rows are bound by reading the weights, and the bits are the same.
#[derive(Debug, Clone)]
enum Panels<R> {
    Full(Vec<R>),
    Half(Vec<u16>),
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
        let mut matrix = Self { n_in, n_out, panels: Panels::Full(panels) };
        if Isa::detect().widens_f16() {
            matrix.halve();
        }
        matrix
    }

    /// Keeps the numbers as f16 if every one of them fits.
    fn halve(&mut self) {
        if let Panels::Full(panels) = &self.panels
            && let Some(halves) = R::halves(panels)
        {
            self.panels = Panels::Half(halves);
        }
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
        let panels = match &self.panels {
            Panels::Full(panels) => Cow::Borrowed(panels),
            Panels::Half(panels) => {
                Cow::Owned(panels.iter().map(|&x| R::narrow(f64::from(widen(x)))).collect())
            }
        };
        for (x, y) in rows.chunks_exact(self.n_in).zip(out.chunks_exact_mut(self.n_out)) {
            let mut rest = panels.as_slice();
            for (column, width) in panel_widths(self.n_out) {
                let (panel, after) = rest.split_at(width * (self.n_in + 1));
                rest = after;
                for (j, y) in y[column..].iter_mut().take(width).enumerate() {
                    let mut sum = R::default();
                    for (block, x) in x.chunks(CHAIN).enumerate() {
                        let mut chain = R::default();
                        for (k, &x) in x.iter().enumerate() {
                            let row = 1 + block * CHAIN + k;
                            chain = x.fused(panel[width * row + j], chain);
                        }
                        sum += chain;
                    }
                    *y = sum + panel[j];
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
        let (n_in, n_out) = (self.n_in, self.n_out);
        match &self.panels {
            Panels::Full(panels) => isa.run_op(Multiply { n_in, n_out, panels, rows, out }),
            Panels::Half(panels) => isa.run_op(Multiply { n_in, n_out, panels, rows, out }),
        }
    }
}

struct Multiply<'a, W> {
    n_in: usize,
    n_out: usize,
    panels: &'a [W],
    rows: &'a [f32],
    out: &'a mut [f32],
}

impl<W: Weight> WithSimd for Multiply<'_, W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { n_in, n_out, panels, rows, out } = self;
        let mut rest = panels;
        for (column, width) in panel_widths(n_out) {
            let (panel, after) = rest.split_at(width * (n_in + 1));
            rest = after;
            let used = width.min(n_out - column);
            let tile = Tile { simd, n_in, panel, width, used, n_out };
            tile.rows(column, rows, out);
        }
    }
}

/// One panel against some rows.
struct Tile<'a, S, W> {
    simd: S,
    n_in: usize,
    panel: &'a [W],
    width: usize,
    /// Columns of the panel that are columns of the matrix; the others are padding.
    used: usize,
    n_out: usize,
}

impl<S: Simd, T: Weight> Tile<'_, S, T> {
    /// Rows go in tiles whose sums fill the registers: 32 vectors, or 16 where a vector has 8 lanes.
    #[inline(always)]
    fn rows(&self, column: usize, rows: &[f32], out: &mut [f32]) {
        let n_rows = rows.len() / self.n_in;
        let mut r = 0;
        while r < n_rows {
            let x = &rows[r * self.n_in..];
            let y = &mut out[r * self.n_out + column..];
            r += match (S::F32_LANES, self.width, n_rows - r) {
                (16, WIDE, 4..) => self.tile::<4, 4, WIDE>(x, y),
                (16, WIDE, 3) => self.tile::<3, 4, WIDE>(x, y),
                (16, WIDE, 2) => self.tile::<2, 4, WIDE>(x, y),
                (16, WIDE, _) => self.tile::<1, 4, WIDE>(x, y),
                (16, _, 8..) => self.tile::<8, 1, NARROW>(x, y),
                (8, WIDE, 6..) => self.tile::<6, 2, WIDE>(x, y),
                (8, WIDE, 4..) => self.tile::<4, 2, WIDE>(x, y),
                (8, WIDE, 2..) => self.tile::<2, 4, WIDE>(x, y),
                (8, WIDE, _) => self.tile::<1, 8, WIDE>(x, y),
                (8, _, 4..) => self.tile::<4, 2, NARROW>(x, y),
                (8, _, _) => self.tile::<1, 2, NARROW>(x, y),
                (4, WIDE, 4..) => self.tile::<4, 4, WIDE>(x, y),
                (4, WIDE, _) => self.tile::<1, 8, WIDE>(x, y),
                (4, _, 4..) => self.tile::<4, 4, NARROW>(x, y),
                (4, _, _) => self.tile::<1, 4, NARROW>(x, y),
                (_, WIDE, 4..) => self.tile::<4, 1, WIDE>(x, y),
                (_, WIDE, _) => self.tile::<1, 1, WIDE>(x, y),
                (_, _, 4..) => self.tile::<4, 1, NARROW>(x, y),
                (_, _, _) => self.tile::<1, 1, NARROW>(x, y),
            };
        }
    }

    /// `M` rows against a panel of `W` columns, `V` vectors of columns at a time; returns `M`.
    #[inline(always)]
    fn tile<const M: usize, const V: usize, const W: usize>(
        &self,
        rows: &[f32],
        out: &mut [f32],
    ) -> usize {
        let simd = self.simd;
        let step = V * S::F32_LANES;
        let x: [&[f32]; M] = std::array::from_fn(|m| &rows[m * self.n_in..(m + 1) * self.n_in]);
        let (bias, weights) = self.panel.split_at(W);
        for first in (0..W).step_by(step) {
            let bias = &bias[first..first + step];
            let zeros = [[simd.splat_f32s(0.0); V]; M];
            let mut sums = zeros;
            for (block, weights) in weights.chunks(W * CHAIN).enumerate() {
                let n = weights.len() / W;
                let x: [&[f32]; M] = std::array::from_fn(|m| &x[m][block * CHAIN..][..n]);
                let mut chain = zeros;
                for (k, row) in weights.chunks_exact(W).enumerate() {
                    let row = &row[first..first + step];
                    let mut weights = [simd.splat_f32s(0.0); V];
                    for v in 0..V {
                        weights[v] = T::load(simd, &row[v * S::F32_LANES..]);
                    }
                    for m in 0..M {
                        let x = simd.splat_f32s(x[m][k]);
                        for v in 0..V {
                            chain[m][v] = simd.mul_add_f32s(x, weights[v], chain[m][v]);
                        }
                    }
                }
                for m in 0..M {
                    for v in 0..V {
                        sums[m][v] = simd.add_f32s(sums[m][v], chain[m][v]);
                    }
                }
            }
            let n_used = self.used.saturating_sub(first).min(step);
            for m in 0..M {
                let mut block = [0.0_f32; WIDE];
                let (vectors, _) = S::as_mut_simd_f32s(&mut block[..step]);
                for v in 0..V {
                    let bias = T::load(simd, &bias[v * S::F32_LANES..]);
                    vectors[v] = simd.add_f32s(sums[m][v], bias);
                }
                out[m * self.n_out + first.min(self.used)..][..n_used]
                    .copy_from_slice(&block[..n_used]);
            }
        }
        M
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
            let (weights, bias) = (values(1, n_in * n_out), values(2, n_out));
            same_bits(&PackedMatrix::new(n_in, n_out, &weights, &bias));
            let halved = |x: &f32| ::half::f16::from_f32(1e-4 * x).to_f32();
            let [weights, bias] = [weights, bias].map(|x| x.iter().map(halved).collect::<Vec<_>>());
            let mut m = PackedMatrix::new(n_in, n_out, &weights, &bias);
            m.halve();
            assert!(matches!(m.panels, Panels::Half(_)));
            let mut first_row = vec![0.0; n_in];
            first_row[0] = 1.0;
            let mut out = vec![0.0; n_out];
            m.multiply(Isa::detect(), &first_row, &mut out);
            assert!((0..n_out).all(|j| out[j] == weights[j] + bias[j]), "kept without a change");
            same_bits(&m);
        }
    }

    fn same_bits(m: &PackedMatrix<f32>) {
        let (n_in, n_out) = (m.n_in(), m.n_out());
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

    #[test]
    fn the_product_is_the_formula() {
        let m = PackedMatrix::new(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[0.5, 0.0, -0.5]);
        let mut out = [0.0; 3];
        m.multiply(Isa::detect(), &[10.0, 100.0], &mut out);
        assert_eq!(out, [410.5, 520.0, 629.5]);
    }
}
