//! The number types that kernels are generic over.
//!
//! `f32` is what plays; `f64` is the precise twin that tests compare with.

use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::nn::half;
use crate::nn::matrix::PackedMatrix;
use crate::simd::Isa;

/// A real number with the few functions that the kernels need.
///
/// The `f32` functions are polynomials without branches: they vectorise, and give the same bits on
/// every machine, which the C library's do not.
pub trait Real:
    Copy
    + Default
    + Debug
    + Display
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + realfft::FftNum
{
    /// A phase in cycles as an unsigned fixed-point fraction: wrapping is free.
    type Phase: Copy + Default + Send + Sync;

    /// Rounds to this type.
    fn narrow(x: f64) -> Self;
    /// Widens.
    fn widen(self) -> f64;
    /// `self * a + b`, rounded once.
    fn fused(self, a: Self, b: Self) -> Self;
    /// `e^self`; the argument is clamped to where the result is a normal number.
    fn exp(self) -> Self;
    /// The natural logarithm of a positive normal number.
    fn ln(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The larger of two numbers.
    fn max(self, other: Self) -> Self;
    /// The smaller of two numbers.
    fn min(self, other: Self) -> Self;
    /// Whether this is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// A phase from cycles in `[0, 1)`.
    fn phase(cycles: f64) -> Self::Phase;
    /// The sum of two phases, wrapped.
    fn phase_add(a: Self::Phase, b: Self::Phase) -> Self::Phase;
    /// The sine of a phase.
    fn sin(phase: Self::Phase) -> Self;
    /// The sine of radians of any size.
    fn sin_radians(self) -> Self;
    /// Radians modulo 2 pi as this type rounds it, in [0, 2 pi).
    fn wrap_radians(self) -> Self;
    /// `out = bias + rows * matrix`, see [`PackedMatrix::multiply`].
    fn multiply(m: &PackedMatrix<Self>, isa: Isa, rows: &[Self], out: &mut [Self]);

    /// The numbers as the bits of f16, if every one of them fits without a change.
    fn halves(numbers: &[Self]) -> Option<Vec<u16>>;

    /// `1 / (1 + e^-self)`.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let one = Self::narrow(1.0);
        one / (one + (-self).exp())
    }

    /// The hyperbolic tangent.
    #[inline(always)]
    fn tanh(self) -> Self {
        // 2 sigmoid(2x) - 1 loses relative precision near 0, so the quotient is taken of |x|.
        let one = Self::narrow(1.0);
        let e = (Self::narrow(-2.0) * self.abs()).exp();
        let t = (one - e) / (one + e);
        if self < Self::narrow(0.0) { -t } else { t }
    }
}

impl Real for f32 {
    type Phase = u32;

    #[inline(always)]
    fn narrow(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn fused(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }

    /// Cody and Waite's reduction by ln 2 in two parts, then the polynomial of Moshier's Cephes
    /// (`expf.c`); relative error below 2e-7 for arguments in [-87, 88].
    #[inline(always)]
    #[allow(clippy::excessive_precision, reason = "published constants, digit for digit")]
    fn exp(self) -> Self {
        const LN_2_HIGH: f32 = 0.693_359_375;
        const LN_2_LOW: f32 = -2.121_944_400_5e-4;
        // Adding and taking away 1.5 * 2^23 rounds to an integer without a branch.
        const ROUND: f32 = 12_582_912.0;
        let x = self.clamp(-87.0, 88.0);
        let n = x.mul_add(std::f32::consts::LOG2_E, ROUND) - ROUND;
        let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x));
        let p = 1.987_569_15e-4_f32;
        let p = p.mul_add(r, 1.398_199_950_7e-3);
        let p = p.mul_add(r, 8.333_451_907_3e-3);
        let p = p.mul_add(r, 4.166_579_589_4e-2);
        let p = p.mul_add(r, 1.666_666_545_9e-1);
        let p = p.mul_add(r, 5.000_000_120_1e-1);
        let y = p.mul_add(r * r, r + 1.0);
        y * f32::from_bits(((n as i32 + 127) as u32) << 23)
    }

    /// Moshier's Cephes (`logf.c`); relative error below 2e-7 away from 1, absolute near it.
    #[inline(always)]
    #[allow(clippy::excessive_precision, reason = "published constants, digit for digit")]
    fn ln(self) -> Self {
        const LN_2_HIGH: f32 = 0.693_359_375;
        const LN_2_LOW: f32 = -2.121_944_400_5e-4;
        // Split x = 2^e m with m in [sqrt(1/2), sqrt(2)).
        let bits = self.max(f32::MIN_POSITIVE).to_bits();
        let shifted = bits.wrapping_sub(0x3f35_04f3);
        let e = ((shifted as i32) >> 23) as f32;
        let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f35_04f3)) - 1.0;
        let p = 7.037_683_629_2e-2_f32;
        let p = p.mul_add(m, -1.151_461_031_0e-1);
        let p = p.mul_add(m, 1.167_699_874_0e-1);
        let p = p.mul_add(m, -1.242_014_084_6e-1);
        let p = p.mul_add(m, 1.424_932_278_7e-1);
        let p = p.mul_add(m, -1.666_805_766_5e-1);
        let p = p.mul_add(m, 2.000_071_476_5e-1);
        let p = p.mul_add(m, -2.499_999_399_3e-1);
        let p = p.mul_add(m, 3.333_333_117_4e-1);
        let m2 = m * m;
        let y = (p * m).mul_add(m2, e * LN_2_LOW);
        e.mul_add(LN_2_HIGH, m + m2.mul_add(-0.5, y))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f32::sqrt(self)
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        if self > other { self } else { other }
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        if self < other { self } else { other }
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        f32::is_finite(self)
    }
    #[inline(always)]
    fn phase(cycles: f64) -> u32 {
        (cycles * 4_294_967_296.0) as i64 as u32
    }
    #[inline(always)]
    fn phase_add(a: u32, b: u32) -> u32 {
        a.wrapping_add(b)
    }

    /// Folds the phase to a quarter cycle, then a minimax polynomial in odd powers; absolute error
    /// below 3e-7.
    #[inline(always)]
    fn sin(phase: u32) -> Self {
        // As a signed number the phase is in [-1/2, 1/2) cycles; beyond a quarter sin(pi - a) = sin a.
        let x = phase as i32;
        let folded = 0x8000_0000_u32.wrapping_sub(phase) as i32;
        let y = if x.unsigned_abs() > 0x4000_0000 { folded } else { x };
        let t = y as f32 * (1.0 / 1_073_741_824.0);
        let u = t * t;
        let p = SIN_QUARTER[4];
        let p = p.mul_add(u, SIN_QUARTER[3]);
        let p = p.mul_add(u, SIN_QUARTER[2]);
        let p = p.mul_add(u, SIN_QUARTER[1]);
        let p = p.mul_add(u, SIN_QUARTER[0]);
        t * p
    }
    #[inline(always)]
    fn sin_radians(self) -> Self {
        let cycles = f64::from(self) * std::f64::consts::FRAC_1_PI * 0.5;
        <Self as Real>::sin(Self::phase(cycles - cycles.floor()))
    }
    #[inline(always)]
    fn wrap_radians(self) -> Self {
        // Whole turns times the 24 bits of this 2 pi are exact in f64, as is their difference from x.
        let (x, tau) = (f64::from(self), f64::from(std::f32::consts::TAU));
        (x - (x / tau).floor() * tau) as f32
    }
    fn multiply(m: &PackedMatrix<Self>, isa: Isa, rows: &[Self], out: &mut [Self]) {
        m.multiply_vectors(isa, rows, out);
    }
    fn halves(numbers: &[Self]) -> Option<Vec<u16>> {
        half::exactly(numbers)
    }
}

/// Minimax coefficients of `sin(pi t / 2) / t` in powers of `t^2` for t in [-1, 1] (Remez exchange).
#[allow(clippy::approx_constant, reason = "the first coefficient of the fit is near pi / 2")]
const SIN_QUARTER: [f32; 5] =
    [1.570_796_3, -0.645_963_4, 0.079_688_48, -0.004_672_228, 0.000_150_820_56];

impl Real for f64 {
    type Phase = u64;

    #[inline(always)]
    fn narrow(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
    #[inline(always)]
    fn fused(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }
    fn exp(self) -> Self {
        f64::exp(self)
    }
    fn ln(self) -> Self {
        f64::ln(self)
    }
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    fn max(self, other: Self) -> Self {
        f64::max(self, other)
    }
    fn min(self, other: Self) -> Self {
        f64::min(self, other)
    }
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
    fn phase(cycles: f64) -> u64 {
        (cycles * 18_446_744_073_709_551_616.0) as u128 as u64
    }
    fn phase_add(a: u64, b: u64) -> u64 {
        a.wrapping_add(b)
    }
    fn sin(phase: u64) -> Self {
        let cycles = phase as i64 as f64 / 18_446_744_073_709_551_616.0;
        (cycles * std::f64::consts::TAU).sin()
    }
    fn sin_radians(self) -> Self {
        self.sin()
    }
    fn wrap_radians(self) -> Self {
        self.rem_euclid(std::f64::consts::TAU)
    }
    fn multiply(m: &PackedMatrix<Self>, _isa: Isa, rows: &[Self], out: &mut [Self]) {
        m.multiply_plainly(rows, out);
    }
    fn halves(_numbers: &[Self]) -> Option<Vec<u16>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(lo: f64, hi: f64, f: impl Fn(f32) -> f64, exact: impl Fn(f64) -> f64) -> f64 {
        (0..=200_000)
            .map(|i| {
                let x = (lo + (hi - lo) * f64::from(i) / 200_000.0) as f32;
                f(x) - exact(f64::from(x))
            })
            .fold(0.0, |a: f64, e| a.max(e.abs()))
    }

    #[test]
    fn exp_and_ln_stay_within_their_stated_errors() {
        let rel = worst(-87.0, 88.0, |x| Real::exp(x).widen() / f64::from(x).exp(), |_| 1.0);
        assert!(rel < 2e-7, "exp {rel}");
        let ln = |x: f32| Real::ln(x).widen();
        assert!(worst(0.5, 2.0, ln, f64::ln) < 1e-7);
        let rel = worst(2.0, 1e6, |x| ln(x) / f64::from(x).ln(), |_| 1.0);
        assert!(rel < 2e-7, "ln {rel}");
    }

    #[test]
    fn sigmoid_and_tanh_saturate_without_nan() {
        let tanh = worst(-20.0, 20.0, |x| Real::tanh(x).widen(), f64::tanh);
        assert!(tanh < 3e-7, "tanh {tanh}");
        for x in [-1e30_f32, -200.0, 0.0, 200.0, 1e30] {
            assert!((Real::sigmoid(x).widen() - f64::sigmoid(f64::from(x))).abs() < 1e-7);
            assert!((Real::tanh(x).widen() - f64::from(x).tanh()).abs() < 1e-7);
        }
    }

    #[test]
    fn sine_of_a_phase_is_within_3e_7() {
        let mut worst: f64 = 0.0;
        for i in 0..400_000_u64 {
            let phase = (i * 10_737) as u32;
            let exact = (f64::from(phase) / 4_294_967_296.0 * std::f64::consts::TAU).sin();
            worst = worst.max((f64::from(<f32 as Real>::sin(phase)) - exact).abs());
        }
        assert!(worst < 3e-7, "{worst}");
        assert_eq!(<f32 as Real>::sin(0), 0.0);
    }
}
