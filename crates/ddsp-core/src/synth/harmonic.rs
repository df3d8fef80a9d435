//! A bank of sinusoids at whole multiples of one fundamental.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::real::Real;
use crate::resample::ResampleMethod;
use crate::scale::{ScaleFn, exp_sigmoid_all};
use crate::simd::{Isa, Kernel};
use crate::synth::frame_bank::{FrameBank, SinusoidFrame};
use crate::synth::oscillator_bank::PhaseMode;

/// Sizes and choices of a [`Harmonic`] synthesizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HarmonicConfig {
    /// The number of harmonics.
    pub n_harmonics: usize,
    /// How amplitudes move from frame to frame (frequencies always move linearly).
    pub amp_resample_method: ResampleMethod,
    /// How the phase is summed.
    #[serde(default)]
    pub phase_mode: PhaseMode,
    /// Whether harmonics at or above Nyquist leave the distribution before its sum is made 1; they are
    /// silent either way.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub normalize_below_nyquist: bool,
    /// What squashes raw outputs.
    #[serde(default, skip_serializing_if = "ScaleFn::is_default")]
    pub scale_fn: ScaleFn,
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_yes(flag: &bool) -> bool {
    *flag
}

impl HarmonicConfig {
    /// `n_harmonics` with Magenta's defaults, and exact phase.
    pub fn new(n_harmonics: usize) -> Self {
        Self {
            n_harmonics,
            amp_resample_method: ResampleMethod::Window,
            phase_mode: PhaseMode::Exact,
            normalize_below_nyquist: true,
            scale_fn: ScaleFn::ExpSigmoid,
        }
    }
}

/// A streaming harmonic synthesizer.
///
/// For the n-th sample of the hop that leads to a frame,
/// `signal[n] = sum_k amplitude[n] distribution[k, n] sin(2 pi k phase[n])` over the harmonics k with
/// `k f0_hz[n]` below Nyquist, where `phase[n] = phase[n - 1] + f0_hz[n] / sample_rate`.
///
/// *Reference*: Engel et al. 2020, section 3.2; Magenta's `synths.Harmonic`,
/// `core.harmonic_synthesis`. The phase includes the first increment, as there.
#[derive(Debug, Clone)]
pub struct Harmonic<R> {
    isa: Isa,
    sample_rate: f64,
    hop_size: usize,
    normalize_below_nyquist: bool,
    scale_fn: ScaleFn,
    fractions: Vec<R>,
    /// Phase of the fundamental in cycles, in [0, 1).
    phase: f64,
    /// The frame that the next hop starts from; nothing has been heard yet while this is `None`.
    present: Option<f64>,
    present_amplitudes: Vec<R>,
    next_amplitudes: Vec<R>,
    /// In another mode than [`PhaseMode::Exact`].
    summed: Option<Box<Summed<R>>>,
}

/// A phase for each harmonic, and the frames that it plays between.
#[derive(Debug, Clone)]
struct Summed<R> {
    bank: FrameBank<R>,
    present: SinusoidFrame<R>,
    next: SinusoidFrame<R>,
}

/// Samples that one pass over the harmonics renders: their state stays in registers.
const LANES: usize = 32;

impl<R: Real> Harmonic<R> {
    /// Allocates a synthesizer at `sample_rate` Hz with `hop_size` samples a frame.
    ///
    /// *Errors*: a size is zero or out of reason.
    pub fn new(config: &HarmonicConfig, sample_rate: u32, hop_size: usize) -> Result<Self, Error> {
        let n = config.n_harmonics;
        if !(1..=4096).contains(&n) {
            let detail = format!("expected 1 to 4096, found {n}");
            return Err(Error::config("harmonic.n_harmonics", detail));
        }
        let (method, mode) = (config.amp_resample_method, config.phase_mode);
        let fractions = method.fractions(hop_size).ok_or_else(|| {
            let detail = "expected nearest, linear or window, found cubic, which does not stream";
            Error::config("harmonic.amp_resample_method", detail)
        })?;
        let summed = match mode {
            PhaseMode::Exact => None,
            PhaseMode::MagentaF32 | PhaseMode::MagentaAngular => {
                let bank = FrameBank::new(n, sample_rate, hop_size, method, mode)?;
                let frame = SinusoidFrame::new(n);
                Some(Box::new(Summed { bank, present: frame.clone(), next: frame }))
            }
        };
        Ok(Self {
            isa: Isa::detect(),
            sample_rate: f64::from(sample_rate),
            hop_size,
            normalize_below_nyquist: config.normalize_below_nyquist,
            scale_fn: config.scale_fn,
            fractions,
            phase: 0.0,
            present: None,
            present_amplitudes: vec![R::default(); n],
            next_amplitudes: vec![R::default(); n],
            summed,
        })
    }

    /// Runs on another instruction set than the machine's best: for tests and benchmarks.
    pub fn with_isa(mut self, isa: Isa) -> Self {
        self.isa = isa;
        self.summed = self.summed.map(|s| Box::new(Summed { bank: s.bank.with_isa(isa), ..*s }));
        self
    }

    /// The number of harmonics.
    pub fn n_harmonics(&self) -> usize {
        self.present_amplitudes.len()
    }

    /// The raw outputs that a frame takes: an amplitude and the harmonics.
    pub fn n_raw(&self) -> usize {
        1 + self.n_harmonics()
    }

    /// How far the signal comes behind the frames: a hop is played when the frame at its end is known.
    pub fn latency_samples(&self) -> usize {
        self.hop_size
    }

    /// Silence and phase zero. *Real time*: does not allocate.
    pub fn reset(&mut self) {
        self.phase = 0.0;
        self.present = None;
        if let Some(summed) = &mut self.summed {
            summed.bank.reset();
        }
    }

    /// Raw outputs of one frame (an amplitude, then `n_harmonics` values) to controls, in place: an
    /// amplitude, and a distribution of sum 1 over the harmonics below Nyquist, or over all where the
    /// configuration says so.
    ///
    /// With every harmonic at or above Nyquist the distribution is zero.
    ///
    /// *Real time*: does not allocate. *Reference*: Magenta's `Harmonic.get_controls`.
    pub fn controls(&self, f0_hz: R, raw: &mut [R]) {
        let (raw, n_harmonics) = (&mut raw[..self.n_raw()], self.n_harmonics());
        match self.scale_fn {
            ScaleFn::ExpSigmoid => exp_sigmoid_all(self.isa, raw, R::default()),
            ScaleFn::None => {}
        }
        let distribution = &mut raw[1..];
        if self.normalize_below_nyquist {
            let n_heard = self.n_below_nyquist(f0_hz).min(n_harmonics);
            distribution[n_heard..].fill(R::default());
        }
        let sum = distribution.iter().fold(R::default(), |sum, &x| sum + x);
        if sum > R::default() {
            for x in distribution {
                *x = *x / sum;
            }
        }
    }

    /// How many harmonics of `f0_hz` lie below half the sample rate.
    fn n_below_nyquist(&self, f0_hz: R) -> usize {
        let ratio = 0.5 * self.sample_rate / f0_hz.widen();
        if ratio.is_finite() { (ratio.ceil() as usize).saturating_sub(1) } else { usize::MAX }
    }

    /// Plays on to each of the next frames.
    ///
    /// *Shapes*: `f0_hz` `n_frames`, `controls` `n_frames` rows of `stride` values that begin with
    /// what [`controls`](Self::controls) gave, `signal` `n_frames × hop_size`. The hop before the first
    /// frame is silent.
    ///
    /// *Real time*: does not allocate; the cost is proportional to the number of frames.
    pub fn process(&mut self, f0_hz: &[R], controls: &[R], stride: usize, signal: &mut [R]) {
        debug_assert_eq!(signal.len(), f0_hz.len() * self.hop_size);
        let hops = signal.chunks_exact_mut(self.hop_size);
        for ((&f0_hz, controls), hop) in f0_hz.iter().zip(controls.chunks(stride)).zip(hops) {
            let (&amplitude, distribution) = controls.split_first().expect("a frame has controls");
            for (next, &share) in self.next_amplitudes.iter_mut().zip(distribution) {
                *next = amplitude * share;
            }
            let next_hz = f0_hz.widen();
            match self.present {
                Some(present_hz) => self.render_hop(present_hz, next_hz, hop),
                None => hop.fill(R::default()),
            }
            self.present = Some(next_hz);
            std::mem::swap(&mut self.present_amplitudes, &mut self.next_amplitudes);
        }
    }

    /// The last hop, holding the last frame; the synthesizer is as after `reset` then.
    ///
    /// *Real time*: does not allocate.
    pub fn finish(&mut self, hop: &mut [R]) {
        match self.present {
            Some(hz) => {
                self.next_amplitudes.copy_from_slice(&self.present_amplitudes);
                self.render_hop(hz, hz, hop);
            }
            None => hop.fill(R::default()),
        }
        self.reset();
    }

    fn render_hop(&mut self, present_hz: f64, next_hz: f64, hop: &mut [R]) {
        if let Some(summed) = &mut self.summed {
            let Summed { bank, present, next } = summed.as_mut();
            for (hz, k) in present.frequencies_hz.iter_mut().zip(1_u16..) {
                *hz = R::narrow(present_hz) * R::narrow(f64::from(k));
            }
            for (hz, k) in next.frequencies_hz.iter_mut().zip(1_u16..) {
                *hz = R::narrow(next_hz) * R::narrow(f64::from(k));
            }
            present.amplitudes.copy_from_slice(&self.present_amplitudes);
            next.amplitudes.copy_from_slice(&self.next_amplitudes);
            return bank.render_hop(present, next, hop);
        }
        let nyquist_hz = 0.5 * self.sample_rate;
        for (i, (out, fractions)) in
            hop.chunks_mut(LANES).zip(self.fractions.chunks(LANES)).enumerate()
        {
            let mut lanes = Lanes::<R>::default();
            for n in 0..out.len() {
                let t = (i * LANES + n) as f64 / self.hop_size as f64;
                let f0_hz = present_hz + t * (next_hz - present_hz);
                self.phase += f0_hz / self.sample_rate;
                self.phase -= self.phase.floor();
                lanes.fundamental[n] = R::phase(self.phase);
                lanes.fraction[n] = fractions[n];
                lanes.limit[n] = R::narrow(nyquist_hz / f0_hz);
            }
            let (present, next) = (&self.present_amplitudes[..], &self.next_amplitudes[..]);
            self.isa.run(SumHarmonics { lanes: &mut lanes, present, next });
            out.copy_from_slice(&lanes.signal[..out.len()]);
        }
    }
}

/// A few consecutive samples; those past the end of a hop have a limit of 0 and stay silent.
struct Lanes<R: Real> {
    /// The phase of the fundamental.
    fundamental: [R::Phase; LANES],
    /// The weight of the next frame.
    fraction: [R; LANES],
    /// Nyquist over f0: harmonic k sounds while k is below this.
    limit: [R; LANES],
    signal: [R; LANES],
}

impl<R: Real> Default for Lanes<R> {
    fn default() -> Self {
        Self {
            fundamental: [R::Phase::default(); LANES],
            fraction: [R::default(); LANES],
            limit: [R::default(); LANES],
            signal: [R::default(); LANES],
        }
    }
}

/// The sum over the harmonics, whose amplitudes move from `present` to `next`.
struct SumHarmonics<'a, R: Real> {
    lanes: &'a mut Lanes<R>,
    present: &'a [R],
    next: &'a [R],
}

impl<R: Real> Kernel for SumHarmonics<'_, R> {
    #[inline(always)]
    fn run(self) {
        let Self { lanes, present, next } = self;
        let mut phase = lanes.fundamental;
        let mut signal = [R::default(); LANES];
        let mut k = R::default();
        for (&present, &next) in present.iter().zip(next) {
            k += R::narrow(1.0);
            let step = next - present;
            for n in 0..LANES {
                let amplitude = lanes.fraction[n].fused(step, present);
                let heard = if k < lanes.limit[n] { amplitude } else { R::default() };
                signal[n] = heard.fused(R::sin(phase[n]), signal[n]);
                phase[n] = R::phase_add(phase[n], lanes.fundamental[n]);
            }
        }
        lanes.signal = signal;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 16_000;
    const HOP: usize = 64;

    fn config(n_harmonics: usize) -> HarmonicConfig {
        let amp_resample_method = ResampleMethod::Linear;
        HarmonicConfig { amp_resample_method, ..HarmonicConfig::new(n_harmonics) }
    }

    fn render(f0_hz: &[f32], controls: &[f32], n_harmonics: usize) -> Vec<f32> {
        let mut synth = Harmonic::new(&config(n_harmonics), RATE, HOP).unwrap();
        let mut signal = vec![f32::NAN; (f0_hz.len() + 1) * HOP];
        let (body, tail) = signal.split_at_mut(f0_hz.len() * HOP);
        synth.process(f0_hz, controls, n_harmonics + 1, body);
        synth.finish(tail);
        signal.split_off(HOP)
    }

    #[test]
    fn a_constant_control_is_a_sine_of_that_frequency_amplitude_and_phase() {
        let signal = render(&[440.0; 100], &[0.5, 1.0].repeat(100), 1);
        for (n, &x) in signal.iter().enumerate() {
            let cycles = 440.0 * (n + 1) as f64 / f64::from(RATE);
            let exact = 0.5 * (std::f64::consts::TAU * cycles).sin();
            assert!((f64::from(x) - exact).abs() < 1e-6, "sample {n}");
        }
    }

    #[test]
    fn nothing_sounds_at_or_above_nyquist() {
        let synth = Harmonic::<f32>::new(&config(4), RATE, HOP).unwrap();
        let mut raw = [0.0; 5];
        synth.controls(4000.0, &mut raw);
        assert_eq!(raw[1..], [1.0, 0.0, 0.0, 0.0]);
        synth.controls(9000.0, &mut raw);
        assert_eq!(raw[1..], [0.0; 4]);
        let signal = render(&[9000.0; 4], &[1.0, 1.0].repeat(4), 1);
        assert!(signal.iter().all(|&x| x == 0.0));
    }

    #[test]
    fn halving_the_amplitude_costs_6_db_and_reset_gives_the_first_run_again() {
        let level = |a: f32| {
            let x = render(&[220.0; 50], &[a, 0.5, 0.5].repeat(50), 2);
            x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>()
        };
        assert!((10.0 * (level(1.0) / level(0.5)).log10() - 6.0206).abs() < 1e-3);

        let mut synth = Harmonic::<f32>::new(&config(2), RATE, HOP).unwrap();
        let (mut first, mut second) = ([0.0; 4 * HOP], [0.0; 4 * HOP]);
        synth.process(&[300.0; 4], &[0.3; 12], 3, &mut first);
        synth.reset();
        synth.process(&[300.0; 4], &[0.3; 12], 3, &mut second);
        assert_eq!(first, second);
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let frames: Vec<f32> = (0..20).map(|i| 100.0 + 37.0 * i as f32).collect();
        let controls: Vec<f32> = (0..20 * 61).map(|i| ((i * 7919) % 101) as f32 / 3e3).collect();
        let mut all = Isa::all().into_iter().map(|isa| {
            let mut synth = Harmonic::new(&config(60), RATE, HOP).unwrap().with_isa(isa);
            let mut signal = vec![0.0; 20 * HOP];
            synth.process(&frames, &controls, 61, &mut signal);
            signal
        });
        let first = all.next().unwrap();
        assert!(all.all(|other| other == first));
    }
}
