//! Weights of two bytes (IEEE 754's binary16), widened in registers where they are used.

#[cfg(target_arch = "x86_64")]
use std::any::Any;

use pulp::Simd;

/// A stored weight.
pub(crate) trait Weight: Copy {
    /// The first weights of a slice, as many as a vector has lanes, in f32.
    fn load<S: Simd>(simd: S, weights: &[Self]) -> S::f32s;
}

impl Weight for f32 {
    #[inline(always)]
    fn load<S: Simd>(_simd: S, weights: &[Self]) -> S::f32s {
        S::as_simd_f32s(&weights[..S::F32_LANES]).0[0]
    }
}

/// The bits of a finite number in binary16.
impl Weight for u16 {
    #[inline(always)]
    fn load<S: Simd>(simd: S, weights: &[Self]) -> S::f32s {
        #[cfg(target_arch = "x86_64")]
        if let Some(widened) = load_avx512(simd, weights) {
            return widened;
        }
        let _ = simd;
        let mut lanes = [0.0; 16];
        for (lane, &bits) in lanes.iter_mut().zip(&weights[..S::F32_LANES]) {
            *lane = widen(bits);
        }
        S::as_simd_f32s(&lanes[..S::F32_LANES]).0[0]
    }
}

/// Sign and rest of a number, moved to their places in f32, are it divided by this.
const SCALE: f32 = f32::from_bits((127 + 112) << 23);
const SIGN_AND_REST: u32 = 0x8fff_e000;

/// Finite binary16 to f32: exact.
#[inline(always)]
pub(crate) fn widen(bits: u16) -> f32 {
    f32::from_bits((i32::from(bits as i16) << 13) as u32 & SIGN_AND_REST) * SCALE
}

/// The numbers in binary16, if every one of them fits without a change.
pub(crate) fn exactly(numbers: &[f32]) -> Option<Vec<u16>> {
    let bits = numbers.iter().map(|&x| {
        let half = half::f16::from_f32(x);
        (half.is_finite() && half.to_f32().to_bits() == x.to_bits()).then_some(half.to_bits())
    });
    bits.collect()
}

/// One instruction of AVX-512; nothing on another instruction set.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn load_avx512<S: Simd>(simd: S, bits: &[u16]) -> Option<S::f32s> {
    let v4 = (&simd as &dyn Any).downcast_ref::<pulp::x86::V4>()?;
    let bits: std::arch::x86_64::__m256i = pulp::cast(*bits.first_chunk::<16>()?);
    let widened: pulp::f32x16 = pulp::cast(v4.avx512f._mm512_cvtph_ps(bits));
    (&widened as &dyn Any).downcast_ref::<S::f32s>().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_number_is_widened_exactly_and_narrowed_back() {
        for bits in 0..=u16::MAX {
            let half = half::f16::from_bits(bits);
            if half.is_finite() {
                assert_eq!(widen(bits).to_bits(), half.to_f32().to_bits(), "{bits:x}");
                assert_eq!(exactly(&[widen(bits)]), Some(vec![bits]));
            }
        }
        for outside in [0.1, 65_536.0, 1e-8, f32::INFINITY, f32::NAN] {
            assert_eq!(exactly(&[1.0, outside]), None);
        }
    }
}
