//! An oscillator bank that is played from frames.

use crate::error::Error;
use crate::real::Real;
use crate::resample::ResampleMethod;
use crate::simd::{Isa, Kernel};
use crate::synth::oscillator_bank::{OscillatorBank, PhaseMode};

/// Samples whose frequencies and amplitudes are laid out at a time.
const STEP_SAMPLES: usize = 32;

/// Frequencies and amplitudes of every sinusoid at one frame.
#[derive(Debug, Clone, Default)]
pub(crate) struct SinusoidFrame<R> {
    pub(crate) frequencies_hz: Vec<R>,
    pub(crate) amplitudes: Vec<R>,
}

impl<R: Real> SinusoidFrame<R> {
    pub(crate) fn new(n_sinusoids: usize) -> Self {
        let zeros = vec![R::default(); n_sinusoids];
        Self { frequencies_hz: zeros.clone(), amplitudes: zeros }
    }
}

/// Resamples frames of sinusoids to samples, a few at a time, and plays them.
///
/// *Reference*: the end of Magenta's `core.harmonic_synthesis`: two `resample`s and `oscillator_bank`.
#[derive(Debug, Clone)]
pub(crate) struct FrameBank<R> {
    isa: Isa,
    bank: OscillatorBank<R>,
    frequency_fractions: Vec<R>,
    amplitude_fractions: Vec<R>,
    frequencies_hz: Vec<R>,
    amplitudes: Vec<R>,
}

impl<R: Real> FrameBank<R> {
    /// Allocates for `n_sinusoids`.
    ///
    /// *Errors*: the method takes more than two frames.
    pub(crate) fn new(
        n_sinusoids: usize,
        sample_rate: u32,
        hop_size: usize,
        amp_resample_method: ResampleMethod,
        phase_mode: PhaseMode,
    ) -> Result<Self, Error> {
        let fractions = |method: ResampleMethod| {
            method.fractions(hop_size).ok_or_else(|| {
                let detail =
                    "expected nearest, linear or window, found cubic, which does not stream";
                Error::config("amp_resample_method", detail)
            })
        };
        let zeros = vec![R::default(); STEP_SAMPLES * n_sinusoids];
        Ok(Self {
            isa: Isa::detect(),
            bank: OscillatorBank::new(n_sinusoids, sample_rate, phase_mode),
            frequency_fractions: fractions(ResampleMethod::Linear)?,
            amplitude_fractions: fractions(amp_resample_method)?,
            frequencies_hz: zeros.clone(),
            amplitudes: zeros,
        })
    }

    pub(crate) fn with_isa(mut self, isa: Isa) -> Self {
        self.bank = self.bank.with_isa(isa);
        self.isa = isa;
        self
    }

    pub(crate) fn reset(&mut self) {
        self.bank.reset();
    }

    /// The hop from one frame to the next. *Real time*: does not allocate.
    pub(crate) fn render_hop(
        &mut self,
        present: &SinusoidFrame<R>,
        next: &SinusoidFrame<R>,
        hop: &mut [R],
    ) {
        let n = self.bank.n_sinusoids();
        let frequency_fractions = self.frequency_fractions.chunks(STEP_SAMPLES);
        let amplitude_fractions = self.amplitude_fractions.chunks(STEP_SAMPLES);
        let fractions = frequency_fractions.zip(amplitude_fractions);
        for (out, (frequency_fractions, amplitude_fractions)) in
            hop.chunks_mut(STEP_SAMPLES).zip(fractions)
        {
            let frequencies_hz = &mut self.frequencies_hz[..out.len() * n];
            let amplitudes = &mut self.amplitudes[..out.len() * n];
            self.isa.run(Interpolate {
                present: &present.frequencies_hz,
                next: &next.frequencies_hz,
                fractions: frequency_fractions,
                out: frequencies_hz,
            });
            self.isa.run(Interpolate {
                present: &present.amplitudes,
                next: &next.amplitudes,
                fractions: amplitude_fractions,
                out: amplitudes,
            });
            self.bank.process(frequencies_hz, amplitudes, out);
        }
    }
}

/// Rows between two frames, one for each fraction.
struct Interpolate<'a, R> {
    present: &'a [R],
    next: &'a [R],
    fractions: &'a [R],
    out: &'a mut [R],
}

impl<R: Real> Kernel for Interpolate<'_, R> {
    #[inline(always)]
    fn run(self) {
        let Self { present, next, fractions, out } = self;
        for (row, &t) in out.chunks_exact_mut(present.len()).zip(fractions) {
            for ((out, &present), &next) in row.iter_mut().zip(present).zip(next) {
                // Rounded after the product, as the reference rounds.
                *out = present + (next - present) * t;
            }
        }
    }
}
