//! Low-pass and high-pass filters from a windowed sinc.

use crate::error::Error;
use crate::filter::{DelayCompensation, Padding, fft_convolve};
use crate::real::Real;

/// `sin(pi x) / (pi x)`, and 1 at 0.
///
/// *Reference*: Magenta's `core.sinc`.
pub fn sinc<R: Real>(x: R) -> R {
    R::narrow(sinc_f64(x.widen()))
}

fn sinc_f64(x: f64) -> f64 {
    let w = std::f64::consts::PI * x;
    if x.abs() < 1e-20 { 1.0 } else { w.sin() / w }
}

/// The choices of [`sinc_impulse_response`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SincFilter {
    /// The length of the Hamming window; the response has the next odd number of taps.
    pub window_size: usize,
    /// The rate, if cutoff frequencies are in hertz; without, they are fractions of Nyquist.
    pub sample_rate: Option<u32>,
    /// Whether what lies above the cutoff passes, not what lies below.
    pub high_pass: bool,
}

impl SincFilter {
    /// The length of a response: `window_size`, or one more where that is even.
    pub fn n_taps(&self) -> usize {
        self.window_size / 2 * 2 + 1
    }
}

/// Cutoff frequencies to impulse responses in causal form. A whole-clip function.
///
/// *Shapes*: `cutoff_frequency` `n_frames`; returns `n_frames ×` [`SincFilter::n_taps`].
///
/// *Units and ranges*: cutoff frequencies above 0, see [`SincFilter::sample_rate`].
///
/// *Reference*: Magenta's `core.sinc_impulse_response`: a sinc under a Hamming window, divided by the
/// size of its sum, so that 0 Hz passes unchanged.
pub fn sinc_impulse_response<R: Real>(cutoff_frequency: &[R], filter: &SincFilter) -> Vec<R> {
    let n_taps = filter.n_taps();
    let half = (n_taps / 2) as f64;
    let hamming = |n: usize| match n_taps {
        1 => 1.0,
        _ => 0.54 - 0.46 * (std::f64::consts::TAU * n as f64 / (n_taps - 1) as f64).cos(),
    };
    let window: Vec<f64> = (0..n_taps).map(hamming).collect();
    let scale = filter.sample_rate.map_or(1.0, |rate| 2.0 / f64::from(rate));
    let mut out = Vec::with_capacity(n_taps * cutoff_frequency.len());
    for cutoff in cutoff_frequency.iter().map(|x| x.widen() * scale) {
        let tap = |n: usize| window[n] * sinc_f64(cutoff * (n as f64 - half));
        let gain = (0..n_taps).map(tap).sum::<f64>().abs();
        out.extend((0..n_taps).map(|n| {
            let low = tap(n) / gain;
            let pass = if n == n_taps / 2 { 1.0 } else { 0.0 };
            R::narrow(if filter.high_pass { pass - low } else { low })
        }));
    }
    out
}

/// Filters a clip by cutoff frequencies that follow each other, one frame of audio for each. A
/// whole-clip function.
///
/// *Errors*: as [`fft_convolve`].
///
/// *Reference*: Magenta's `core.sinc_filter`, which leaves one sample of the filter's delay.
pub fn sinc_filter<R: Real>(
    audio: &[R],
    cutoff_frequency: &[R],
    filter: &SincFilter,
    padding: Padding,
) -> Result<Vec<R>, Error> {
    let taps = sinc_impulse_response(cutoff_frequency, filter);
    let delay = DelayCompensation::LinearPhase;
    fft_convolve(audio, &taps, cutoff_frequency.len(), padding, delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64) -> Vec<f64> {
        (0..4000).map(|n| (std::f64::consts::TAU * hz * f64::from(n) / 16_000.0).sin()).collect()
    }

    #[test]
    fn what_lies_on_one_side_of_the_cutoff_passes() {
        let level = |hz: f64, high_pass: bool| {
            let filter = SincFilter { window_size: 257, sample_rate: Some(16_000), high_pass };
            let out = sinc_filter(&tone(hz), &[2000.0; 5], &filter, Padding::Same).unwrap();
            (out[1000..3000].iter().map(|x| x * x).sum::<f64>() / 1000.0).sqrt()
        };
        assert!((level(500.0, false) - 1.0).abs() < 0.01 && level(500.0, true) < 0.01);
        assert!((level(5000.0, true) - 1.0).abs() < 0.01 && level(5000.0, false) < 0.01);
    }

    #[test]
    fn responses_are_symmetric_and_pass_0_hz_unchanged_or_not_at_all() {
        for window_size in [0, 1, 2, 33, 64] {
            for high_pass in [false, true] {
                let filter = SincFilter { window_size, sample_rate: None, high_pass };
                let taps = sinc_impulse_response(&[0.3_f64], &filter);
                assert_eq!(taps.len(), filter.n_taps());
                let mirrored = taps.iter().zip(taps.iter().rev());
                assert!(mirrored.clone().all(|(a, b)| (a - b).abs() < 1e-15));
                let sum: f64 = taps.iter().sum();
                assert!((sum - if high_pass { 0.0 } else { 1.0 }).abs() < 1e-12);
            }
        }
        assert_eq!(sinc(0.0_f32), 1.0);
        assert!(
            sinc(3.0_f64).abs() < 1e-15
                && (sinc(0.5_f64) - std::f64::consts::FRAC_2_PI).abs() < 1e-15
        );
    }
}
