//! Linear prediction: what a signal does that its neighbourhood did not announce.
//!
//! *Reference*: Makhoul 1975, "Linear prediction: a tutorial review", Proceedings of the IEEE 63(4); the
//! recursion is his equations 38.

use std::f64::consts::TAU;

/// The time that predicts a sample, and that whose statistics are taken.
const PAST_S: f64 = 0.0015;
const WINDOW_S: f64 = 0.032;

/// Coefficients change so many times a window.
const CHANGES: usize = 4;

/// What keeps the recursion well-posed, relative to the power.
const REGULARISATION: f64 = 1e-9;

/// Magnitudes of the errors of prediction, one a sample.
pub(super) struct Errors {
    /// From the samples before. A click does not reach back in it, but rings after itself.
    pub(super) forward: Vec<f32>,
    /// From the samples after: a click does not reach forward.
    pub(super) backward: Vec<f32>,
}

impl Errors {
    /// Predicts every sample; beyond the ends there is silence.
    pub(super) fn measure(samples: &[f32], sample_rate: u32) -> Self {
        let order = (PAST_S * f64::from(sample_rate)).round().max(1.0) as usize;
        let hop = ((WINDOW_S * f64::from(sample_rate)) as usize / CHANGES).max(1);
        let size = hop * CHANGES;
        let margin = size + order;
        let mut padded = vec![0.0; samples.len() + 2 * margin];
        for (x, &sample) in padded[margin..].iter_mut().zip(samples) {
            *x = f64::from(sample);
        }
        let window: Vec<f64> =
            (0..size).map(|n| 0.5 - 0.5 * (TAU * (n as f64 + 0.5) / size as f64).cos()).collect();
        let mut errors =
            Self { forward: vec![0.0; samples.len()], backward: vec![0.0; samples.len()] };
        for start in (0..samples.len()).step_by(hop) {
            // The window is centred on the samples that its coefficients predict.
            let first = start + margin + hop / 2 - size / 2;
            let windowed: Vec<f64> =
                padded[first..first + size].iter().zip(&window).map(|(x, w)| x * w).collect();
            let coefficients = coefficients(&windowed, order);
            for n in start..(start + hop).min(samples.len()) {
                let at = n + margin;
                let (mut forward, mut backward) = (padded[at], padded[at]);
                for (k, a) in (1..).zip(&coefficients) {
                    forward += a * padded[at - k];
                    backward += a * padded[at + k];
                }
                errors.forward[n] = forward.abs() as f32;
                errors.backward[n] = backward.abs() as f32;
            }
        }
        errors
    }
}

/// The `a_1..a_order` that make `x[n] + sum_k a_k x[n - k]` smallest; all zero for silence.
fn coefficients(windowed: &[f64], order: usize) -> Vec<f64> {
    let correlate = |k: usize| windowed.iter().zip(&windowed[k..]).map(|(x, y)| x * y).sum();
    let r: Vec<f64> = (0..=order).map(correlate).collect();
    let mut a = vec![0.0; order];
    let mut error = r[0] * (1.0 + REGULARISATION);
    for i in 0..order {
        if error <= f64::MIN_POSITIVE {
            break;
        }
        let sum: f64 = (0..i).map(|j| a[j] * r[i - j]).sum();
        let reflection = -(r[i + 1] + sum) / error;
        let before = a[..i].to_vec();
        for j in 0..i {
            a[j] += reflection * before[i - 1 - j];
        }
        a[i] = reflection;
        error *= 1.0 - reflection * reflection;
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resonance_is_predicted_by_its_own_coefficients() {
        // x[n] = 1.6 x[n-1] - 0.81 x[n-2] from one impulse.
        let mut x = vec![0.0; 600];
        x[1] = 1.0;
        for n in 2..600 {
            x[n] = 1.6 * x[n - 1] - 0.81 * x[n - 2];
        }
        let a = coefficients(&x, 3);
        assert!((a[0] + 1.6).abs() < 1e-6 && (a[1] - 0.81).abs() < 1e-6 && a[2].abs() < 1e-6);
    }

    #[test]
    fn a_tone_is_predicted_and_a_break_in_it_is_not() {
        let tone = |n: usize| (0.3 * n as f32).sin() + 0.5 * (0.8 * n as f32).sin();
        let samples: Vec<f32> = (0..8000).map(|n| tone(if n < 4000 { n } else { n + 7 })).collect();
        let errors = Errors::measure(&samples, 16_000);
        let steady = errors.forward[1000..3500].iter().copied().fold(0.0, f32::max);
        assert!(errors.forward[4000] > 50.0 * steady, "{} {steady}", errors.forward[4000]);
        assert!(errors.backward[3999] > 50.0 * steady);
        assert!(Errors::measure(&[0.0; 100], 16_000).forward.iter().all(|e| *e == 0.0));
        assert!(Errors::measure(&[], 16_000).forward.is_empty());
    }
}
