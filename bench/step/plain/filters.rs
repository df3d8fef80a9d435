//! Noise and reverb, by transforms.

use ddsp::cpu::plain::{CpuOp, FftOp, View};

use super::ROWS;
use crate::{HOP, IR_SIZE, N_BATCH, N_FRAMES, N_SAMPLES};

/// Of a frame of noise and its taps; of a clip and its reverb.
pub(super) const NOISE_FFT: usize = 256;
pub(super) const REVERB_FFT: usize = 131_072;

pub(super) const NONE: View<'static> = View { shape: &[1], values: &[0.0] };

fn transform(op: &FftOp, n: usize, x: &[f32]) -> Vec<f32> {
    let shape = [x.len() / n, n];
    op.forward([View { shape: &shape, values: x }, NONE, NONE, NONE]).1
}

fn transform_back(op: &FftOp, n: usize, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let shape = [x.len() / n, n];
    let [d, ..] = op.backward([View { shape: &shape, values: x }, NONE, NONE, NONE], gradient);
    d
}

/// `a b`, or `a` times the conjugate of `b`, of packed spectra; `b` may be one for all.
fn times(a: &[f32], b: &[f32], n_bins: usize, conjugate: bool) -> Vec<f32> {
    let mut out = vec![0.0; a.len()];
    let sign = if conjugate { -1.0 } else { 1.0 };
    for (i, out) in out.chunks_exact_mut(2 * n_bins).enumerate() {
        let a = &a[i * 2 * n_bins..][..2 * n_bins];
        let b = &b[(i * 2 * n_bins) % b.len()..][..2 * n_bins];
        for k in 0..n_bins {
            let (re, im) = (b[k], sign * b[n_bins + k]);
            out[k] = a[k] * re - a[n_bins + k] * im;
            out[n_bins + k] = a[k] * im + a[n_bins + k] * re;
        }
    }
    out
}

/// Noise through taps, frame by frame.
pub(super) struct Filter {
    spectrum: Vec<f32>,
    product: Vec<f32>,
    taps: Vec<f32>,
    pub(super) signal: Vec<f32>,
    start: usize,
}

const THERE: FftOp = FftOp { n_fft: NOISE_FFT, is_inverse: false };
const BACK: FftOp = FftOp { n_fft: NOISE_FFT, is_inverse: true };

impl Filter {
    pub(super) fn new(noise: &[f32], taps: &[f32], n_taps: usize) -> Self {
        let spectrum = transform(&THERE, HOP, noise);
        let of_taps = transform(&THERE, n_taps, taps);
        let product = times(&spectrum, &of_taps, NOISE_FFT / 2 + 1, false);
        let frames = transform(&BACK, NOISE_FFT + 2, &product);
        let start = (n_taps - 1) / 2 - 1;
        let mut signal = vec![0.0; N_BATCH * N_SAMPLES];
        for (i, frame) in frames.chunks_exact(NOISE_FFT).enumerate() {
            let (clip, at) = (i / N_FRAMES * N_SAMPLES, i % N_FRAMES * HOP);
            for (n, x) in frame.iter().enumerate() {
                if let Some(to) = (at + n).checked_sub(start).filter(|to| *to < N_SAMPLES) {
                    signal[clip + to] += x;
                }
            }
        }
        Self { spectrum, product, taps: taps.to_vec(), signal, start }
    }

    pub(super) fn backward(&self, gradient: &[f32], n_taps: usize) -> Vec<f32> {
        let mut frames = vec![0.0; ROWS * NOISE_FFT];
        for (i, frame) in frames.chunks_exact_mut(NOISE_FFT).enumerate() {
            let (clip, at) = (i / N_FRAMES * N_SAMPLES, i % N_FRAMES * HOP);
            for (n, x) in frame.iter_mut().enumerate() {
                if let Some(to) = (at + n).checked_sub(self.start).filter(|to| *to < N_SAMPLES) {
                    *x = gradient[clip + to];
                }
            }
        }
        let d_product = transform_back(&BACK, NOISE_FFT + 2, &self.product, &frames);
        let d_taps = times(&d_product, &self.spectrum, NOISE_FFT / 2 + 1, true);
        transform_back(&THERE, n_taps, &self.taps, &d_taps)
    }
}

/// Clips through one response, the dry signal added.
pub(super) struct Room {
    clips: Vec<f32>,
    response: Vec<f32>,
    product: Vec<f32>,
    dry: Vec<f32>,
    masked: Vec<f32>,
    pub(super) signal: Vec<f32>,
}

const FAR: FftOp = FftOp { n_fft: REVERB_FFT, is_inverse: false };
const FAR_BACK: FftOp = FftOp { n_fft: REVERB_FFT, is_inverse: true };

impl Room {
    pub(super) fn new(dry: &[f32], ir: &[f32]) -> Self {
        let mut masked = ir.to_vec();
        masked[0] = 0.0;
        let clips = transform(&FAR, N_SAMPLES, dry);
        let response = transform(&FAR, IR_SIZE, &masked);
        let product = times(&clips, &response, REVERB_FFT / 2 + 1, false);
        let wet = transform(&FAR_BACK, REVERB_FFT + 2, &product);
        let mut signal = dry.to_vec();
        for (signal, wet) in signal.chunks_exact_mut(N_SAMPLES).zip(wet.chunks_exact(REVERB_FFT)) {
            signal.iter_mut().zip(wet).for_each(|(y, x)| *y += x);
        }
        Self { clips, response, product, dry: dry.to_vec(), masked, signal }
    }

    pub(super) fn backward(&self, gradient: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let n_bins = REVERB_FFT / 2 + 1;
        let mut padded = vec![0.0; N_BATCH * REVERB_FFT];
        let clips = padded.chunks_exact_mut(REVERB_FFT).zip(gradient.chunks_exact(N_SAMPLES));
        clips.for_each(|(to, from)| to[..N_SAMPLES].copy_from_slice(from));
        let d_product = transform_back(&FAR_BACK, REVERB_FFT + 2, &self.product, &padded);
        let d_clips = times(&d_product, &self.response, n_bins, true);
        let mut d_dry = transform_back(&FAR, N_SAMPLES, &self.dry, &d_clips);
        d_dry.iter_mut().zip(gradient).for_each(|(to, x)| *to += x);
        let each = times(&d_product, &self.clips, n_bins, true);
        let mut sum = vec![0.0; 2 * n_bins];
        for clip in each.chunks_exact(2 * n_bins) {
            sum.iter_mut().zip(clip).for_each(|(s, x)| *s += x);
        }
        let mut d_ir = transform_back(&FAR, IR_SIZE, &self.masked, &sum);
        d_ir[0] = 0.0;
        (d_dry, d_ir)
    }
}
