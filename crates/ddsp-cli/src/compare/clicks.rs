//! Clicks: places that nothing before announced and that do not come again a period later.
//!
//! A voice and an instrument have one pulse a period, which no prediction from the samples just before
//! it foresees. So a sample counts if its error of prediction stands out from those around it and none
//! like it stands one period before or after. What is fainter than half a pulse of the tone stays
//! hidden, to the ear mostly too: single samples left out of a rich tone are not found.

use super::prediction::Errors;

/// How far an error stands above the median around it; noise alone never does.
const RATIO: f32 = 10.0;
const NEIGHBOURHOOD_S: f64 = 0.025;
/// How often the neighbourhood is looked at.
const STEP_S: f64 = 0.002;

/// An error of this share one period away is the same pulse again.
const SAME_PULSE: f32 = 0.6;
/// How exactly the period is known.
const PERIOD_TOLERANCE: f64 = 0.04;
const MIN_TOLERANCE_SAMPLES: f64 = 2.0;

/// Clicks up to this time after the first of them are one, as the two ends of a short hole.
const ONE_CLICK_S: f64 = 0.012;

/// Errors this far below the level around them are not heard, and those below -100 dB of full scale are
/// rounding. A pure tone is predicted so well that anything would stand out.
const INAUDIBLE: f32 = 0.03;
const FLOOR: f32 = 1e-5;

/// Counts the clicks in a clip, without its first and last 12 ms, where half of what would announce a sample
/// is missing. Its pitch is `f0_hz`, one value every `hop_size` samples, bridged where
/// unvoiced.
pub(super) fn count(samples: &[f32], sample_rate: u32, hop_size: usize, f0_hz: &[f32]) -> usize {
    let Errors { forward, backward } = Errors::measure(samples, sample_rate);
    let errors = Errors { forward: over_three(&forward), backward: over_three(&backward) };
    let limits = Limits::measure(samples, &errors.forward, sample_rate);
    let longest = (ONE_CLICK_S * f64::from(sample_rate)) as usize;
    let mut clicks: Vec<usize> = Vec::new();
    let edge = (0.5 * NEIGHBOURHOOD_S * f64::from(sample_rate)) as usize;
    for n in edge..samples.len().saturating_sub(edge) {
        let error = errors.forward[n];
        let is_same = clicks.last().is_some_and(|first| n - first <= longest);
        if is_same || error <= limits.at(n) {
            continue;
        }
        let frame = ((n + hop_size / 2) / hop_size).min(f0_hz.len().saturating_sub(1));
        let Some(&hz) = f0_hz.get(frame) else { continue };
        let period = f64::from(sample_rate) / f64::from(hz);
        // The tracker may be an octave off.
        if ![period, 2.0 * period, 0.5 * period].iter().any(|&lag| recurs(&errors, n, lag)) {
            clicks.push(n);
        }
    }
    clicks.len()
}

/// The root of the energy of each sample and its neighbours: a pulse between two samples is as high as one
/// on a sample.
fn over_three(errors: &[f32]) -> Vec<f32> {
    let energy = |n: usize| errors.get(n).map_or(0.0, |x| x * x);
    (0..errors.len())
        .map(|n| energy(n.wrapping_sub(1)) + energy(n) + energy(n + 1))
        .map(f32::sqrt)
        .collect()
}

/// Whether there is an error like that at `n` about `lag` samples before or after.
fn recurs(errors: &Errors, n: usize, lag: f64) -> bool {
    let tolerance = (PERIOD_TOLERANCE * lag).max(MIN_TOLERANCE_SAMPLES);
    let (near, far) = ((lag - tolerance).round() as usize, (lag + tolerance).round() as usize);
    let limit = SAME_PULSE * errors.forward[n];
    let is_like = |errors: &[f32], from: usize, to: usize| {
        errors[from.min(errors.len())..to.min(errors.len())].iter().any(|error| *error > limit)
    };
    let before = n >= near && is_like(&errors.forward, n.saturating_sub(far), n - near + 1);
    before || is_like(&errors.backward, n + near, n + far + 1)
}

/// What an error must exceed, at steps.
struct Limits {
    step: usize,
    values: Vec<f32>,
}

impl Limits {
    fn measure(samples: &[f32], errors: &[f32], sample_rate: u32) -> Self {
        let in_samples = |seconds: f64| ((seconds * f64::from(sample_rate)) as usize).max(1);
        let (step, half) = (in_samples(STEP_S), in_samples(0.5 * NEIGHBOURHOOD_S));
        let limit = |at: usize| {
            let around = at.saturating_sub(half)..(at + half).min(errors.len());
            let power: f32 = samples[around.clone()].iter().map(|x| x * x).sum();
            let level = (power / around.len() as f32).sqrt();
            let mut sorted = errors[around].to_vec();
            let middle = sorted.len() / 2;
            let median = *sorted.select_nth_unstable_by(middle, f32::total_cmp).1;
            (RATIO * median).max(INAUDIBLE * level).max(FLOOR)
        };
        Self { step, values: (0..errors.len()).step_by(step).map(limit).collect() }
    }

    fn at(&self, n: usize) -> f32 {
        self.values[((n + self.step / 2) / self.step).min(self.values.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 16_000;

    fn noise(seed: &mut u32) -> f32 {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*seed >> 8) as f32 / (1 << 24) as f32 - 0.5
    }

    /// Four seconds of a tone whose partials start together, gliding, with a little noise.
    fn tone(n_partials: usize, f0_hz: impl Fn(f64) -> f64) -> (Vec<f32>, Vec<f32>) {
        let (mut phase, mut seed) = (0.0_f64, 1);
        let samples = (0..64_000).map(|n| {
            let hz = f0_hz(f64::from(n) / 16_000.0);
            phase = (phase + hz / 16_000.0).fract();

            let partials =
                (1..=n_partials).map(|k| (std::f64::consts::TAU * k as f64 * phase).cos());
            0.02 * partials.sum::<f64>() as f32 + 0.002 * noise(&mut seed)
        });
        let f0 = (0..1000).map(|i| f0_hz(f64::from(i) / 250.0) as f32);
        (samples.collect(), f0.collect())
    }

    fn count_16k(samples: &[f32], f0_hz: &[f32]) -> usize {
        count(samples, RATE, 64, f0_hz)
    }

    /// Places 3000 samples apart.
    fn places(n: usize) -> impl Iterator<Item = usize> {
        (0..n).map(|i| 2000 + 3000 * i + 17 * i * i % 97)
    }

    #[test]
    fn a_tones_own_pulses_and_noise_are_no_clicks() {
        for (n_partials, base_hz) in [(20, 80.0), (20, 147.0), (20, 300.0), (11, 623.0)] {
            let (samples, f0) = tone(n_partials, |t| base_hz * (0.1 * (5.0 * t).sin()).exp2());
            assert_eq!(count_16k(&samples, &f0), 0, "{base_hz} Hz");
        }
        let mut seed = 3;
        let hiss: Vec<f32> = (0..64_000).map(|_| noise(&mut seed)).collect();
        assert_eq!(count_16k(&hiss, &[440.0; 1000]), 0);
        assert_eq!(count_16k(&[0.0; 1000], &[440.0; 16]), 0);
        assert_eq!(count_16k(&[], &[]), 0);
    }

    #[test]
    fn spikes_and_holes_are_each_counted_once() {
        let (clean, f0) = tone(20, |t| 220.0 + 20.0 * t);
        let mut spiked = clean.clone();
        places(20).for_each(|n| spiked[n] += 0.3);
        let found = count_16k(&spiked, &f0);
        // Some lie on a pulse.
        assert!((15..=21).contains(&found), "{found} of 20 spikes");
        let mut holed = clean;
        places(20).for_each(|n| holed[n..n + 160].fill(0.0));
        let found = count_16k(&holed, &f0);
        assert!((10..=22).contains(&found), "{found} of 20 holes");
    }

    #[test]
    fn a_jump_in_a_sine_is_counted() {
        let sine = |n: usize| 0.5 * (std::f32::consts::TAU * 330.0 / 16_000.0 * n as f32).sin();
        let samples: Vec<f32> = (0..48_000).map(|n| sine(n + 10 * (n / 4000))).collect();
        let found = count_16k(&samples, &[330.0; 750]);
        assert!((10..=12).contains(&found), "{found} of 11 jumps");
    }
}
