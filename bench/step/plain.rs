//! The step written out: slices, products, the kernels of the CPU forms, no graph.

use ddsp::cpu::plain::{CpuOp, FftOp, GruOp, HarmonicOp, NormOp, SpectralLossOp, View};
use ddsp::loss::SpectralLossConfig;
use ddsp_core::filter::frequency_sampling_table;
use ddsp_core::noise::uniform;
use ddsp_core::synth::HarmonicConfig;
use gemm::Parallelism;

use crate::{
    CHANNELS, Clock, HOP, IR_SIZE, N_BANDS, N_BATCH, N_FRAMES, N_HARMONICS, N_OUTPUTS, N_SAMPLES,
    RATE, UNITS,
};

const ROWS: usize = N_BATCH * N_FRAMES;
const PRODUCTS: &str = "matrix products";
const NORMS: &str = "bias, norm, activation";
const COPIES: &str = "copies of columns";
const ADAM: &str = "Adam";
/// Of a frame of noise and its taps; of a clip and its reverb.
const NOISE_FFT: usize = 256;
const REVERB_FFT: usize = 131_072;

fn random(n: usize, seed: u64, low: f32, high: f32) -> Vec<f32> {
    let value = |i| low + (high - low) * 0.5 * (uniform(seed, i) + 1.0);
    (0..n as u64).map(value).collect()
}

/// A matrix in memory, or its transpose.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    values: &'a [f32],
    strides: (isize, isize),
}

impl<'a> Matrix<'a> {
    fn new(values: &'a [f32], n_columns: usize) -> Self {
        Self { values, strides: (n_columns as isize, 1) }
    }

    fn transposed(self) -> Self {
        Self { strides: (self.strides.1, self.strides.0), ..self }
    }
}

/// `a b`, `[m, k]` and `[k, n]`.
#[allow(unsafe_code, reason = "the library of matrix products takes pointers")]
fn product(m: usize, k: usize, n: usize, a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
    let mut out = vec![0.0_f32; m * n];
    assert_eq!((a.values.len(), b.values.len()), (m * k, k * n));
    // SAFETY: `out` is `[m, n]`, row by row, and the strides of `a` and `b` reach each of their `m k` and `k n` values.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.values.as_ptr(),
            a.strides.1,
            a.strides.0,
            b.values.as_ptr(),
            b.strides.1,
            b.strides.0,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::Rayon(0),
        );
    }
    out
}

/// A weight with its moments.
struct Weight {
    values: Vec<f32>,
    gradient: Vec<f32>,
    moments: [Vec<f32>; 2],
}

impl Weight {
    fn new(n: usize, scale: f32, seed: u64) -> Self {
        let zeros = || vec![0.0; n];
        Self {
            values: random(n, seed, -scale, scale),
            gradient: zeros(),
            moments: [zeros(), zeros()],
        }
    }

    fn adam(&mut self, clip: f32) {
        let [mean, square] = &mut self.moments;
        let rows = self.values.iter_mut().zip(&self.gradient).zip(mean).zip(square);
        for (((x, g), mean), square) in rows {
            let g = g * clip;
            *mean = 0.9 * *mean + 0.1 * g;
            *square = 0.999 * *square + 0.001 * g * g;
            *x -= 3e-4 * *mean / (square.sqrt() + 1e-7);
        }
    }
}

/// A dense layer with its norm and activation.
struct Fc {
    n_in: usize,
    kernel: Weight,
    bias: Weight,
    gamma: Weight,
    beta: Weight,
    input: Vec<f32>,
    products: Vec<f32>,
}

impl Fc {
    fn new(n_in: usize, seed: u64) -> Self {
        let scale = 1.0 / (n_in as f32).sqrt();
        Self {
            n_in,
            kernel: Weight::new(n_in * CHANNELS, scale, seed),
            bias: Weight::new(CHANNELS, 0.1, seed + 1),
            gamma: Weight { values: vec![1.0; CHANNELS], ..Weight::new(CHANNELS, 0.0, 0) },
            beta: Weight::new(CHANNELS, 0.1, seed + 2),
            input: Vec::new(),
            products: Vec::new(),
        }
    }

    fn views(&self) -> [View<'_>; 4] {
        [
            View { shape: &[ROWS, CHANNELS], values: &self.products },
            View { shape: &[CHANNELS], values: &self.bias.values },
            View { shape: &[CHANNELS], values: &self.gamma.values },
            View { shape: &[1, CHANNELS], values: &self.beta.values },
        ]
    }

    fn forward(&mut self, x: Vec<f32>, clock: &mut Clock) -> Vec<f32> {
        let kernel = Matrix::new(&self.kernel.values, CHANNELS);
        self.products = clock.time(PRODUCTS, || {
            product(ROWS, self.n_in, CHANNELS, Matrix::new(&x, self.n_in), kernel)
        });
        self.input = x;
        clock.time(NORMS, || NormOp.forward(self.views()).1)
    }

    fn backward(&mut self, gradient: &[f32], needs_input: bool, clock: &mut Clock) -> Vec<f32> {
        let [d, d_bias, d_gamma, d_beta] =
            clock.time(NORMS, || NormOp.backward(self.views(), gradient));
        (self.bias.gradient, self.gamma.gradient, self.beta.gradient) = (d_bias, d_gamma, d_beta);
        let d = Matrix::new(&d, CHANNELS);
        self.kernel.gradient = clock.time(PRODUCTS, || {
            product(self.n_in, ROWS, CHANNELS, Matrix::new(&self.input, self.n_in).transposed(), d)
        });
        if !needs_input {
            return Vec::new();
        }
        let kernel = Matrix::new(&self.kernel.values, CHANNELS).transposed();
        clock.time(PRODUCTS, || product(ROWS, CHANNELS, self.n_in, d, kernel))
    }

    fn weights(&mut self) -> [&mut Weight; 4] {
        [&mut self.kernel, &mut self.bias, &mut self.gamma, &mut self.beta]
    }
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

const NONE: View<'static> = View { shape: &[1], values: &[0.0] };

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
struct Filter {
    spectrum: Vec<f32>,
    product: Vec<f32>,
    taps: Vec<f32>,
    signal: Vec<f32>,
    start: usize,
}

const THERE: FftOp = FftOp { n_fft: NOISE_FFT, is_inverse: false };
const BACK: FftOp = FftOp { n_fft: NOISE_FFT, is_inverse: true };

impl Filter {
    fn new(noise: &[f32], taps: &[f32], n_taps: usize) -> Self {
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

    fn backward(&self, gradient: &[f32], n_taps: usize) -> Vec<f32> {
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
struct Room {
    clips: Vec<f32>,
    response: Vec<f32>,
    product: Vec<f32>,
    dry: Vec<f32>,
    masked: Vec<f32>,
    signal: Vec<f32>,
}

const FAR: FftOp = FftOp { n_fft: REVERB_FFT, is_inverse: false };
const FAR_BACK: FftOp = FftOp { n_fft: REVERB_FFT, is_inverse: true };

impl Room {
    fn new(dry: &[f32], ir: &[f32]) -> Self {
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

    fn backward(&self, gradient: &[f32]) -> (Vec<f32>, Vec<f32>) {
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
