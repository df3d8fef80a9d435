//! The decoder of Magenta's solo_instrument by the number of frames that go in together, and the
//! matrix product beneath it, on each instruction set: the best of many short runs on one core.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::time::Instant;

use ddsp_core::nn::matrix::PackedMatrix;
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{RnnFcDecoder, RnnFcDecoderConfig};
use ddsp_core::noise::fill_uniform;
use ddsp_core::simd::Isa;

const ROWS: [usize; 9] = [1, 2, 3, 4, 6, 8, 12, 16, 64];
/// Seconds spent on each figure.
const BUDGET_S: f64 = 0.5;

fn best_s(mut run: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let mut best_s = f64::INFINITY;
    while begin.elapsed().as_secs_f64() < BUDGET_S {
        let start = Instant::now();
        run();
        best_s = best_s.min(start.elapsed().as_secs_f64());
    }
    best_s
}

fn noise(n: usize) -> Vec<f32> {
    let mut values = vec![0.0; n];
    fill_uniform(1, 0, &mut values);
    values
}

fn main() {
    let config = RnnFcDecoderConfig {
        input_keys: vec![InputKey::LoudnessScaled, InputKey::F0Scaled],
        channels: 512,
        gru_units: 512,
        layers_per_stack: 3,
        n_outputs: 126,
        z_dims: 0,
    };
    println!("GFLOP/s by rows {ROWS:?}; {} FLOP a frame", config.flop_per_frame());
    for isa in Isa::all().into_iter().rev() {
        let weights = &mut config.random_weights(1);
        let mut decoder =
            RnnFcDecoder::<f32>::new(&config, weights).expect("they fit").with_isa(isa);
        let inputs = noise(2 * 64);
        let mut raw = vec![0.0; 64 * decoder.n_outputs()];
        let figures = ROWS.map(|n| {
            let raw = &mut raw[..n * config.n_outputs];
            let flop = (config.flop_per_frame() * n) as f64;
            1e-9 * flop / best_s(|| decoder.process(&inputs[..2 * n], raw))
        });
        println!("{:10} decoder   {figures:6.1?}", isa.name());
        for (n_in, n_out) in [(512, 512), (512, 1536), (1024, 1536), (512, 126)] {
            let matrix = PackedMatrix::new(n_in, n_out, &noise(n_in * n_out), &noise(n_out));
            let (rows, mut out) = (noise(64 * n_in), vec![0.0; 64 * n_out]);
            let figures = ROWS.map(|n| {
                let run = || matrix.multiply(isa, &rows[..n * n_in], &mut out[..n * n_out]);
                2e-9 * (n_in * n_out * n) as f64 / best_s(run)
            });
            println!("{:10} {n_in:4}x{n_out:4} {figures:6.1?}", isa.name());
        }
        black_box(&raw);
    }
}
