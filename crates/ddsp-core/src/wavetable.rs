//! Tables that are read at a phase: wavetable synthesis and the variable delay line.

use crate::error::Error;
use crate::real::Real;
use crate::resample::{ResampleMethod, resample};
use crate::synth::PhaseMode;

/// Reads one cycle that is stored in a table, on straight lines between its points; behind the last
/// point comes the first.
///
/// *Units and ranges*: `phase` in cycles, 0 to 1. Outside, the end of the cycle fades out within one
/// point's distance.
///
/// *Panics* if the table is empty.
///
/// *Reference*: Magenta's `core.linear_lookup`.
pub fn linear_lookup<R: Real>(phase: R, wavetable: &[R]) -> R {
    lookup_table(phase.widen(), wavetable)
}

#[inline(always)]
fn lookup_table<R: Real>(phase: f64, wavetable: &[R]) -> R {
    let n = wavetable.len();
    lookup(phase, n, |i| wavetable[if i == n { 0 } else { i }])
}

/// The value at a phase of `n` points and a last one, which is where the phase is 1.
#[inline(always)]
fn lookup<R: Real>(phase: f64, n: usize, point: impl Fn(usize) -> R) -> R {
    let position = phase * n as f64;
    let inside = position.clamp(0.0, n as f64);
    let weight = 1.0 - (position - inside).abs();
    if weight.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
        return R::default();
    }
    let i = (inside as usize).min(n - 1);
    let t = inside - i as f64;
    let value = point(i) * R::narrow(1.0 - t) + point(i + 1) * R::narrow(t);
    if weight < 1.0 { value * R::narrow(weight) } else { value }
}

/// Amplitudes of harmonics to one cycle of their cosines.
///
/// *Shapes*: `harmonic_distribution` `n_frames × n_harmonics`, the fundamental first; returns
/// `n_frames × n_wavetable`.
///
/// *Errors*: a table has less than two points for each harmonic.
///
/// *Reference*: Magenta's `core.harmonic_distribution_to_wavetable`, an inverse transform: a harmonic at
/// half the size of the table has half its amplitude.
pub fn harmonic_distribution_to_wavetable<R: Real>(
    harmonic_distribution: &[R],
    n_harmonics: usize,
    n_wavetable: usize,
) -> Result<Vec<R>, Error> {
    if n_harmonics == 0 || n_wavetable / 2 < n_harmonics {
        let detail = format!(
            "expected two points or more for each of 1 or more harmonics, found {n_wavetable} for \
             {n_harmonics}"
        );
        return Err(Error::config("wavetable.n_wavetable", detail));
    }
    let cosine: Vec<f64> = (0..n_wavetable)
        .map(|i| (std::f64::consts::TAU * i as f64 / n_wavetable as f64).cos())
        .collect();
    let weight = |k: usize| if 2 * k == n_wavetable { 0.5 } else { 1.0 };
    let frames = harmonic_distribution.chunks_exact(n_harmonics);
    let point = |frame: &[R], i: usize| {
        let harmonics = frame.iter().zip(1..);
        let terms = harmonics.map(|(a, k)| a.widen() * weight(k) * cosine[k * i % n_wavetable]);
        R::narrow(terms.sum())
    };
    Ok(frames
        .flat_map(|frame| (0..n_wavetable).map(move |i| (frame, i)))
        .map(|(f, i)| point(f, i))
        .collect())
}

/// Plays wavetables at a frequency. A whole-clip function.
///
/// Frequencies and wavetables move on straight lines from frame to frame, amplitudes along Hann windows.
///
/// *Shapes*: `f0_hz` and `amplitudes` one value a frame; `wavetables` `n_table_frames × n_wavetable`,
/// where one frame stays for the whole clip; returns `n_samples`.
///
/// *Errors*: there is no frame or no wavetable; as [`resample`].
///
/// *Reference*: Magenta's `core.wavetable_synthesis`. The first sample has phase 0. As there is one way in
/// which Magenta sums the phase of a wavetable, both modes named after it do that: cycles in the
/// arithmetic of `R`, never wrapped.
pub fn wavetable_synthesis<R: Real>(
    f0_hz: &[R],
    amplitudes: &[R],
    wavetables: &[R],
    n_wavetable: usize,
    n_samples: usize,
    sample_rate: u32,
    phase_mode: PhaseMode,
) -> Result<Vec<R>, Error> {
    if n_wavetable == 0 || wavetables.len() < n_wavetable {
        let detail = format!("expected tables of {n_wavetable}, found {} values", wavetables.len());
        return Err(Error::config("wavetable.wavetables", detail));
    }
    let tables: Vec<&[R]> = wavetables.chunks_exact(n_wavetable).collect();
    let mut amplitudes = resample(amplitudes, 1, n_samples, ResampleMethod::Window, true)?;
    let f0_hz = resample(f0_hz, 1, n_samples, ResampleMethod::Linear, true)?;
    // Reading is linear in the table, so two tables are read and mixed, not mixed and read.
    let places: Vec<f64> = (0..tables.len()).map(|i| i as f64).collect();
    let places = resample(&places, 1, n_samples, ResampleMethod::Linear, true)?;
    let (mut cycles, mut summed) = (0.0, R::default());
    for ((y, hz), place) in amplitudes.iter_mut().zip(f0_hz).zip(places) {
        let first = place as usize;
        let mut value = lookup_table(cycles, tables[first]);
        if let Some(next) = tables.get(first + 1) {
            let t = R::narrow(place - first as f64);
            value = t.fused(lookup_table(cycles, next) - value, value);
        }
        *y *= value;
        cycles = match phase_mode {
            PhaseMode::Exact => cycles + hz.widen() / f64::from(sample_rate),
            PhaseMode::MagentaF32 | PhaseMode::MagentaAngular => {
                summed += hz / R::narrow(f64::from(sample_rate));
                summed.widen()
            }
        };
        cycles -= cycles.floor();
    }
    Ok(amplitudes)
}

/// Delays a clip by a time that varies from sample to sample. A whole-clip function.
///
/// *Shapes*: `phase` and `audio` `n_samples`.
///
/// *Units and ranges*: `phase` 0 to 1 stands for a delay of 0 to `max_length` samples. As there, the last
/// of these is not the oldest sample but the newest: from `max_length - 1` on the delay fades over to no
/// delay.
///
/// *Panics* if `max_length` is 0.
///
/// *Reference*: Magenta's `core.variable_length_delay`.
pub fn variable_length_delay<R: Real>(phase: &[R], audio: &[R], max_length: usize) -> Vec<R> {
    assert!(max_length > 0, "a delay line has a length");
    let past = |n: usize, delay: usize| {
        let delay = if delay == max_length { 0 } else { delay };
        n.checked_sub(delay).map_or(R::default(), |at| audio[at])
    };
    let clip = phase.iter().take(audio.len()).enumerate();
    clip.map(|(n, phase)| lookup(phase.widen(), max_length, |delay| past(n, delay))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_met_and_the_cycle_closes() {
        let table = [1.0, 2.0, -3.0, 4.0];
        for (i, &x) in table.iter().enumerate() {
            assert_eq!(linear_lookup(i as f64 / 4.0, &table), x);
        }
        assert_eq!(linear_lookup(0.125, &table), 1.5);
        assert_eq!(linear_lookup(0.875, &table), 2.5);
        assert_eq!(linear_lookup(1.0, &table), 1.0);
        assert_eq!(linear_lookup(1.125, &table), 0.5);
        assert_eq!(linear_lookup(-0.125, &table), 0.5);
        assert_eq!(linear_lookup(9.0, &table), 0.0);
        assert_eq!(linear_lookup(f64::NAN, &table), 0.0);
    }

    #[test]
    fn a_harmonic_is_a_cosine_of_its_number() {
        let table = harmonic_distribution_to_wavetable(&[0.0_f64, 1.0], 2, 32).unwrap();
        for (i, x) in table.iter().enumerate() {
            assert!((x - (std::f64::consts::TAU * i as f64 / 16.0).cos()).abs() < 1e-12);
        }
        assert!(harmonic_distribution_to_wavetable(&[1.0_f64; 17], 17, 32).is_err());
    }

    #[test]
    fn a_table_of_one_cycle_sounds_at_f0() {
        let table = harmonic_distribution_to_wavetable(&[1.0_f64], 1, 2048).unwrap();
        let f0_hz = [440.0; 10];
        for tables in [table.clone(), table.repeat(10)] {
            let mode = PhaseMode::Exact;
            let y = wavetable_synthesis(&f0_hz, &[0.5; 10], &tables, 2048, 1000, 16_000, mode);
            let y = y.unwrap();
            let mode = PhaseMode::MagentaF32;
            let summed = wavetable_synthesis(&f0_hz, &[0.5; 10], &tables, 2048, 1000, 16_000, mode);
            assert!(y.iter().zip(summed.unwrap()).all(|(a, b)| (a - b).abs() < 1e-9));
            for (n, y) in y.iter().enumerate() {
                let exact = 0.5 * (std::f64::consts::TAU * 440.0 * n as f64 / 16_000.0).cos();
                assert!((y - exact).abs() < 1e-5, "{n}: {y} {exact}");
            }
        }
        let none = wavetable_synthesis(&f0_hz, &[0.5; 10], &[], 4, 1000, 16_000, PhaseMode::Exact);
        assert!(none.is_err());
    }

    #[test]
    fn delays_reach_back_and_do_not_ring() {
        let audio: Vec<f64> = (0..50).map(f64::from).collect();
        for delay in [0, 1, 7] {
            let y = variable_length_delay(&vec![delay as f64 / 8.0; 50], &audio, 8);
            assert!((0..50).all(|n| y[n] == (n as f64 - delay as f64).max(0.0)));
        }
        let between = variable_length_delay(&[2.5 / 8.0; 50], &audio, 8);
        assert_eq!(between[20], 17.5);
    }
}
