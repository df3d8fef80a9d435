//! Linear-phase filters from the magnitudes of their frequency response.

use crate::error::Error;
use crate::feature::framing::hann_window;
use crate::filter::{DelayCompensation, Padding, fft_convolve};
use crate::nn::matrix::PackedMatrix;
use crate::real::Real;
use crate::simd::Isa;

/// The design of linear-phase impulse responses by the frequency sampling method: magnitudes at even
/// steps from 0 Hz to Nyquist, an inverse transform, a Hann window, a shift to causal form. All of it is
/// one linear map, which is prepared here as a matrix.
///
/// *Reference*: Smith 2011, "Spectral Audio Signal Processing", section "Windowing a desired impulse
/// response"; Magenta's `core.frequency_impulse_response`.
#[derive(Debug, Clone)]
pub struct FrequencySampling<R> {
    taps_of_magnitudes: PackedMatrix<R>,
}

impl<R: Real> FrequencySampling<R> {
    /// Prepares the design for `n_bands` magnitudes and a window; a `window_size` of 0 or more than the
    /// response's `2 (n_bands - 1)` samples means all of it.
    ///
    /// *Errors*: `n_bands` is not in 2 to 16385.
    pub fn new(n_bands: usize, window_size: usize) -> Result<Self, Error> {
        let (table, n_taps) = frequency_sampling_table(n_bands, window_size)?;
        let table: Vec<R> = table.into_iter().map(R::narrow).collect();
        let bias = vec![R::default(); n_taps];
        Ok(Self { taps_of_magnitudes: PackedMatrix::new(n_bands, n_taps, &table, &bias) })
    }

    /// The number of magnitudes.
    pub fn n_bands(&self) -> usize {
        self.taps_of_magnitudes.n_in()
    }

    /// The length of a response: all `2 (n_bands - 1)` samples, or with a shorter window `window_size`
    /// where that is odd, one less where it is even.
    pub fn n_taps(&self) -> usize {
        self.taps_of_magnitudes.n_out()
    }

    /// Magnitudes to impulse responses.
    ///
    /// *Shapes*: `magnitudes` `n_frames × n_bands`, `taps` `n_frames × n_taps`.
    ///
    /// *Real time*: does not allocate.
    pub fn design(&self, isa: Isa, magnitudes: &[R], taps: &mut [R]) {
        self.taps_of_magnitudes.multiply(isa, magnitudes, taps);
    }
}

/// The matrix of a [`FrequencySampling`], `n_bands × n_taps`, and its number of taps.
///
/// *Errors*: as [`FrequencySampling::new`].
pub fn frequency_sampling_table(
    n_bands: usize,
    window_size: usize,
) -> Result<(Vec<f64>, usize), Error> {
    if !(2..=16_385).contains(&n_bands) {
        let detail = format!("expected 2 to 16385, found {n_bands}");
        return Err(Error::config("frequency_sampling.n_bands", detail));
    }
    let ir_size = 2 * (n_bands - 1);
    let taps = windowed_taps(ir_size, window_size);
    let mut table = Vec::with_capacity(n_bands * taps.len());
    for k in 0..n_bands {
        let inner = k > 0 && k < n_bands - 1;
        let weight = if inner { 2.0 } else { 1.0 } / ir_size as f64;
        for &(time, window) in &taps {
            let cycles = ((k * time) % ir_size) as f64 / ir_size as f64;
            table.push(weight * window * (std::f64::consts::TAU * cycles).cos());
        }
    }
    Ok((table, taps.len()))
}

/// Magnitudes to impulse responses. A whole-clip function.
///
/// *Shapes*: `magnitudes` `n_frames × n_bands`; returns `n_frames ×` [`FrequencySampling::n_taps`].
///
/// *Errors*: as [`FrequencySampling::new`].
///
/// *Reference*: Magenta's `core.frequency_impulse_response`.
pub fn frequency_impulse_response<R: Real>(
    magnitudes: &[R],
    n_bands: usize,
    window_size: usize,
) -> Result<Vec<R>, Error> {
    let design = FrequencySampling::new(n_bands, window_size)?;
    let n_frames = magnitudes.len() / n_bands;
    let mut taps = vec![R::default(); n_frames * design.n_taps()];
    design.design(Isa::detect(), &magnitudes[..n_frames * n_bands], &mut taps);
    Ok(taps)
}

/// Filters a clip by magnitudes that follow each other, one frame of audio for each. A whole-clip
/// function; [`FilteredNoise`](crate::synth::FilteredNoise) streams the same filter.
///
/// *Shapes*: `magnitudes` `n_frames × n_bands`.
///
/// *Errors*: as [`FrequencySampling::new`] and [`fft_convolve`].
///
/// *Reference*: Magenta's `core.frequency_filter`. Two samples of the filter's delay stay, as there.
pub fn frequency_filter<R: Real>(
    audio: &[R],
    magnitudes: &[R],
    n_bands: usize,
    window_size: usize,
    padding: Padding,
) -> Result<Vec<R>, Error> {
    let taps = frequency_impulse_response(magnitudes, n_bands, window_size)?;
    fft_convolve(audio, &taps, magnitudes.len() / n_bands, padding, DelayCompensation::LinearPhase)
}

/// Windows impulse responses and puts them in causal form, the peak in the middle; a window shorter than
/// the response trims it as in [`FrequencySampling::n_taps`]. A whole-clip function.
///
/// *Shapes*: `impulse_response` `n_frames × ir_size`, with time 0 first, or in the middle if `causal`.
///
/// *Panics* if `ir_size` is 0.
///
/// *Reference*: Magenta's `core.apply_window_to_impulse_response`.
pub fn apply_window_to_impulse_response<R: Real>(
    impulse_response: &[R],
    ir_size: usize,
    window_size: usize,
    causal: bool,
) -> Vec<R> {
    let shift = if causal { ir_size.div_ceil(2) } else { 0 };
    let taps = windowed_taps(ir_size, window_size);
    let frames = impulse_response.chunks_exact(ir_size);
    let windowed =
        |ir: &[R]| taps.iter().map(|&(i, w)| ir[(i + shift) % ir_size] * R::narrow(w)).collect();
    frames.flat_map(|ir| -> Vec<R> { windowed(ir) }).collect()
}

/// The taps of a windowed response in causal form: for each the time in the response, 0 being the centre
/// and negative times counted from the end, and its window.
///
/// *Reference*: Magenta's `core.apply_window_to_impulse_response`. A window shorter than the response
/// trims it to `window_size` samples where that is odd, one less where it is even, as there; an odd one
/// is centred one sample early, as there.
fn windowed_taps(ir_size: usize, window_size: usize) -> Vec<(usize, f64)> {
    let window_size = if window_size == 0 || window_size > ir_size { ir_size } else { window_size };
    let window = hann_window(window_size);
    let hann = |n: usize| window[n];
    if window_size == ir_size {
        // Both the response and the window are rotated; an odd window comes out one sample early.
        let (centre, early) = (ir_size.div_ceil(2), ir_size % 2);
        return (0..ir_size)
            .map(|n| ((n + centre) % ir_size, hann((n + early) % ir_size)))
            .collect();
    }
    let half = window_size.div_ceil(2);
    let zero_phase = |time: usize| {
        let after = window_size - half;
        if time < after {
            hann(half + time)
        } else if time >= ir_size - half {
            hann(time - (ir_size - half))
        } else {
            0.0
        }
    };
    let first = ir_size - (half - 1) + 1;
    (first..ir_size).chain(0..half + 1).map(|time| (time, zero_phase(time))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The magnitude of a response at a frequency in cycles a sample.
    fn magnitude(taps: &[f64], frequency: f64) -> f64 {
        let w = |n: usize| std::f64::consts::TAU * frequency * n as f64;
        let sum = |f: fn(f64) -> f64| -> f64 {
            taps.iter().enumerate().map(|(n, tap)| tap * f(w(n))).sum()
        };
        sum(f64::cos).hypot(sum(f64::sin))
    }

    #[test]
    fn the_response_has_the_magnitudes_that_were_asked_for() {
        let magnitudes: Vec<f64> = (0..65).map(|k| if k < 32 { 1.0 } else { 0.25 }).collect();
        let taps = frequency_impulse_response(&magnitudes, 65, 0).unwrap();
        assert_eq!(taps.len(), 128);
        for k in (0..65).filter(|k| !(28..36).contains(k)) {
            let found = magnitude(&taps, k as f64 / 128.0);
            assert!((found - magnitudes[k]).abs() < 1e-3, "band {k}: {found}");
        }
    }

    #[test]
    fn a_flat_response_is_one_tap_in_the_middle() {
        for (window_size, n_taps, peak) in [(0, 32, 16), (20, 19, 8)] {
            let taps = frequency_impulse_response(&[1.0_f64; 17], 17, window_size).unwrap();
            assert_eq!(taps.len(), n_taps);
            for (n, tap) in taps.iter().enumerate() {
                assert!((tap - f64::from(u8::from(n == peak))).abs() < 1e-12, "{n}: {tap}");
            }
        }
    }

    #[test]
    fn windowing_the_causal_form_and_the_zero_phase_form_are_the_same() {
        for (ir_size, window_size) in [(8, 0), (8, 5), (8, 4), (2, 1), (2, 0), (1, 1)] {
            let zero_phase: Vec<f64> = (0..ir_size).map(|n| 1.0 + n as f64).collect();
            let mut causal = zero_phase.clone();
            causal.rotate_right(ir_size / 2);
            let a = apply_window_to_impulse_response(&zero_phase, ir_size, window_size, false);
            let b = apply_window_to_impulse_response(&causal, ir_size, window_size, true);
            assert_eq!(a, b);
            assert!(a.iter().all(|x| x.is_finite()));
        }
    }

    #[test]
    fn impossible_sizes_are_refused() {
        assert!(FrequencySampling::<f32>::new(1, 0).is_err());
        assert!(FrequencySampling::<f32>::new(16_386, 0).is_err());
        assert!(frequency_filter(&[1.0_f32; 10], &[1.0; 21], 3, 0, Padding::Same).is_err());
    }
}
