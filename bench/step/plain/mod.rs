//! The step written out: slices, products, the kernels of the CPU forms, no graph.

mod filters;
mod layers;

use ddsp::cpu::plain::{CpuOp, GruOp, HarmonicOp, SpectralLossOp, View};
use ddsp::loss::SpectralLossConfig;
use ddsp_core::filter::frequency_sampling_table;
use ddsp_core::noise::uniform;
use ddsp_core::synth::HarmonicConfig;

use self::filters::{Filter, NOISE_FFT, NONE, REVERB_FFT, Room};
use self::layers::{Fc, Matrix, Weight, product};
use crate::{
    CHANNELS, Clock, HOP, IR_SIZE, N_BANDS, N_BATCH, N_FRAMES, N_HARMONICS, N_OUTPUTS, N_SAMPLES,
    RATE, UNITS,
};

const ROWS: usize = N_BATCH * N_FRAMES;
const PRODUCTS: &str = "matrix products";
const NORMS: &str = "bias, norm, activation";
const COPIES: &str = "copies of columns";
const ADAM: &str = "Adam";

fn random(n: usize, seed: u64, low: f32, high: f32) -> Vec<f32> {
    let value = |i| low + (high - low) * 0.5 * (uniform(seed, i) + 1.0);
    (0..n as u64).map(value).collect()
}

/// Rows beside each other.
fn joined(parts: &[(&[f32], usize)]) -> Vec<f32> {
    let n = parts.iter().map(|part| part.1).sum::<usize>();
    let mut out = vec![0.0; ROWS * n];
    for (i, row) in out.chunks_exact_mut(n).enumerate() {
        let mut first = 0;
        for (values, width) in parts {
            row[first..first + width].copy_from_slice(&values[i * width..(i + 1) * width]);
            first += width;
        }
    }
    out
}

/// Columns of rows.
fn columns(x: &[f32], n: usize, first: usize, width: usize) -> Vec<f32> {
    x.chunks_exact(n).flat_map(|row| row[first..first + width].iter().copied()).collect()
}

/// `2 sigmoid(x)^ln 10 + 1e-7` and its derivative.
fn squashed(x: f32) -> (f32, f32) {
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    let y = 2.0 * sigmoid.powf(std::f32::consts::LN_10);
    (y + 1e-7, y * std::f32::consts::LN_10 * (1.0 - sigmoid))
}

pub(crate) struct Step {
    stacks: [Vec<Fc>; 3],
    gru: [Weight; 3],
    input_bias: Weight,
    out: [Weight; 2],
    ir: Weight,
    features: [Vec<f32>; 2],
    f0_hz: Vec<f32>,
    noise: Vec<f32>,
    target: Vec<f32>,
    design: Vec<f32>,
}

impl Step {
    pub(crate) fn new() -> Self {
        let stack = |n_in: usize, seed: u64| {
            (0..3).map(|i| Fc::new(if i == 0 { n_in } else { CHANNELS }, seed + 10 * i)).collect()
        };
        let (design, n_taps) = frequency_sampling_table(N_BANDS, 0).expect("it can be built");
        assert!(HOP + n_taps <= NOISE_FFT && N_SAMPLES + IR_SIZE <= REVERB_FFT);
        Self {
            stacks: [stack(1, 100), stack(1, 200), stack(2 * CHANNELS + UNITS, 300)],
            gru: [
                Weight::new(2 * CHANNELS * 3 * UNITS, 0.03, 1),
                Weight::new(UNITS * 3 * UNITS, 0.04, 2),
                Weight::new(3 * UNITS, 0.1, 3),
            ],
            input_bias: Weight::new(3 * UNITS, 0.1, 4),
            out: [Weight::new(CHANNELS * N_OUTPUTS, 0.04, 5), Weight::new(N_OUTPUTS, 0.1, 6)],
            ir: Weight::new(IR_SIZE, 1e-6, 7),
            features: [random(ROWS, 8, 0.2, 1.0), random(ROWS, 9, 0.2, 0.8)],
            f0_hz: random(ROWS, 10, 100.0, 400.0),
            noise: random(N_BATCH * N_SAMPLES, 11, -1.0, 1.0),
            target: random(N_BATCH * N_SAMPLES, 12, -1.0, 1.0),
            design: design.into_iter().map(|x| x as f32).collect(),
        }
    }

    /// Of the products, the GRU's recurrence among them no more than its last one by all frames.
    pub(crate) fn n_flops(&self) -> f64 {
        let dense = |n_in: usize, n_out: usize, n: f64| n * 2.0 * (ROWS * n_in * n_out) as f64;
        let stacks = 2.0 * dense(1, CHANNELS, 2.0) + 6.0 * dense(CHANNELS, CHANNELS, 3.0);
        stacks
            + dense(2 * CHANNELS + UNITS, CHANNELS, 3.0)
            + dense(2 * CHANNELS, 3 * UNITS, 3.0)
            + dense(CHANNELS, N_OUTPUTS, 3.0)
            + dense(N_BANDS, 128, 2.0)
    }

    pub(crate) fn run(&mut self, clock: &mut Clock) {
        let n_gates = 3 * UNITS;
        // Forward.
        let [loudness, pitch, out] = &mut self.stacks;
        let run = |stack: &mut Vec<Fc>, x: Vec<f32>, clock: &mut Clock| {
            stack.iter_mut().fold(x, |x, layer| layer.forward(x, clock))
        };
        let a = run(loudness, self.features[0].clone(), clock);
        let b = run(pitch, self.features[1].clone(), clock);
        let heard = clock.time(COPIES, || joined(&[(&a, CHANNELS), (&b, CHANNELS)]));
        let kernel = Matrix::new(&self.gru[0].values, n_gates);
        let mut gates = clock.time(PRODUCTS, || {
            product(ROWS, 2 * CHANNELS, n_gates, Matrix::new(&heard, 2 * CHANNELS), kernel)
        });
        clock.time("bias of the gates", || {
            for row in gates.chunks_exact_mut(n_gates) {
                row.iter_mut().zip(&self.input_bias.values).for_each(|(x, b)| *x += b);
            }
        });
        let gru = GruOp::default();
        let state = vec![0.0; N_BATCH * UNITS];
        let shapes: [&[usize]; 4] =
            [&[N_BATCH, N_FRAMES, 3 * UNITS], &[UNITS, 3 * UNITS], &[3 * UNITS], &[N_BATCH, UNITS]];
        let views = [&gates, &self.gru[1].values, &self.gru[2].values, &state];
        let views: [View<'_>; 4] =
            std::array::from_fn(|i| View { shape: shapes[i], values: views[i] });
        let states = clock.time("GRU, the recurrence", || gru.forward(views).1);
        let all = clock.time(COPIES, || joined(&[(&heard, 2 * CHANNELS), (&states, UNITS)]));
        let x = run(out, all, clock);
        let kernel = Matrix::new(&self.out[0].values, N_OUTPUTS);
        let raw = clock.time(PRODUCTS, || {
            product(ROWS, CHANNELS, N_OUTPUTS, Matrix::new(&x, CHANNELS), kernel)
        });

        // Controls: an amplitude, shares of harmonics, magnitudes of noise.
        let (controls, slopes) = clock.time("controls", || {
            let mut controls = vec![0.0; raw.len()];
            let mut slopes = vec![0.0; raw.len()];
            let rows = raw.chunks_exact(N_OUTPUTS).zip(controls.chunks_exact_mut(N_OUTPUTS));
            for ((raw, controls), slopes) in rows.zip(slopes.chunks_exact_mut(N_OUTPUTS)) {
                for (i, ((&x, y), d)) in raw.iter().zip(controls).zip(slopes).enumerate() {
                    let bias = if i > N_HARMONICS { -5.0 } else { 0.0 };
                    (*y, *d) = squashed(x + self.out[1].values[i] + bias);
                }
            }
            (controls, slopes)
        });
        let (amplitudes, sums) = clock.time("controls", || {
            let mut amplitudes = vec![0.0; ROWS * N_HARMONICS];
            let mut sums = Vec::with_capacity(ROWS);
            for (row, to) in
                controls.chunks_exact(N_OUTPUTS).zip(amplitudes.chunks_exact_mut(N_HARMONICS))
            {
                let shares = &row[1..=N_HARMONICS];
                let sum: f32 = shares.iter().sum();
                sums.push(sum);
                to.iter_mut().zip(shares).for_each(|(y, x)| *y = row[0] * x / sum);
            }
            (amplitudes, sums)
        });
        let bank = HarmonicOp::new(&HarmonicConfig::new(N_HARMONICS), RATE, HOP).expect("it fits");
        let bank_views = [
            View { shape: &[N_BATCH, N_FRAMES, 1], values: &self.f0_hz },
            View { shape: &[N_BATCH, N_FRAMES, N_HARMONICS], values: &amplitudes },
            NONE,
            NONE,
        ];
        let tone = clock.time("harmonic bank", || bank.forward(bank_views).1);
        let magnitudes =
            clock.time(COPIES, || columns(&controls, N_OUTPUTS, 1 + N_HARMONICS, N_BANDS));
        let n_taps = self.design.len() / N_BANDS;
        let design = Matrix::new(&self.design, n_taps);
        let taps = clock.time(PRODUCTS, || {
            product(ROWS, N_BANDS, n_taps, Matrix::new(&magnitudes, N_BANDS), design)
        });
        let hiss = clock.time("filtered noise", || Filter::new(&self.noise, &taps, n_taps));
        let dry: Vec<f32> =
            clock.time("mix", || tone.iter().zip(&hiss.signal).map(|(a, b)| a + b).collect());
        let room = clock.time("reverb", || Room::new(&dry, &self.ir.values));

        // Loss and backward.
        let config = SpectralLossConfig { logmag_weight: 1.0, ..SpectralLossConfig::default() };
        let loss = SpectralLossOp::new(&config).expect("it has these terms");
        let loss_views = [
            View { shape: &[N_BATCH, N_SAMPLES], values: &room.signal },
            View { shape: &[N_BATCH, N_SAMPLES], values: &self.target },
            NONE,
            NONE,
        ];
        let [d_signal, ..] = clock.time("spectral loss and its gradient", || {
            let _ = loss.forward(loss_views);
            loss.backward(loss_views, &[1.0])
        });
        let (d_dry, d_ir) = clock.time("reverb", || room.backward(&d_signal));
        self.ir.gradient = d_ir;
        let [_, d_amplitudes, ..] =
            clock.time("harmonic bank", || bank.backward(bank_views, &d_dry));
        let d_taps = clock.time("filtered noise", || hiss.backward(&d_dry, n_taps));
        let d_magnitudes = clock.time(PRODUCTS, || {
            product(ROWS, n_taps, N_BANDS, Matrix::new(&d_taps, n_taps), design.transposed())
        });
        let d_raw = clock.time("controls", || {
            let mut d_raw = vec![0.0; raw.len()];
            for (i, d) in d_raw.chunks_exact_mut(N_OUTPUTS).enumerate() {
                let row = &controls[i * N_OUTPUTS..][..N_OUTPUTS];
                let slopes = &slopes[i * N_OUTPUTS..][..N_OUTPUTS];
                let by = &d_amplitudes[i * N_HARMONICS..][..N_HARMONICS];
                let dot: f32 = by.iter().zip(&row[1..]).map(|(d, share)| d * share / sums[i]).sum();
                d[0] = dot * slopes[0];
                for k in 0..N_HARMONICS {
                    d[1 + k] = row[0] * (by[k] - dot) / sums[i] * slopes[1 + k];
                }
                for k in 0..N_BANDS {
                    let at = 1 + N_HARMONICS + k;
                    d[at] = d_magnitudes[i * N_BANDS + k] * slopes[at];
                }
            }
            d_raw
        });
        self.out[1].gradient = clock.time("controls", || {
            let mut sum = vec![0.0; N_OUTPUTS];
            for row in d_raw.chunks_exact(N_OUTPUTS) {
                sum.iter_mut().zip(row).for_each(|(s, x)| *s += x);
            }
            sum
        });
        let d_raw = Matrix::new(&d_raw, N_OUTPUTS);
        self.out[0].gradient = clock.time(PRODUCTS, || {
            product(CHANNELS, ROWS, N_OUTPUTS, Matrix::new(&x, CHANNELS).transposed(), d_raw)
        });
        let kernel = Matrix::new(&self.out[0].values, N_OUTPUTS).transposed();
        let mut d = clock.time(PRODUCTS, || product(ROWS, N_OUTPUTS, CHANNELS, d_raw, kernel));
        for layer in out.iter_mut().rev() {
            d = layer.backward(&d, true, clock);
        }
        let n_all = 2 * CHANNELS + UNITS;
        let (d_heard, d_states) = clock.time(COPIES, || {
            (columns(&d, n_all, 0, 2 * CHANNELS), columns(&d, n_all, 2 * CHANNELS, UNITS))
        });
        let [d_gates, d_kernel, d_bias, _] =
            clock.time("GRU, the recurrence", || gru.backward(views, &d_states));
        (self.gru[1].gradient, self.gru[2].gradient) = (d_kernel, d_bias);
        self.input_bias.gradient = clock.time("bias of the gates", || {
            let mut sum = vec![0.0; n_gates];
            for row in d_gates.chunks_exact(n_gates) {
                sum.iter_mut().zip(row).for_each(|(s, x)| *s += x);
            }
            sum
        });
        let d_gates = Matrix::new(&d_gates, n_gates);
        self.gru[0].gradient = clock.time(PRODUCTS, || {
            product(
                2 * CHANNELS,
                ROWS,
                n_gates,
                Matrix::new(&heard, 2 * CHANNELS).transposed(),
                d_gates,
            )
        });
        let kernel = Matrix::new(&self.gru[0].values, n_gates).transposed();
        let from_gates =
            clock.time(PRODUCTS, || product(ROWS, n_gates, 2 * CHANNELS, d_gates, kernel));
        let parts = clock.time(COPIES, || {
            let d: Vec<f32> = d_heard.iter().zip(&from_gates).map(|(a, b)| a + b).collect();
            [0, CHANNELS].map(|first| columns(&d, 2 * CHANNELS, first, CHANNELS))
        });
        for (stack, mut d) in [loudness, pitch].into_iter().zip(parts) {
            for (i, layer) in stack.iter_mut().enumerate().rev() {
                d = layer.backward(&d, i > 0, clock);
            }
        }
        clock.time(ADAM, || self.adam());
    }

    fn adam(&mut self) {
        let Self { stacks, gru, input_bias, out, ir, .. } = self;
        let layers = stacks.iter_mut().flatten().flat_map(Fc::weights);
        let mut all: Vec<&mut Weight> =
            layers.chain(gru).chain([input_bias]).chain(out).chain([ir]).collect();
        let norm = all.iter().flat_map(|w| &w.gradient).map(|g| g * g).sum::<f32>().sqrt();
        let clip = (3.0 / norm.max(1e-30)).min(1.0);
        all.iter_mut().for_each(|weight| weight.adam(clip));
    }
}
