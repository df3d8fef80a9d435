//! Harmonic sound from controls at any frame rate, whole clips at a time.
//!
//! [`Harmonic`](crate::synth::Harmonic) streams; these take every resampling method, shifted harmonics
//! and lengths that are no whole number of hops.

use crate::error::Error;
use crate::real::Real;
use crate::resample::{ResampleMethod, resample};
use crate::simd::sum;
use crate::synth::conversion::{
    harmonic_frequencies_hz, normalize_harmonics, remove_above_nyquist,
};
use crate::synth::oscillator_bank::{
    ANGULAR_CHUNK_SAMPLES, OscillatorBank, PhaseMode, SummedPhases,
};

/// Controls of a harmonic sound, one row a frame.
#[derive(Debug, Clone, Copy)]
pub struct HarmonicControls<'a, R> {
    /// The fundamental, `n_frames`.
    pub f0_hz: &'a [R],
    /// The amplitude of all harmonics, `n_frames`.
    pub amplitudes: &'a [R],
    /// By how much of itself each harmonic's frequency is raised, `n_frames × n_harmonics`.
    pub harmonic_shifts: Option<&'a [R]>,
    /// The share of each harmonic, `n_frames × n_harmonics`.
    pub harmonic_distribution: Option<&'a [R]>,
}

impl<R: Real> HarmonicControls<'_, R> {
    fn n_harmonics(&self) -> usize {
        let n_frames = self.f0_hz.len().max(1);
        let of = |rows: Option<&[R]>| rows.map(|rows| rows.len() / n_frames);
        of(self.harmonic_distribution).or(of(self.harmonic_shifts)).unwrap_or(1)
    }

    /// `n_frames × n_harmonics`.
    fn harmonic_amplitudes(&self) -> Vec<R> {
        let Some(distribution) = self.harmonic_distribution else {
            let n_harmonics = self.n_harmonics();
            return self.amplitudes.iter().flat_map(|&a| vec![a; n_harmonics]).collect();
        };
        let rows = distribution.chunks_exact(self.n_harmonics().max(1)).zip(self.amplitudes);
        rows.flat_map(|(row, &amplitude)| row.iter().map(move |&x| amplitude * x)).collect()
    }
}

/// Harmonics from controls. A whole-clip function.
///
/// *Shapes*: returns `n_samples`; frames are spread evenly over them.
///
/// *Errors*: those of [`resample`].
///
/// *Reference*: Magenta's `core.harmonic_synthesis`.
pub fn harmonic_synthesis<R: Real>(
    controls: &HarmonicControls<'_, R>,
    n_samples: usize,
    sample_rate: u32,
    amp_resample_method: ResampleMethod,
    phase_mode: PhaseMode,
) -> Result<Vec<R>, Error> {
    let n_harmonics = controls.n_harmonics();
    let mut frequencies_hz = harmonic_frequencies_hz(controls.f0_hz, n_harmonics);
    for (hz, &shift) in frequencies_hz.iter_mut().zip(controls.harmonic_shifts.unwrap_or_default())
    {
        *hz *= R::narrow(1.0) + shift;
    }
    let amplitudes = controls.harmonic_amplitudes();
    sinusoidal_synthesis(
        &frequencies_hz,
        &amplitudes,
        n_harmonics,
        n_samples,
        sample_rate,
        amp_resample_method,
        phase_mode,
    )
}

/// Sinusoids from frames of frequencies and amplitudes. A whole-clip function.
///
/// *Shapes*: `frequencies_hz` and `amplitudes` `n_frames × n_sinusoids`; returns `n_samples`.
///
/// *Errors*: those of [`resample`].
///
/// *Reference*: Magenta's `synths.Sinusoidal.get_signal`.
pub fn sinusoidal_synthesis<R: Real>(
    frequencies_hz: &[R],
    amplitudes: &[R],
    n_sinusoids: usize,
    n_samples: usize,
    sample_rate: u32,
    amp_resample_method: ResampleMethod,
    phase_mode: PhaseMode,
) -> Result<Vec<R>, Error> {
    let linear = ResampleMethod::Linear;
    let frequencies_hz = resample(frequencies_hz, n_sinusoids, n_samples, linear, true)?;
    let amplitudes = resample(amplitudes, n_sinusoids, n_samples, amp_resample_method, true)?;
    let mut signal = vec![R::default(); n_samples];
    OscillatorBank::new(n_sinusoids, sample_rate, phase_mode).process(
        &frequencies_hz,
        &amplitudes,
        &mut signal,
    );
    Ok(signal)
}

/// Harmonics that all take the phase of one fundamental, and the phase that this ends with, in radians
/// and unwrapped by `initial_phase`. A whole-clip function.
///
/// Nothing is removed above Nyquist.
///
/// *Shapes*: `f0_hz` `n_samples`, `amplitudes` `n_samples × n_harmonics`.
///
/// *Reference*: Magenta's `core.harmonic_oscillator_bank`; [`PhaseMode::Exact`] sums in f64 there.
pub fn harmonic_oscillator_bank<R: Real>(
    f0_hz: &[R],
    amplitudes: &[R],
    initial_phase: R,
    sample_rate: u32,
    phase_mode: PhaseMode,
) -> (Vec<R>, R) {
    let n_harmonics = amplitudes.len() / f0_hz.len().max(1);
    let (tau, rate) = (R::narrow(std::f64::consts::TAU), R::narrow(f64::from(sample_rate)));
    let mut summed = match phase_mode {
        PhaseMode::Exact => None,
        PhaseMode::MagentaF32 => Some(SummedPhases::<R>::new(1, None)),
        PhaseMode::MagentaAngular => Some(SummedPhases::new(1, Some(ANGULAR_CHUNK_SAMPLES))),
    };
    let mut cycles = 0.0;
    let mut row = vec![R::default(); n_harmonics];
    let mut phase = initial_phase;
    let mut signal = Vec::with_capacity(f0_hz.len());
    for (&hz, amplitudes) in f0_hz.iter().zip(amplitudes.chunks_exact(n_harmonics.max(1))) {
        let mut step = [hz * tau / rate];
        match &mut summed {
            Some(summed) => summed.advance(&mut step),
            None => {
                cycles += hz.widen() / f64::from(sample_rate);
                cycles -= f64::floor(cycles);
                step = [R::narrow(cycles * std::f64::consts::TAU)];
            }
        }
        phase = step[0] + initial_phase;
        for (k, (out, &amplitude)) in row.iter_mut().zip(amplitudes).enumerate() {
            *out = amplitude * (phase * R::narrow((k + 1) as f64)).sin_radians();
        }
        signal.push(sum(&row, |x| x));
    }
    (signal, phase)
}

/// Harmonics from controls that go on from an `initial_phase`, and the phase that this ends with. A
/// whole-clip function.
///
/// *Shapes* and *errors*: those of [`harmonic_synthesis`]; there are no shifts.
///
/// *Reference*: Magenta's `core.streaming_harmonic_synthesis`, which sums phase in chunks, and removes
/// what lies above Nyquist and normalises at the frames, not at the samples.
pub fn streaming_harmonic_synthesis<R: Real>(
    controls: &HarmonicControls<'_, R>,
    initial_phase: R,
    n_samples: usize,
    sample_rate: u32,
    amp_resample_method: ResampleMethod,
    phase_mode: PhaseMode,
) -> Result<(Vec<R>, R), Error> {
    let n_harmonics = controls.n_harmonics();
    let distribution = controls.harmonic_distribution.map(|distribution| {
        let frequencies_hz = harmonic_frequencies_hz(controls.f0_hz, n_harmonics);
        let mut distribution = distribution.to_vec();
        remove_above_nyquist(&frequencies_hz, &mut distribution, sample_rate);
        normalize_harmonics(&mut distribution, n_harmonics);
        distribution
    });
    let harmonic_distribution = distribution.as_deref();
    let amplitudes = HarmonicControls { harmonic_distribution, ..*controls }.harmonic_amplitudes();
    let f0_hz = resample(controls.f0_hz, 1, n_samples, ResampleMethod::Linear, true)?;
    let amplitudes = resample(&amplitudes, n_harmonics, n_samples, amp_resample_method, true)?;
    Ok(harmonic_oscillator_bank(&f0_hz, &amplitudes, initial_phase, sample_rate, phase_mode))
}
