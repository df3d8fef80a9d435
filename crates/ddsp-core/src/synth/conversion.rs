//! Between a harmonic sound and the sinusoids that it consists of.

use crate::math::{DIVIDE_EPS, safe_divide};
use crate::real::Real;

/// The width of a Gaussian around each harmonic, in f0, by which sinusoids are shared out.
pub const HARMONIC_WIDTH: f64 = 0.1;

/// The frequencies of the first `n_harmonics` whole multiples of each f0.
///
/// *Shapes*: `f0_hz` `n_frames`; returns `n_frames × n_harmonics`.
///
/// *Reference*: Magenta's `core.get_harmonic_frequencies`.
pub fn harmonic_frequencies_hz<R: Real>(f0_hz: &[R], n_harmonics: usize) -> Vec<R> {
    let multiples = |&hz| (1..=n_harmonics).map(move |k| hz * R::narrow(k as f64));
    f0_hz.iter().flat_map(multiples).collect()
}

/// Sets the amplitude of what lies at or above half the sample rate to zero.
///
/// *Shapes*: two slices of one length.
///
/// *Reference*: Magenta's `core.remove_above_nyquist`.
pub fn remove_above_nyquist<R: Real>(frequencies_hz: &[R], amplitudes: &mut [R], sample_rate: u32) {
    let nyquist_hz = R::narrow(0.5 * f64::from(sample_rate));
    for (amplitude, &hz) in amplitudes.iter_mut().zip(frequencies_hz) {
        if hz >= nyquist_hz {
            *amplitude = R::default();
        }
    }
}

/// Scales each frame of `harmonic_distribution` to a sum of 1; a frame of zeros stays zero.
///
/// *Shapes*: `n_frames × n_harmonics`.
///
/// *Reference*: Magenta's `core.normalize_harmonics` without an f0; with one, it goes through
/// [`remove_above_nyquist`] first.
pub fn normalize_harmonics<R: Real>(harmonic_distribution: &mut [R], n_harmonics: usize) {
    for row in harmonic_distribution.chunks_exact_mut(n_harmonics) {
        let sum = row.iter().fold(R::default(), |sum, &x| sum + x);
        row.iter_mut().for_each(|x| *x = safe_divide(*x, sum, DIVIDE_EPS));
    }
}

/// Amplitudes and frequencies of the sinusoids of a harmonic sound.
///
/// *Shapes*: `harmonic_amplitude` and `f0_hz` `n_frames`, `harmonic_distribution`
/// `n_frames × n_harmonics`; returns amplitudes and frequencies in hertz of that shape.
///
/// *Reference*: Magenta's `core.harmonic_to_sinusoidal`.
pub fn harmonic_to_sinusoidal<R: Real>(
    harmonic_amplitude: &[R],
    harmonic_distribution: &[R],
    f0_hz: &[R],
    sample_rate: u32,
) -> (Vec<R>, Vec<R>) {
    let n_harmonics = harmonic_distribution.len() / f0_hz.len().max(1);
    let frequencies_hz = harmonic_frequencies_hz(f0_hz, n_harmonics);
    let mut amplitudes = harmonic_distribution.to_vec();
    remove_above_nyquist(&frequencies_hz, &mut amplitudes, sample_rate);
    normalize_harmonics(&mut amplitudes, n_harmonics.max(1));
    for (row, &level) in amplitudes.chunks_exact_mut(n_harmonics.max(1)).zip(harmonic_amplitude) {
        row.iter_mut().for_each(|x| *x *= level);
    }
    (amplitudes, frequencies_hz)
}

/// What [`sinusoidal_to_harmonic`] shares sinusoids out by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SinusoidalToHarmonic {
    /// The width of the Gaussian around each harmonic, in f0.
    pub harmonic_width: f64,
    /// The number of harmonics.
    pub n_harmonics: usize,
    /// Samples a second.
    pub sample_rate: u32,
    /// Whether a harmonic takes the mean of its sinusoids where their shares add up to more than 1.
    pub normalize: bool,
}

/// Shares sinusoids out to the harmonics of an f0: amplitude and distribution of each frame.
///
/// *Shapes*: `amplitudes` and `frequencies_hz` `n_frames × n_sinusoids`, `f0_hz` `n_frames`; returns
/// `n_frames` and `n_frames × n_harmonics`.
///
/// *Reference*: Magenta's `core.sinusoidal_to_harmonic`.
pub fn sinusoidal_to_harmonic<R: Real>(
    amplitudes: &[R],
    frequencies_hz: &[R],
    f0_hz: &[R],
    by: &SinusoidalToHarmonic,
) -> (Vec<R>, Vec<R>) {
    let n_sinusoids = (amplitudes.len() / f0_hz.len().max(1)).max(1);
    let width = R::narrow(by.harmonic_width);
    let one = R::narrow(1.0);
    let mut harmonic_amplitude = Vec::with_capacity(f0_hz.len());
    let mut harmonic_distribution = Vec::with_capacity(f0_hz.len() * by.n_harmonics);
    let frames = amplitudes.chunks_exact(n_sinusoids).zip(frequencies_hz.chunks_exact(n_sinusoids));
    for ((amplitudes, frequencies_hz), &f0_hz) in frames.zip(f0_hz) {
        let harmonics_hz = harmonic_frequencies_hz(&[f0_hz], by.n_harmonics);
        let share_amplitudes = |&harmonic_hz: &R| {
            let (mut amplitude, mut sum) = (R::default(), R::default());
            for (&sinusoid, &hz) in amplitudes.iter().zip(frequencies_hz) {
                let x = safe_divide(hz - harmonic_hz, f0_hz, DIVIDE_EPS) / width;
                let share = R::narrow((-(x * x)).widen().exp());
                amplitude += share * sinusoid;
                sum += share;
            }
            if by.normalize && sum > one { amplitude / sum } else { amplitude }
        };
        let mut row: Vec<R> = harmonics_hz.iter().map(share_amplitudes).collect();
        remove_above_nyquist(&harmonics_hz, &mut row, by.sample_rate);
        harmonic_amplitude.push(row.iter().fold(R::default(), |sum, &x| sum + x));
        normalize_harmonics(&mut row, by.n_harmonics);
        harmonic_distribution.extend(row);
    }
    (harmonic_amplitude, harmonic_distribution)
}
