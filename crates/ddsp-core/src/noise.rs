//! Uniform noise from a counter: a pure function of seed and sample index.
//!
//! Same seed, same sound, whatever the block lengths; nothing has to be carried or reset.

/// The noise value in [-1, 1) of one sample.
///
/// *Reference*: the finaliser of Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
/// generators" (splitmix64), over `seed` and `index`; the upper 24 bits become the value.
#[inline(always)]
pub fn uniform(seed: u64, index: u64) -> f32 {
    let x = seed.wrapping_mul(0xd134_2543_de82_ef95)
        ^ index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let x = x ^ (x >> 31);
    (x >> 40) as f32 * (1.0 / 8_388_608.0) - 1.0
}

/// Fills `out` with the noise of the samples from `first_index` on.
pub fn fill_uniform(seed: u64, first_index: u64, out: &mut [f32]) {
    for (i, x) in out.iter_mut().enumerate() {
        *x = uniform(seed, first_index.wrapping_add(i as u64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_white_uniform_and_differs_between_seeds() {
        let n = 100_000;
        let mut x = vec![0.0; n];
        fill_uniform(7, 0, &mut x);
        let mean = |v: &dyn Fn(usize) -> f64| (0..n - 8).map(v).sum::<f64>() / (n - 8) as f64;
        let at = |i: usize| f64::from(x[i]);
        assert!(mean(&|i| at(i)).abs() < 0.01);
        assert!((mean(&|i| at(i) * at(i)) - 1.0 / 3.0).abs() < 0.005);
        for lag in 1..8 {
            assert!(mean(&|i| at(i) * at(i + lag)).abs() < 0.01, "lag {lag}");
        }
        assert!(mean(&|i| at(i) * f64::from(uniform(8, i as u64))).abs() < 0.01);
        assert!(x.iter().all(|x| (-1.0..1.0).contains(x)));
    }

    #[test]
    fn a_split_gives_the_same_samples() {
        let (mut whole, mut parts) = ([0.0; 100], [0.0; 100]);
        fill_uniform(3, 50, &mut whole);
        fill_uniform(3, 50, &mut parts[..33]);
        fill_uniform(3, 83, &mut parts[33..]);
        assert_eq!(whole, parts);
    }
}
