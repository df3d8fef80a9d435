//! A bank of sinusoids that each have their own frequency.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::real::Real;
use crate::resample::ResampleMethod;
use crate::scale::{ScaleFn, exp_sigmoid_all, frequencies_sigmoid};
use crate::simd::Isa;
use crate::synth::conversion::remove_above_nyquist;
use crate::synth::frame_bank::{FrameBank, SinusoidFrame};
use crate::synth::oscillator_bank::PhaseMode;

/// The range that [`FrequencyScaleFn::FrequenciesSigmoid`] spreads over, as Magenta's defaults.
const FREQUENCIES_SIGMOID_HZ: (f64, f64) = (0.0, 8000.0);

/// What turns raw outputs into frequencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrequencyScaleFn {
    /// [`frequencies_sigmoid`] of one raw output for each sinusoid, from 0 to 8000 Hz.
    #[default]
    FrequenciesSigmoid,
    /// Nothing: the decoder gives hertz.
    None,
}

/// Sizes and choices of a [`Sinusoidal`] synthesizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinusoidalConfig {
    /// The number of sinusoids.
    pub n_sinusoids: usize,
    /// How amplitudes move from frame to frame (frequencies always move linearly).
    pub amp_resample_method: ResampleMethod,
    /// How the phase is summed.
    pub phase_mode: PhaseMode,
    /// What squashes raw amplitudes.
    pub amp_scale_fn: ScaleFn,
    /// What squashes raw frequencies.
    pub freq_scale_fn: FrequencyScaleFn,
}

/// A streaming synthesizer of sinusoids.
///
/// *Reference*: Magenta's `synths.Sinusoidal`.
#[derive(Debug, Clone)]
pub struct Sinusoidal<R> {
    isa: Isa,
    sample_rate: u32,
    hop_size: usize,
    amp_scale_fn: ScaleFn,
    freq_scale_fn: FrequencyScaleFn,
    bank: FrameBank<R>,
    present: SinusoidFrame<R>,
    next: SinusoidFrame<R>,
    /// Whether there has been a frame.
    begun: bool,
}

impl<R: Real> Sinusoidal<R> {
    /// Allocates a synthesizer at `sample_rate` Hz with `hop_size` samples a frame.
    ///
    /// *Errors*: a size out of reason, or a resampling method that does not stream.
    pub fn new(
        config: &SinusoidalConfig,
        sample_rate: u32,
        hop_size: usize,
    ) -> Result<Self, Error> {
        let n = config.n_sinusoids;
        if !(1..=4096).contains(&n) {
            let detail = format!("expected 1 to 4096, found {n}");
            return Err(Error::config("sinusoidal.n_sinusoids", detail));
        }
        let (method, mode) = (config.amp_resample_method, config.phase_mode);
        Ok(Self {
            isa: Isa::detect(),
            sample_rate,
            hop_size,
            amp_scale_fn: config.amp_scale_fn,
            freq_scale_fn: config.freq_scale_fn,
            bank: FrameBank::new(n, sample_rate, hop_size, method, mode)?,
            present: SinusoidFrame::new(n),
            next: SinusoidFrame::new(n),
            begun: false,
        })
    }

    /// How far the signal comes behind the frames: a hop is played when the frame at its end is known.
    pub fn latency_samples(&self) -> usize {
        self.hop_size
    }

    /// Silence and all phases zero. *Real time*: does not allocate.
    pub fn reset(&mut self) {
        self.bank.reset();
        self.begun = false;
    }

    /// Raw outputs of one frame to controls, in place: amplitudes, and frequencies in hertz.
    ///
    /// *Shapes*: two slices of `n_sinusoids`.
    ///
    /// *Real time*: does not allocate. *Reference*: Magenta's `Sinusoidal.get_controls`.
    pub fn controls(&self, amplitudes: &mut [R], frequencies: &mut [R]) {
        match self.amp_scale_fn {
            ScaleFn::ExpSigmoid => exp_sigmoid_all(self.isa, amplitudes, R::default()),
            ScaleFn::None => {}
        }
        match self.freq_scale_fn {
            FrequencyScaleFn::FrequenciesSigmoid => {
                let (hz_min, hz_max) = FREQUENCIES_SIGMOID_HZ;
                for x in frequencies.iter_mut() {
                    let raw = [*x];
                    frequencies_sigmoid(&raw, 1, hz_min, hz_max, std::slice::from_mut(x));
                }
                remove_above_nyquist(frequencies, amplitudes, self.sample_rate);
            }
            FrequencyScaleFn::None => {}
        }
    }

    /// Plays on to each of the next frames.
    ///
    /// *Shapes*: `amplitudes` and `frequencies_hz` `n_frames × n_sinusoids`, `signal`
    /// `n_frames × hop_size`. The hop before the first frame is silent.
    ///
    /// *Real time*: does not allocate; the cost is proportional to the number of frames.
    pub fn process(&mut self, amplitudes: &[R], frequencies_hz: &[R], signal: &mut [R]) {
        let n = self.next.amplitudes.len();
        let frames = amplitudes.chunks_exact(n).zip(frequencies_hz.chunks_exact(n));
        for ((amplitudes, frequencies_hz), hop) in frames.zip(signal.chunks_mut(self.hop_size)) {
            self.next.amplitudes.copy_from_slice(amplitudes);
            self.next.frequencies_hz.copy_from_slice(frequencies_hz);
            if self.begun {
                self.bank.render_hop(&self.present, &self.next, hop);
            } else {
                hop.fill(R::default());
            }
            self.begun = true;
            std::mem::swap(&mut self.present, &mut self.next);
        }
    }

    /// The last hop, holding the last frame; the synthesizer is as after `reset` then.
    ///
    /// *Real time*: does not allocate.
    pub fn finish(&mut self, hop: &mut [R]) {
        if self.begun {
            self.bank.render_hop(&self.present, &self.present, hop);
        } else {
            hop.fill(R::default());
        }
        self.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn synth() -> Sinusoidal<f64> {
        let config = SinusoidalConfig {
            n_sinusoids: 2,
            amp_resample_method: ResampleMethod::Window,
            phase_mode: PhaseMode::Exact,
            amp_scale_fn: ScaleFn::ExpSigmoid,
            freq_scale_fn: FrequencyScaleFn::FrequenciesSigmoid,
        };
        Sinusoidal::new(&config, 16_000, 64).unwrap()
    }

    #[test]
    fn each_sinusoid_has_its_own_frequency_and_amplitude() {
        let (mut synth, n) = (synth(), 50);
        let mut out = vec![0.0; (n + 1) * 64];
        let (body, tail) = out.split_at_mut(n * 64);
        synth.process(&[0.5, 0.25].repeat(n), &[440.0, 1234.5].repeat(n), body);
        synth.finish(tail);
        for (i, &x) in out[64..].iter().enumerate() {
            let sine = |hz: f64| (std::f64::consts::TAU * hz * (i + 1) as f64 / 16_000.0).sin();
            assert!((x - 0.5 * sine(440.0) - 0.25 * sine(1234.5)).abs() < 1e-9, "sample {i}");
        }
    }

    #[test]
    fn raw_outputs_become_amplitudes_and_hertz() {
        let (mut amplitudes, mut frequencies) = ([0.0, 50.0], [0.0, 50.0]);
        synth().controls(&mut amplitudes, &mut frequencies);
        assert!((frequencies[0] - 4000.0).abs() < 1e-9);
        assert!(frequencies[1] <= 8000.0 && amplitudes[0] > 0.4);
        assert_eq!(amplitudes[1], 0.0, "what lies at Nyquist is silent");
    }
}
