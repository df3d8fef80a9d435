//! A bank of sinusoids with any frequencies, each with its own phase.

use serde::{Deserialize, Serialize};

use crate::real::Real;
use crate::simd::{Isa, Kernel, sum};

/// How phase is summed from frequency.
///
/// A sum of f32 radians is rounded at every sample, the more coarsely the further it has grown: within
/// seconds the harmonics slide against each other, within minutes they are out of tune. The modes named
/// after Magenta do as it does, to sound as a checkpoint sounded there; everything else wants `Exact`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseMode {
    /// In f64 cycles, wrapped at every sample: an hour is as exact as a second.
    #[default]
    Exact,
    /// For each sinusoid, f32 radians summed from sample to sample and never wrapped: what Magenta's
    /// `core.oscillator_bank` does by default since its version 3.
    MagentaF32,
    /// For each sinusoid, f32 radians summed in chunks of 1000 samples that start wrapped: Magenta's
    /// `core.angular_cumsum`, the default of timbre transfer in its version 1.
    MagentaAngular,
}

impl PhaseMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Exact, Self::MagentaF32, Self::MagentaAngular];

    /// Its name in a model file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::MagentaF32 => "magenta_f32",
            Self::MagentaAngular => "magenta_angular",
        }
    }
}

/// The chunk of [`PhaseMode::MagentaAngular`].
pub const ANGULAR_CHUNK_SAMPLES: usize = 1000;

/// Radians of some sinusoids, summed in the arithmetic of `R` as Magenta sums them.
///
/// *Reference*: Magenta's `core.angular_cumsum`, and TensorFlow's `cumsum` where nothing is wrapped.
#[derive(Debug, Clone)]
pub(crate) struct SummedPhases<R> {
    sums: Vec<R>,
    /// Only with chunks: what the chunks before add up to, unwrapped and wrapped.
    offset_sums: Vec<R>,
    offsets: Vec<R>,
    chunk_samples: Option<usize>,
    n_in_chunk: usize,
}

impl<R: Real> SummedPhases<R> {
    /// Phases of zero; `chunk_samples` is `None` for a sum that is never wrapped.
    pub(crate) fn new(n: usize, chunk_samples: Option<usize>) -> Self {
        let zeros = vec![R::default(); n];
        let offsets = if chunk_samples.is_some() { zeros.clone() } else { Vec::new() };
        let offset_sums = offsets.clone();
        Self { sums: zeros, offset_sums, offsets, chunk_samples, n_in_chunk: 0 }
    }

    pub(crate) fn reset(&mut self) {
        for values in [&mut self.sums, &mut self.offset_sums, &mut self.offsets] {
            values.fill(R::default());
        }
        self.n_in_chunk = 0;
    }

    /// Goes on by one sample: radians per sample come in, the phases after that sample go out.
    #[inline(always)]
    pub(crate) fn advance(&mut self, row: &mut [R]) {
        let Some(chunk_samples) = self.chunk_samples else {
            for (x, sum) in row.iter_mut().zip(&mut self.sums) {
                *sum += *x;
                *x = *sum;
            }
            return;
        };
        for ((x, sum), &offset) in row.iter_mut().zip(&mut self.sums).zip(&self.offsets) {
            *sum += *x;
            *x = (*sum + offset).wrap_radians();
        }
        self.n_in_chunk += 1;
        if self.n_in_chunk == chunk_samples {
            self.next_chunk();
        }
    }

    fn next_chunk(&mut self) {
        let rows = self.sums.iter_mut().zip(&mut self.offset_sums).zip(&mut self.offsets);
        for ((sum, offset_sum), offset) in rows {
            *offset_sum += sum.wrap_radians();
            *offset = offset_sum.wrap_radians();
            *sum = R::default();
        }
        self.n_in_chunk = 0;
    }
}

/// The phases of a bank, by mode.
#[derive(Debug, Clone)]
enum Phases<R> {
    /// Cycles in [0, 1).
    Exact(Vec<f64>),
    Summed(SummedPhases<R>),
}

/// A streaming bank of sinusoids.
///
/// `signal[n] = sum_i amplitude[n, i] sin(phase[n, i])` over the sinusoids below Nyquist, where `phase`
/// includes the increment of its own sample.
///
/// *Reference*: Magenta's `core.oscillator_bank`.
#[derive(Debug, Clone)]
pub struct OscillatorBank<R> {
    isa: Isa,
    sample_rate: f64,
    phases: Phases<R>,
    /// One sample of every sinusoid: increments, then sines.
    row: Vec<R>,
}

impl<R: Real> OscillatorBank<R> {
    /// A bank of `n_sinusoids` at `sample_rate` Hz with all phases zero.
    pub fn new(n_sinusoids: usize, sample_rate: u32, phase_mode: PhaseMode) -> Self {
        let summed = |chunk| Phases::Summed(SummedPhases::new(n_sinusoids, chunk));
        Self {
            isa: Isa::detect(),
            sample_rate: f64::from(sample_rate),
            phases: match phase_mode {
                PhaseMode::Exact => Phases::Exact(vec![0.0; n_sinusoids]),
                PhaseMode::MagentaF32 => summed(None),
                PhaseMode::MagentaAngular => summed(Some(ANGULAR_CHUNK_SAMPLES)),
            },
            row: vec![R::default(); n_sinusoids],
        }
    }

    /// Runs on another instruction set than the machine's best: for tests and benchmarks.
    pub fn with_isa(mut self, isa: Isa) -> Self {
        self.isa = isa;
        self
    }

    /// The number of sinusoids.
    pub fn n_sinusoids(&self) -> usize {
        self.row.len()
    }

    /// All phases zero. *Real time*: does not allocate.
    pub fn reset(&mut self) {
        match &mut self.phases {
            Phases::Exact(cycles) => cycles.fill(0.0),
            Phases::Summed(phases) => phases.reset(),
        }
    }

    /// The sum of the sinusoids.
    ///
    /// *Shapes*: `frequencies_hz` and `amplitudes` `n_samples × n_sinusoids`, sample-major; `signal`
    /// `n_samples`.
    ///
    /// *Real time*: does not allocate; the cost is proportional to the number of samples.
    pub fn process(&mut self, frequencies_hz: &[R], amplitudes: &[R], signal: &mut [R]) {
        debug_assert_eq!(frequencies_hz.len(), signal.len() * self.n_sinusoids());
        self.run(frequencies_hz, amplitudes, Output::Sum(signal));
    }

    /// Each sinusoid for itself: `signals` is `n_samples × n_sinusoids`.
    ///
    /// *Real time*: does not allocate; the cost is proportional to the number of samples.
    pub fn process_separately(
        &mut self,
        frequencies_hz: &[R],
        amplitudes: &[R],
        signals: &mut [R],
    ) {
        debug_assert_eq!(frequencies_hz.len(), signals.len());
        self.run(frequencies_hz, amplitudes, Output::Each(signals));
    }

    fn run(&mut self, frequencies_hz: &[R], amplitudes: &[R], out: Output<'_, R>) {
        let isa = self.isa;
        isa.run(Run { bank: self, frequencies_hz, amplitudes, out });
    }
}

enum Output<'a, R> {
    Sum(&'a mut [R]),
    Each(&'a mut [R]),
}

struct Run<'a, R> {
    bank: &'a mut OscillatorBank<R>,
    frequencies_hz: &'a [R],
    amplitudes: &'a [R],
    out: Output<'a, R>,
}

impl<R: Real> Kernel for Run<'_, R> {
    #[inline(always)]
    fn run(self) {
        let Self { bank, frequencies_hz, amplitudes, mut out } = self;
        let n = bank.row.len();
        let nyquist_hz = R::narrow(0.5 * bank.sample_rate);
        let rows = frequencies_hz.chunks_exact(n).zip(amplitudes.chunks_exact(n));
        for (i, (frequencies_hz, amplitudes)) in rows.enumerate() {
            match &mut bank.phases {
                Phases::Exact(cycles) => {
                    let row = bank.row.iter_mut().zip(cycles).zip(frequencies_hz);
                    for ((sine, cycles), &hz) in row {
                        let next = *cycles + hz.widen() / bank.sample_rate;
                        *cycles = next - next.floor();
                        *sine = R::sin(R::phase(*cycles));
                    }
                }
                Phases::Summed(phases) => {
                    for (omega, &hz) in bank.row.iter_mut().zip(frequencies_hz) {
                        *omega = radians_per_sample(hz, bank.sample_rate);
                    }
                    phases.advance(&mut bank.row);
                    for sine in &mut bank.row {
                        *sine = sine.sin_radians();
                    }
                }
            }
            for ((x, &hz), &amplitude) in bank.row.iter_mut().zip(frequencies_hz).zip(amplitudes) {
                *x *= if hz < nyquist_hz { amplitude } else { R::default() };
            }
            match &mut out {
                Output::Sum(signal) => signal[i] = sum(&bank.row, |x| x),
                Output::Each(signals) => signals[i * n..][..n].copy_from_slice(&bank.row),
            }
        }
    }
}

/// The phases in radians at which an [`OscillatorBank`] in one of Magenta's modes plays its sinusoids; in
/// [`PhaseMode::Exact`] those of `MagentaF32`. A whole-clip function.
///
/// *Shapes*: `frequencies_hz` and the phases `n_samples × n_sinusoids`, sample-major.
pub fn summed_phases<R: Real>(
    frequencies_hz: &[R],
    n_sinusoids: usize,
    sample_rate: u32,
    phase_mode: PhaseMode,
) -> Vec<R> {
    let chunk = (phase_mode == PhaseMode::MagentaAngular).then_some(ANGULAR_CHUNK_SAMPLES);
    let mut phases = SummedPhases::new(n_sinusoids, chunk);
    let rate = f64::from(sample_rate);
    let mut out: Vec<R> = frequencies_hz.iter().map(|&hz| radians_per_sample(hz, rate)).collect();
    out.chunks_exact_mut(n_sinusoids.max(1)).for_each(|row| phases.advance(row));
    out
}

/// In the arithmetic of `R`, as Magenta's.
#[inline(always)]
fn radians_per_sample<R: Real>(hz: R, sample_rate: f64) -> R {
    hz * R::narrow(std::f64::consts::TAU) / R::narrow(sample_rate)
}

/// The running sum of radians per sample, wrapped to [0, 2 pi) and restarted wrapped after each chunk.
/// A whole-clip function.
///
/// *Shapes*: `angular_frequency` and the phases that are returned `n_samples × n_sinusoids`.
///
/// *Reference*: Magenta's `core.angular_cumsum`.
pub fn angular_cumsum<R: Real>(
    angular_frequency: &[R],
    n_sinusoids: usize,
    chunk_samples: usize,
) -> Vec<R> {
    let mut phases = SummedPhases::new(n_sinusoids, Some(chunk_samples));
    let mut out = angular_frequency.to_vec();
    out.chunks_exact_mut(n_sinusoids.max(1)).for_each(|row| phases.advance(row));
    out
}
