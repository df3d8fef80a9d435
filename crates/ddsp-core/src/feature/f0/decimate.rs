//! The clip as the tracker sees it: stretches at a modest rate, zero-padded, without the clip's mean.

use std::f64::consts::PI;

/// Rates are divided by the largest whole number that leaves at least this many samples a second.
///
/// Boersma's method needs the harmonics of the highest pitch, not the whole audible range: 2000 Hz
/// keeps three of them below 8 kHz. A common rate also makes the tracker judge noise alike at 16 and
/// 48 kHz, and keeps its cost.
pub(super) const TARGET_RATE: u32 = 14_700;

/// Taps of the low-pass on either side of its centre, in samples of the reduced rate.
const HALF_WIDTH: usize = 12;

/// The corner of the low-pass as a share of the reduced rate.
const CORNER: f64 = 0.45;

/// Reads a clip at a reduced rate, scaled to a peak of at most one around its mean.
pub(super) struct Decimator<'a> {
    audio: &'a [f32],
    factor: usize,
    mean: f32,
    gain: f32,
    /// The low-pass, `2 * HALF_WIDTH * factor + 1` taps; a single one if `factor` is 1.
    taps: Vec<f32>,
    /// The stretch of audio below the taps.
    padded: Vec<f32>,
}

impl<'a> Decimator<'a> {
    /// Measures `audio` and plans its reduction. `None` if nothing but a constant is in it.
    pub(super) fn new(audio: &'a [f32], sample_rate: u32) -> Option<Self> {
        let sum: f64 = audio.iter().map(|&x| f64::from(x)).sum();
        let mean = (sum / audio.len().max(1) as f64) as f32;
        let raw_peak = audio.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
        let peak = audio.iter().fold(0.0f32, |peak, x| peak.max((x - mean).abs()));
        // Below this share of the samples' own size the rest is their rounding.
        if peak <= raw_peak * 4.0 * f32::EPSILON {
            return None;
        }
        let factor = (sample_rate / TARGET_RATE).max(1) as usize;
        let taps = low_pass(factor);
        // Dividing through f64 keeps the gain of the smallest numbers finite.
        let gain = (1.0 / f64::from(peak)).min(f64::from(f32::MAX)) as f32;
        Some(Self { audio, factor, mean, gain, taps, padded: Vec::new() })
    }

    /// How many samples of the clip make one of the reduced rate.
    pub(super) fn factor(&self) -> usize {
        self.factor
    }

    /// Fills `out` with samples of the reduced rate from number `start` on, which may lie before the
    /// clip. Sample `n` is centred on sample `n * factor` of the clip.
    pub(super) fn read(&mut self, start: isize, out: &mut [f32]) {
        let factor = self.factor as isize;
        let half = (self.taps.len() / 2) as isize;
        let n_padded = (out.len() - 1) * self.factor + self.taps.len();
        self.padded.resize(n_padded, 0.0);
        let first = start * factor - half;
        // Which part of `padded` lies in the clip.
        let n_samples = self.audio.len() as isize;
        let begin = (-first).clamp(0, n_padded as isize) as usize;
        let end = (n_samples - first).clamp(begin as isize, n_padded as isize) as usize;
        self.padded[..begin].fill(0.0);
        self.padded[end..].fill(0.0);
        if begin < end {
            let from = (first + begin as isize) as usize;
            let source = &self.audio[from..from + (end - begin)];
            for (x, a) in self.padded[begin..end].iter_mut().zip(source) {
                *x = (a - self.mean) * self.gain;
            }
        }
        if self.factor == 1 {
            out.copy_from_slice(&self.padded);
            return;
        }
        for (n, y) in out.iter_mut().enumerate() {
            *y = dot(&self.padded[n * self.factor..][..self.taps.len()], &self.taps);
        }
    }
}

/// A Hann-windowed sinc of unit sum for a reduction by `factor`.
fn low_pass(factor: usize) -> Vec<f32> {
    if factor == 1 {
        return vec![1.0];
    }
    let half = (HALF_WIDTH * factor) as f64;
    let tap = |i: usize| {
        let n = i as f64 - half;
        let x = 2.0 * PI * CORNER / factor as f64 * n;
        let sinc = if n == 0.0 { 1.0 } else { x.sin() / x };
        sinc * (0.5 + 0.5 * (PI * n / (half + 1.0)).cos())
    };
    let taps: Vec<f64> = (0..2 * HALF_WIDTH * factor + 1).map(tap).collect();
    let sum: f64 = taps.iter().sum();
    taps.iter().map(|t| (t / sum) as f32).collect()
}

/// The inner product in eight interleaved sums, an order the compiler can vectorise.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a_chunks, b_chunks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for k in 0..8 {
            sums[k] += x[k] * y[k];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_any_length_join_without_a_seam() {
        let audio: Vec<f32> = (0..5000).map(|i| ((i * i) as f32 * 1e-3).sin()).collect();
        for rate in [16_000, 48_000] {
            let mut reader = Decimator::new(&audio, rate).unwrap();
            let mut whole = vec![0.0; 6000];
            reader.read(-200, &mut whole);
            let mut joined = Vec::new();
            for n in [1, 17, 982, 5000] {
                let mut part = vec![9.0; n];
                reader.read(joined.len() as isize - 200, &mut part);
                joined.extend(part);
            }
            assert_eq!(joined, whole);
            assert!(whole[..100].iter().chain(&whole[5300..]).all(|&x| x == 0.0));
        }
    }

    #[test]
    fn the_reduced_rate_keeps_low_tones_and_drops_high_ones() {
        let level_of = |hz: f64| {
            let wave = |i: usize| (2.0 * PI * hz / 48_000.0 * i as f64).sin() as f32;
            let audio: Vec<f32> = (0..48_000).map(wave).collect();
            let mut reader = Decimator::new(&audio, 48_000).unwrap();
            assert_eq!(reader.factor(), 3);
            let mut out = vec![0.0; 8000];
            reader.read(4000, &mut out);
            (2.0 * dot(&out, &out) / out.len() as f32).sqrt()
        };
        assert!((level_of(440.0) - 1.0).abs() < 1e-2);
        assert!((level_of(4000.0) - 1.0).abs() < 1e-2);
        assert!(level_of(10_000.0) < 1e-2);
    }

    #[test]
    fn a_constant_is_nothing() {
        assert!(Decimator::new(&[], 16_000).is_none());
        assert!(Decimator::new(&[0.3; 1000], 16_000).is_none());
        assert!(Decimator::new(&[1e-38, -1e-38], 16_000).is_some());
    }
}
