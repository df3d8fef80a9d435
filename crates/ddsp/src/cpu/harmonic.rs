//! The harmonic bank.

use ddsp_core::real::Real;
use ddsp_core::resample::{ResampleMethod, resample};
use ddsp_core::simd::{Isa, Kernel};
use ddsp_core::synth::conversion::harmonic_frequencies_hz;
use ddsp_core::synth::oscillator_bank::summed_phases;
use ddsp_core::synth::{Harmonic, HarmonicConfig, PhaseMode};
use rayon::prelude::*;

use crate::cpu::op::{CpuOp, View};

/// Samples that are worked on together.
const LANES: usize = 64;
/// Partial sums of a reduction.
const PARTIAL: usize = 16;
/// After so many harmonics a rotation starts anew from the phase.
const RESEED: usize = 16;

/// `f0_hz` `[batch, n_frames, 1]` and harmonic amplitudes `[batch, n_frames, n_harmonics]` to a signal `[batch, n_samples]`.
///
/// Forward is [`Harmonic`]'s in any of its phase modes; backward is taken at the phases that forward had. Where they were summed in f32,
/// those of the exact sum are others within a second, and their gradient is that of another sound.
#[derive(Debug)]
pub struct HarmonicOp {
    config: HarmonicConfig,
    sample_rate: u32,
    hop_size: usize,
    /// The weight of the next frame at each sample of a hop.
    fractions: Vec<f32>,
}

impl HarmonicOp {
    /// None where the kernel cannot do it.
    pub fn new(config: &HarmonicConfig, sample_rate: u32, hop_size: usize) -> Option<Self> {
        Harmonic::<f32>::new(config, sample_rate, hop_size).ok()?;
        let fractions = config.amp_resample_method.fractions(hop_size)?;
        Some(Self { config: config.clone(), sample_rate, hop_size, fractions })
    }

    fn clip(&self, f0_hz: &[f32], amplitudes: &[f32], signal: &mut [f32]) {
        let (hop_size, n_harmonics) = (self.hop_size, self.config.n_harmonics);
        let mut kernel = Harmonic::<f32>::new(&self.config, self.sample_rate, hop_size)
            .expect("it was made once before");
        let mut controls = vec![1.0; n_harmonics + 1];
        let mut before = vec![0.0; hop_size];
        for (i, (f0_hz, row)) in f0_hz.iter().zip(amplitudes.chunks_exact(n_harmonics)).enumerate()
        {
            controls[1..].copy_from_slice(row);
            let hop = match i.checked_sub(1) {
                Some(hop) => &mut signal[hop * hop_size..(hop + 1) * hop_size],
                None => &mut before,
            };
            kernel.process(&[*f0_hz], &controls, n_harmonics + 1, hop);
        }
        let last = signal.len() - hop_size;
        kernel.finish(&mut signal[last..]);
    }

    /// The phases of all harmonics at all samples, where forward summed them in f32.
    fn summed_phases(&self, f0_hz: &[f32]) -> Option<Vec<f32>> {
        let mode = self.config.phase_mode;
        let n_harmonics = self.config.n_harmonics;
        let frames = || harmonic_frequencies_hz(f0_hz, n_harmonics);
        let n_samples = f0_hz.len() * self.hop_size;
        let linear = ResampleMethod::Linear;
        (mode != PhaseMode::Exact).then(|| {
            let hz = resample(&frames(), n_harmonics, n_samples, linear, true);
            let hz = hz.expect("there are frames, and a clip is no longer than its samples");
            summed_phases(&hz, n_harmonics, self.sample_rate, mode)
        })
    }

    /// The gradients of one clip by f0 and amplitudes.
    fn clip_gradient(
        &self,
        f0_hz: &[f32],
        amplitudes: &[f32],
        gradient: &[f32],
    ) -> (Vec<f32>, Vec<f32>) {
        let (hop, n_harmonics, n_frames) = (self.hop_size, self.config.n_harmonics, f0_hz.len());
        let rate = f64::from(self.sample_rate);
        let isa = Isa::detect();
        let summed = self.summed_phases(f0_hz);
        let mut d_amplitudes = vec![0.0; amplitudes.len()];
        // What the phases of a hop give by the phase that it starts with, and by its two frequencies.
        let mut sums = vec![[0.0_f64; 3]; n_frames];
        let mut phase = 0.0_f64;
        let mut scratch = Scratch::default();
        let last = n_frames - 1;
        for i in 0..n_frames {
            let next = (i + 1).min(last);
            let (f, rise) = (f64::from(f0_hz[i]), f64::from(f0_hz[next]) - f64::from(f0_hz[i]));
            let slope = rise / hop as f64;
            let triangle = |n: usize| (n * (n + 1)) as f64 / 2.0;
            for first in (0..hop).step_by(LANES) {
                let n_lanes = LANES.min(hop - first);
                scratch.gradient.fill(0.0);
                let from = &gradient[i * hop + first..][..n_lanes];
                scratch.gradient[..n_lanes].copy_from_slice(from);
                for l in 0..n_lanes {
                    let n = first + l;
                    let cycles = phase + ((n + 1) as f64 * f + slope * triangle(n)) / rate;
                    scratch.phases[l] = f32::phase(cycles - cycles.floor());
                    let hz = f + slope * n as f64;
                    let n_heard = (0.5 * rate / hz).ceil() - 1.0;
                    scratch.n_heard[l] = if hz > 0.0 { n_heard.min(1e9) as f32 } else { 1e9 };
                    scratch.fractions[l] = self.fractions[n];
                }
                let row = |frame: usize| &amplitudes[frame * n_harmonics..][..n_harmonics];
                match &summed {
                    None => isa.run(Backpropagate {
                        scratch: &mut scratch,
                        present: row(i),
                        next: row(next),
                    }),
                    Some(phases) => {
                        let phases = &phases[(i * hop + first) * n_harmonics..];
                        let phases = phases.chunks_exact(n_harmonics).take(n_lanes);
                        backpropagate_summed(&mut scratch, row(i), row(next), phases);
                    }
                }
                for k in 0..n_harmonics {
                    d_amplitudes[i * n_harmonics + k] += scratch.d_present[k];
                    d_amplitudes[next * n_harmonics + k] += scratch.d_next[k];
                }
                for l in 0..n_lanes {
                    let n = first + l;
                    let d = f64::from(scratch.d_phases[l]) * std::f64::consts::TAU / rate;
                    sums[i][0] += d;
                    sums[i][1] += d * (n + 1) as f64;
                    sums[i][2] += d * triangle(n) / hop as f64;
                }
            }
            phase += (hop as f64 * f + slope * triangle(hop - 1)) / rate;
            phase -= phase.floor();
        }
        let mut d_f0_hz = vec![0.0_f64; n_frames];
        let mut later = 0.0;
        let half = (hop as f64 - 1.0) / 2.0;
        for i in (0..n_frames).rev() {
            let [start, by_f, by_rise] = sums[i];
            let by_rise = by_rise + later * half;
            d_f0_hz[i] += by_f + later * hop as f64 - by_rise;
            d_f0_hz[(i + 1).min(last)] += by_rise;
            later += start;
        }
        (d_f0_hz.into_iter().map(|x| x as f32).collect(), d_amplitudes)
    }
}

impl CpuOp for HarmonicOp {
    fn forward(&self, [f0_hz, amplitudes, ..]: [View<'_>; 4]) -> (Vec<usize>, Vec<f32>) {
        let [n_batch, n_frames, n_harmonics] = *amplitudes.shape else {
            unreachable!("three axes")
        };
        let n_samples = n_frames * self.hop_size;
        let mut signal = vec![0.0; n_batch * n_samples];
        signal
            .par_chunks_exact_mut(n_samples)
            .zip(f0_hz.values.par_chunks_exact(n_frames))
            .zip(amplitudes.values.par_chunks_exact(n_frames * n_harmonics))
            .for_each(|((signal, f0_hz), amplitudes)| self.clip(f0_hz, amplitudes, signal));
        (vec![n_batch, n_samples], signal)
    }

    fn backward(&self, [f0_hz, amplitudes, ..]: [View<'_>; 4], gradient: &[f32]) -> [Vec<f32>; 4] {
        let [_, n_frames, n_harmonics] = *amplitudes.shape else { unreachable!("three axes") };
        let (d_f0_hz, d_amplitudes): (Vec<_>, Vec<_>) = gradient
            .par_chunks_exact(n_frames * self.hop_size)
            .zip(f0_hz.values.par_chunks_exact(n_frames))
            .zip(amplitudes.values.par_chunks_exact(n_frames * n_harmonics))
            .map(|((gradient, f0_hz), amplitudes)| self.clip_gradient(f0_hz, amplitudes, gradient))
            .unzip();
        [d_f0_hz.concat(), d_amplitudes.concat(), Vec::new(), Vec::new()]
    }
}

/// What is known and asked of [`LANES`] samples of a hop.
#[derive(Debug)]
struct Scratch {
    gradient: [f32; LANES],
    /// Of the fundamental.
    phases: [u32; LANES],
    /// How many harmonics lie below Nyquist.
    n_heard: [f32; LANES],
    fractions: [f32; LANES],
    /// By the phase of the fundamental in radians.
    d_phases: [f32; LANES],
    d_present: Vec<f32>,
    d_next: Vec<f32>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            gradient: [0.0; LANES],
            phases: [0; LANES],
            n_heard: [0.0; LANES],
            fractions: [0.0; LANES],
            d_phases: [0.0; LANES],
            d_present: Vec::new(),
            d_next: Vec::new(),
        }
    }
}

/// The derivative of `sum_k (present_k + w (next_k - present_k)) sin(k theta)` at [`LANES`] samples.
struct Backpropagate<'a> {
    scratch: &'a mut Scratch,
    present: &'a [f32],
    next: &'a [f32],
}

impl Kernel for Backpropagate<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { scratch, present, next } = self;
        let Scratch { gradient, phases, n_heard, fractions, d_phases, d_present, d_next } = scratch;
        d_present.clear();
        d_next.clear();
        let (mut sin_1, mut cos_1) = ([0.0_f32; LANES], [0.0_f32; LANES]);
        let mut to_next = [0.0_f32; LANES];
        for l in 0..LANES {
            sin_1[l] = <f32 as Real>::sin(phases[l]);
            cos_1[l] = <f32 as Real>::sin(phases[l].wrapping_add(1 << 30));
            to_next[l] = gradient[l] * fractions[l];
        }
        let (mut sin, mut cos) = (sin_1, cos_1);
        let mut slopes = [0.0_f32; LANES];
        for (i, (&a, &b)) in present.iter().zip(next).enumerate() {
            let k = i as u32 + 1;
            let number = k as f32;
            if i % RESEED == 0 && i > 0 {
                for l in 0..LANES {
                    let phase = phases[l].wrapping_mul(k);
                    sin[l] = <f32 as Real>::sin(phase);
                    cos[l] = <f32 as Real>::sin(phase.wrapping_add(1 << 30));
                }
            }
            let (mut both, mut later) = ([0.0_f32; PARTIAL], [0.0_f32; PARTIAL]);
            let rise = b - a;
            for part in 0..LANES / PARTIAL {
                for j in 0..PARTIAL {
                    let l = part * PARTIAL + j;
                    let is_heard = if number <= n_heard[l] { 1.0_f32 } else { 0.0 };
                    let s = sin[l] * is_heard;
                    both[j] = gradient[l].mul_add(s, both[j]);
                    later[j] = to_next[l].mul_add(s, later[j]);
                    let amplitude = fractions[l].mul_add(rise, a) * number * is_heard;
                    slopes[l] = amplitude.mul_add(cos[l], slopes[l]);
                    let turned = cos[l].mul_add(sin_1[l], sin[l] * cos_1[l]);
                    cos[l] = cos[l].mul_add(cos_1[l], -(sin[l] * sin_1[l]));
                    sin[l] = turned;
                }
            }
            let (both, later) = (total(both), total(later));
            d_present.push(both - later);
            d_next.push(later);
        }
        for l in 0..LANES {
            d_phases[l] = slopes[l] * gradient[l];
        }
    }
}

/// The same from the radians of every harmonic: a row for each sample.
fn backpropagate_summed<'a>(
    scratch: &mut Scratch,
    present: &[f32],
    next: &[f32],
    phases: impl Iterator<Item = &'a [f32]>,
) {
    let n_harmonics = present.len();
    for sums in [&mut scratch.d_present, &mut scratch.d_next] {
        sums.clear();
        sums.resize(n_harmonics, 0.0);
    }
    scratch.d_phases.fill(0.0);
    for (l, phases) in phases.enumerate() {
        let (gradient, w) = (scratch.gradient[l], scratch.fractions[l]);
        let n_heard = n_harmonics.min(scratch.n_heard[l] as usize);
        for (k, &phase) in phases[..n_heard].iter().enumerate() {
            let (sin, cos) = f64::from(phase).sin_cos();
            let d = gradient * sin as f32;
            scratch.d_present[k] += d * (1.0 - w);
            scratch.d_next[k] += d * w;
            let amplitude = w.mul_add(next[k] - present[k], present[k]);
            scratch.d_phases[l] += gradient * amplitude * (k + 1) as f32 * cos as f32;
        }
    }
}

#[inline(always)]
fn total(mut partial: [f32; PARTIAL]) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            partial[i] += partial[i + half];
        }
    }
    partial[0]
}
