//! The spectral loss: its gradient is found with it, frame by frame, so that no spectrogram is kept.

use std::sync::Mutex;

use ddsp_core::feature::framing::hann_window;
use ddsp_core::feature::spectrum::StftConfig;
use ddsp_core::fft::{Complex, RealFft};
use ddsp_core::math::{LOG_EPS, safe_log};
use ddsp_core::simd::{Isa, Kernel};
use rayon::prelude::*;

use crate::cpu::op::{CpuOp, View};
use crate::loss::{LossType, SpectralLossConfig};

/// Audio and its target, both `[batch, n_samples]`, to the weighted L1 distance `[1]` of magnitudes and log-magnitudes.
#[derive(Debug)]
pub struct SpectralLossOp {
    fft_sizes: Vec<usize>,
    mag_weight: f64,
    logmag_weight: f64,
    /// By the audio.
    gradient: Mutex<Option<Vec<f32>>>,
}

impl SpectralLossOp {
    /// None where other terms or distances are asked for.
    pub fn new(config: &SpectralLossConfig) -> Option<Self> {
        let SpectralLossConfig {
            fft_sizes,
            loss_type: LossType::L1,
            mag_weight,
            delta_time_weight,
            delta_freq_weight,
            cumsum_freq_weight,
            logmag_weight,
            loudness_weight,
        } = config
        else {
            return None;
        };
        let others = [delta_time_weight, delta_freq_weight, cumsum_freq_weight, loudness_weight];
        (others.into_iter().all(|w| *w <= 0.0) && fft_sizes.iter().all(|&size| size > 1)).then(
            || Self {
                fft_sizes: fft_sizes.clone(),
                mag_weight: mag_weight.max(0.0),
                logmag_weight: logmag_weight.max(0.0),
                gradient: Mutex::default(),
            },
        )
    }

    /// Adds the gradient of one clip at one size; returns the loss.
    fn clip(&self, size: usize, n_batch: usize, clips: [&[f32]; 2], gradient: &mut [f32]) -> f64 {
        let stft = StftConfig::new(size);
        let (hop_size, n_frames) = (stft.hop_size(), stft.n_frames(clips[0].len()));
        let mut fft = RealFft::<f32>::new(size.next_power_of_two());
        let window: Vec<f32> = hann_window(size).into_iter().map(|w| w as f32).collect();
        let (n_fft, n_bins) = (fft.fft_size(), fft.n_bins());
        let mut frame = vec![0.0_f32; n_fft];
        let zero = Complex { re: 0.0, im: 0.0 };
        let mut spectra = [vec![zero; n_bins], vec![zero; n_bins]];
        let count = (n_batch * n_frames * n_bins) as f64;
        let by_mag = (self.mag_weight / count) as f32;
        let by_log = (self.logmag_weight / count) as f32;
        let (mut mag_sum, mut log_sum) = (0.0_f64, 0.0_f64);
        let isa = Isa::detect();
        for i in 0..n_frames {
            let start = i * hop_size;
            for (clip, spectrum) in clips.iter().zip(&mut spectra) {
                frame.fill(0.0);
                for ((x, &a), &w) in frame.iter_mut().zip(&clip[start..]).zip(&window) {
                    *x = a * w;
                }
                fft.forward(&mut frame, spectrum);
            }
            let [spectrum, target] = &mut spectra;
            let mut sums = [0.0_f32; 2];
            isa.run(Compare { spectrum, target, by_mag, by_log, sums: &mut sums });
            mag_sum += f64::from(sums[0]);
            log_sum += f64::from(sums[1]);
            fft.inverse_unnormalised(spectrum, &mut frame);
            for ((d, &x), &w) in gradient[start..].iter_mut().zip(&frame).zip(&window) {
                *d += x * w;
            }
        }
        (self.mag_weight * mag_sum + self.logmag_weight * log_sum) / count
    }
}

/// Bins that are compared together.
const LANES: usize = 16;

/// A spectrum beside its target: their distances go to `sums`, magnitudes and their logarithms, and the gradient by the windowed frame,
/// as the unnormalised inverse transform takes it, to the place of the spectrum.
struct Compare<'a> {
    spectrum: &'a mut [Complex<f32>],
    target: &'a [Complex<f32>],
    by_mag: f32,
    by_log: f32,
    sums: &'a mut [f32; 2],
}

impl Kernel for Compare<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { spectrum, target, by_mag, by_log, sums } = self;
        let mut partial = [[0.0_f32; LANES]; 2];
        let mut bins = spectrum.chunks_exact_mut(LANES);
        let targets = target.chunks_exact(LANES);
        let rest = targets.remainder();
        for (bins, targets) in bins.by_ref().zip(targets) {
            for i in 0..LANES {
                let (slope, distances) = compare(bins[i], targets[i], by_mag, by_log);
                bins[i] = slope;
                partial[0][i] += distances[0];
                partial[1][i] += distances[1];
            }
        }
        for (i, (bin, target)) in bins.into_remainder().iter_mut().zip(rest).enumerate() {
            let (slope, distances) = compare(*bin, *target, by_mag, by_log);
            *bin = slope;
            partial[0][i] += distances[0];
            partial[1][i] += distances[1];
        }
        for half in [8, 4, 2, 1] {
            for i in 0..half {
                partial[0][i] += partial[0][i + half];
                partial[1][i] += partial[1][i + half];
            }
        }
        *sums = [partial[0][0], partial[1][0]];
        // The adjoint of a real transform is the inverse one with its inner bins halved.
        for edge in [0, spectrum.len() - 1] {
            spectrum[edge].re *= 2.0;
            spectrum[edge].im *= 2.0;
        }
    }
}

/// Half the slope of the loss by a bin, and the distances of magnitude and log-magnitude.
#[inline(always)]
fn compare(
    bin: Complex<f32>,
    target: Complex<f32>,
    by_mag: f32,
    by_log: f32,
) -> (Complex<f32>, [f32; 2]) {
    let value = (bin.re * bin.re + bin.im * bin.im).sqrt();
    let target = (target.re * target.re + target.im * target.im).sqrt();
    let rise = value - target;
    let log_rise = safe_log(value, LOG_EPS) - safe_log(target, LOG_EPS);
    // Silence has a slope of zero.
    let over = if value > 0.0 { 1.0 / value } else { 0.0 };
    let scale = 0.5 * over * (by_log * over).mul_add(sign(log_rise), by_mag * sign(rise));
    (Complex { re: bin.re * scale, im: bin.im * scale }, [rise.abs(), log_rise.abs()])
}

/// -1, 0 or 1.
#[inline(always)]
fn sign(x: f32) -> f32 {
    let negative = if x < 0.0 { 1.0 } else { 0.0 };
    (if x > 0.0 { 1.0 } else { 0.0 }) - negative
}

impl CpuOp for SpectralLossOp {
    fn forward(&self, [audio, target, ..]: [View<'_>; 4]) -> (Vec<usize>, Vec<f32>) {
        let [n_batch, n_samples] = *audio.shape else { unreachable!("two axes") };
        let mut gradient = vec![0.0; audio.values.len()];
        let losses: Vec<f64> = gradient
            .par_chunks_mut(n_samples.max(1))
            .zip(audio.values.par_chunks(n_samples.max(1)))
            .zip(target.values.par_chunks(n_samples.max(1)))
            .map(|((gradient, audio), target)| {
                let of = |&size: &usize| self.clip(size, n_batch, [audio, target], gradient);
                self.fft_sizes.iter().map(of).sum()
            })
            .collect();
        *self.gradient.lock().expect("no thread panicked") = Some(gradient);
        (vec![1], vec![losses.iter().sum::<f64>() as f32])
    }

    fn backward(&self, _inputs: [View<'_>; 4], gradient: &[f32]) -> [Vec<f32>; 4] {
        let found = self.gradient.lock().expect("no thread panicked").take();
        let mut found = found.expect("forward came before, and backward comes once");
        found.iter_mut().for_each(|x| *x *= gradient[0]);
        [found, Vec::new(), Vec::new(), Vec::new()]
    }
}
