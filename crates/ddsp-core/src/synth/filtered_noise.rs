//! White noise through a filter whose frequency response is a control.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::filter::{DelayCompensation, FirFilter, FrequencySampling};
use crate::real::Real;
use crate::scale::exp_sigmoid_all;
use crate::simd::Isa;

/// Sizes and choices of a [`FilteredNoise`] synthesizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilteredNoiseConfig {
    /// Bands of the frequency response, spaced linearly from 0 Hz to Nyquist.
    pub n_noise_bands: usize,
    /// Added to the raw magnitudes, so that an untrained model is quiet.
    pub initial_bias: f64,
    /// Length of the window over the impulse response; 0 or too long means all of it.
    pub window_size: usize,
}

/// A streaming filtered-noise synthesizer.
///
/// Each frame's hop of noise is convolved with a linear-phase impulse response whose spectrum is
/// `noise_magnitudes` (smoothed by a Hann window), and the results are overlapped and added.
///
/// *Reference*: Engel et al. 2020, section 3.3; Magenta's `synths.FilteredNoise`,
/// `core.frequency_filter`. Two samples of the filter's delay stay in the signal, as there.
#[derive(Debug, Clone)]
pub struct FilteredNoise<R> {
    isa: Isa,
    hop_size: usize,
    initial_bias: R,
    design: FrequencySampling<R>,
    taps: Vec<R>,
    filter: FirFilter<R>,
}

impl<R: Real> FilteredNoise<R> {
    /// Allocates a synthesizer with `hop_size` samples a frame.
    ///
    /// *Errors*: a size is out of reason.
    pub fn new(config: &FilteredNoiseConfig, hop_size: usize) -> Result<Self, Error> {
        let n_bands = config.n_noise_bands;
        if !(3..=16_385).contains(&n_bands) {
            let detail = format!("expected 3 to 16385, found {n_bands}");
            return Err(Error::config("filtered_noise.n_noise_bands", detail));
        }
        let design = FrequencySampling::new(n_bands, config.window_size)?;
        let n_taps = design.n_taps();
        Ok(Self {
            isa: Isa::detect(),
            hop_size,
            initial_bias: R::narrow(config.initial_bias),
            design,
            taps: vec![R::default(); n_taps],
            filter: FirFilter::new(n_taps, hop_size)?,
        })
    }

    /// Runs on another instruction set than the machine's best: for tests and benchmarks.
    pub fn with_isa(mut self, isa: Isa) -> Self {
        self.isa = isa;
        self.filter = self.filter.with_isa(isa);
        self
    }

    /// The raw outputs that a frame takes.
    pub fn n_raw(&self) -> usize {
        self.design.n_bands()
    }

    /// How far the signal comes behind the noise: the part of the filter's delay that Magenta's
    /// `core.crop_and_compensate_delay` takes away.
    pub fn latency_samples(&self) -> usize {
        DelayCompensation::LinearPhase.samples(self.taps.len())
    }

    /// Silence. *Real time*: does not allocate.
    pub fn reset(&mut self) {
        self.filter.reset();
    }

    /// Raw outputs of one frame to `noise_magnitudes`, in place.
    ///
    /// *Real time*: does not allocate. *Reference*: Magenta's `FilteredNoise.get_controls`.
    pub fn controls(&self, raw: &mut [R]) {
        exp_sigmoid_all(self.isa, &mut raw[..self.n_raw()], self.initial_bias);
    }

    /// Filters the noise of the next frames.
    ///
    /// *Shapes*: `controls` `n_frames` rows of `stride` values that begin with `noise_magnitudes`;
    /// `noise` and `signal` `n_frames × hop_size`.
    ///
    /// *Real time*: does not allocate; the cost is proportional to the number of frames.
    pub fn process(&mut self, controls: &[R], stride: usize, noise: &[R], signal: &mut [R]) {
        debug_assert_eq!(noise.len(), signal.len());
        let hops = noise.chunks_exact(self.hop_size).zip(signal.chunks_exact_mut(self.hop_size));
        for ((noise, signal), controls) in hops.zip(controls.chunks(stride)) {
            let magnitudes = &controls[..self.n_raw()];
            self.design.design(self.isa, magnitudes, &mut self.taps);
            self.filter.process(&self.taps, noise, signal);
        }
    }

    /// What comes after the last frame, into `signal` of at most `hop_size` samples at a time.
    ///
    /// *Real time*: does not allocate.
    pub fn finish(&mut self, signal: &mut [R]) {
        self.filter.finish(signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::fill_uniform;

    fn synth() -> FilteredNoise<f32> {
        let config = FilteredNoiseConfig { n_noise_bands: 65, initial_bias: -5.0, window_size: 0 };
        FilteredNoise::new(&config, 64).unwrap()
    }

    #[test]
    fn a_flat_response_passes_noise_delayed_by_the_centre_tap() {
        let mut noise = vec![0.0; 640];
        fill_uniform(1, 0, &mut noise);
        let mut signal = vec![0.0; 640];
        synth().process(&[1.0; 650], 65, &noise, &mut signal);
        for n in 64..640 {
            assert!((signal[n] - noise[n - 64]).abs() < 1e-5, "sample {n}");
        }
        assert_eq!(synth().latency_samples(), 62);
    }

    #[test]
    fn one_open_band_lets_only_its_frequencies_through() {
        let mut magnitudes = vec![0.0; 65];
        magnitudes[20] = 1.0;
        let mut noise = vec![0.0; 64 * 200];
        fill_uniform(1, 0, &mut noise);
        let mut signal = vec![0.0; noise.len()];
        synth().process(&magnitudes.repeat(200), 65, &noise, &mut signal);
        let energy = |band: f64| {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, &x) in signal.iter().enumerate() {
                let w = std::f64::consts::TAU * band * n as f64 / 128.0;
                re += f64::from(x) * w.cos();
                im += f64::from(x) * w.sin();
            }
            re * re + im * im
        };
        let around = |band: f64| (-8..=8).map(|i| energy(band + f64::from(i) / 40.0)).sum::<f64>();
        assert!(around(20.0) > 1e3 * around(30.0));
    }

    #[test]
    fn silence_in_is_silence_out_and_reset_forgets() {
        let mut synth = synth();
        let mut signal = vec![1.0; 64];
        synth.process(&[1.0; 65], 65, &[1.0; 64], &mut signal);
        synth.reset();
        synth.process(&[1.0; 65], 65, &[0.0; 64], &mut signal);
        assert!(signal.iter().all(|&x| x == 0.0));
    }
}
