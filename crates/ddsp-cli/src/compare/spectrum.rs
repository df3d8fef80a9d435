//! What of a sound lies above a frequency.

use std::f64::consts::TAU;

use ddsp_core::fft::{Complex, RealFft};

const FFT_SIZE: usize = 4096;

/// How far a tone at the limit reaches through the window.
const GUARD_BINS: usize = 4;

/// The least that is told.
const FLOOR_DB: f64 = -150.0;

/// The energy above `limit_hz` over all energy in dB; none for silence, and for a rate that holds nothing
/// above the limit.
pub(super) fn energy_above_db(samples: &[f32], sample_rate: u32, limit_hz: f64) -> Option<f64> {
    let limit_bin = (limit_hz * FFT_SIZE as f64 / f64::from(sample_rate)).ceil() as usize;
    let first = limit_bin + GUARD_BINS;
    let mut fft = RealFft::<f64>::new(FFT_SIZE);
    let mut frame = vec![0.0; FFT_SIZE];
    let mut bins = vec![Complex { re: 0.0, im: 0.0 }; fft.n_bins()];
    if first >= bins.len() {
        return None;
    }
    let (mut above, mut all) = (0.0, 0.0);
    // Windows do not reach over the end, where a sound that is cut off has all frequencies.
    for start in (0..=samples.len().saturating_sub(FFT_SIZE)).step_by(FFT_SIZE / 2) {
        for (n, x) in frame.iter_mut().enumerate() {
            let window = 0.5 - 0.5 * (TAU * (n as f64 + 0.5) / FFT_SIZE as f64).cos();
            *x = samples.get(start + n).map_or(0.0, |sample| f64::from(*sample) * window);
        }
        fft.forward(&mut frame, &mut bins);
        all += bins.iter().map(Complex::norm_sqr).sum::<f64>();
        above += bins[first..].iter().map(Complex::norm_sqr).sum::<f64>();
    }
    (all > 0.0).then(|| (10.0 * (above / all).log10()).max(FLOOR_DB))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tones(low: f64, high: f64) -> Vec<f32> {
        let sine = |hz: f64, n: usize| (TAU * hz * n as f64 / 48_000.0).sin();
        (0..48_000).map(|n| (low * sine(1000.0, n) + high * sine(11_000.0, n)) as f32).collect()
    }

    #[test]
    fn the_share_is_that_of_the_energy() {
        let share = energy_above_db(&tones(0.5, 0.005), 48_000, 8_000.0).unwrap();
        assert!((share + 40.0).abs() < 0.1, "{share} dB");
        assert!(energy_above_db(&tones(0.5, 0.0), 48_000, 8_000.0).unwrap() < -100.0);
    }

    #[test]
    fn there_is_none_without_room_or_sound() {
        assert_eq!(energy_above_db(&tones(0.5, 0.5), 16_000, 8_000.0), None);
        assert_eq!(energy_above_db(&[0.0; 9000], 48_000, 8_000.0), None);
        assert_eq!(energy_above_db(&[], 48_000, 8_000.0), None);
    }
}
