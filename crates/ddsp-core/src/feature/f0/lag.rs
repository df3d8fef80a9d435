//! Where a maximum of a sampled autocorrelation lies between two lags.

use std::f64::consts::PI;

use super::decimate::dot;

/// Samples on either side of the point that is interpolated.
pub(super) const HALF_TAPS: usize = 16;
/// Steps between two samples at which the interpolator is tabulated.
const N_PHASES: usize = 16;

/// Band-limited interpolation between samples from a table of Hann-windowed sincs.
///
/// A parabola through three samples is biased at short lags, where the maximum is narrow: at 2000 Hz
/// and 16 kHz by tens of cents for a tone rich in harmonics. Boersma 1993 (equation 22) interpolates
/// with a windowed sinc; here it is tabulated at `N_PHASES` steps a sample, and the parabola is laid
/// through three neighbouring steps, where it is exact to a hundredth of a cent.
pub(super) struct LagInterpolator {
    /// One row of taps for each of the `N_PHASES` steps.
    table: Vec<[f32; 2 * HALF_TAPS]>,
}

impl LagInterpolator {
    /// Computes the table.
    pub(super) fn new() -> Self {
        let row = |phase: usize| {
            let mut taps = [0.0; 2 * HALF_TAPS];
            for (j, tap) in taps.iter_mut().enumerate() {
                // Tap j weighs sample `whole + 1 - HALF_TAPS + j`.
                let x = j as f64 + 1.0 - HALF_TAPS as f64 - phase as f64 / N_PHASES as f64;
                let sinc = if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
                *tap = (sinc * (0.5 + 0.5 * (PI * x / HALF_TAPS as f64).cos())) as f32;
            }
            taps
        };
        Self { table: (0..N_PHASES).map(row).collect() }
    }

    /// The value at `step / N_PHASES` samples. `r[i]` holds lag `i - HALF_TAPS`.
    fn at(&self, r: &[f32], step: usize) -> f32 {
        let (whole, phase) = (step / N_PHASES, step % N_PHASES);
        dot(&r[whole + 1..][..2 * HALF_TAPS], &self.table[phase])
    }

    /// The place and height of the maximum near the local maximum at the whole lag `peak`.
    ///
    /// `r[i]` holds lag `i - HALF_TAPS`, up to lag `peak + HALF_TAPS + 1` at least.
    pub(super) fn maximum(&self, r: &[f32], peak: usize) -> (f32, f32) {
        let (a, b, c) = (r[HALF_TAPS + peak - 1], r[HALF_TAPS + peak], r[HALF_TAPS + peak + 1]);
        let guess = peak as f32 + vertex(a, b, c).0;
        let (first, last) = ((peak - 1) * N_PHASES, (peak + 1) * N_PHASES);
        let mut step = ((guess * N_PHASES as f32).round() as usize).clamp(first + 1, last - 1);
        let mut left = self.at(r, step - 1);
        let mut middle = self.at(r, step);
        let mut right = self.at(r, step + 1);
        while left > middle && step > first + 1 {
            step -= 1;
            (left, middle, right) = (self.at(r, step - 1), left, middle);
        }
        while right > middle && step < last - 1 {
            step += 1;
            (left, middle, right) = (middle, right, self.at(r, step + 1));
        }
        let (offset, height) = vertex(left, middle, right);
        ((step as f32 + offset) / N_PHASES as f32, height)
    }
}

/// The vertex of the parabola through `a`, `b`, `c` at -1, 0, 1: its place within ±1 and its height.
/// The middle point if the three do not enclose a maximum.
fn vertex(a: f32, b: f32, c: f32) -> (f32, f32) {
    let curvature = 2.0 * b - a - c;
    if curvature <= 0.0 || b < a || b < c {
        return (0.0, b);
    }
    let x = 0.5 * (c - a) / curvature;
    (x, b + 0.25 * (c - a) * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maximum_of_a_rich_tone_is_found_between_samples() {
        let interpolator = LagInterpolator::new();
        for period in [8.0f64, 8.13, 8.5, 20.77, 133.4] {
            // The autocorrelation of equal harmonics up to 0.9 of Nyquist.
            let n_harmonics = (0.45 * period) as usize;
            let value = |lag: f64| {
                let wave = |k: usize| (2.0 * PI * k as f64 * lag / period).cos();
                (1..=n_harmonics).map(wave).sum::<f64>() / n_harmonics as f64
            };
            let n = period as usize + 2 * HALF_TAPS + 4;
            let r: Vec<f32> = (0..n).map(|i| value(i as f64 - HALF_TAPS as f64) as f32).collect();
            let (lag, height) = interpolator.maximum(&r, period.round() as usize);
            let cents = 1200.0 * (f64::from(lag) / period).log2();
            assert!(cents.abs() < 1.0, "period {period}: off by {cents} cents");
            assert!((height - 1.0).abs() < 0.02, "period {period}: height {height}");
        }
    }

    #[test]
    fn three_points_without_a_maximum_keep_the_middle() {
        assert_eq!(vertex(1.0, 2.0, 3.0), (0.0, 2.0));
        assert_eq!(vertex(0.0, 0.0, 0.0), (0.0, 0.0));
        assert_eq!(vertex(1.0, 2.0, 1.0), (0.0, 2.0));
    }
}
