//! A bank of 100 harmonics at three rates, on each instruction set: the best of many short runs on
//! one core, and the error against the same rendered in f64.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::time::Instant;

use ddsp_core::simd::Isa;
use ddsp_core::synth::{Harmonic, HarmonicConfig};

const N_HARMONICS: usize = 100;
const N_FRAMES: usize = 50;
/// Seconds spent on each figure.
const BUDGET_S: f64 = 1.0;

fn rounded(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&x| x as f32).collect()
}

fn widened(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

fn main() {
    let config = HarmonicConfig::new(N_HARMONICS);
    for (sample_rate, hop_size, f0_hz) in
        [(16_000, 64, 75.0), (48_000, 240, 110.0), (48_000, 240, 440.0)]
    {
        let glide = |i: usize| f0_hz * (1.0 + 0.05 * (0.3 * i as f64).sin());
        let f0: Vec<f64> = (0..N_FRAMES).map(glide).collect();
        let share = |i: usize, k: usize| ((i + k) % 7) as f64 / (3.0 * N_HARMONICS as f64);
        let frame =
            |i: usize| std::iter::once(1.0).chain((0..N_HARMONICS).map(move |k| share(i, k)));
        let controls: Vec<f64> = (0..N_FRAMES).flat_map(frame).collect();
        let (f0, controls) = (rounded(&f0), rounded(&controls));
        let mut exact = vec![0.0; N_FRAMES * hop_size];
        Harmonic::<f64>::new(&config, sample_rate, hop_size).expect("valid sizes").process(
            &widened(&f0),
            &widened(&controls),
            N_HARMONICS + 1,
            &mut exact,
        );
        for isa in Isa::all().into_iter().rev() {
            let synth = Harmonic::<f32>::new(&config, sample_rate, hop_size).expect("valid sizes");
            let mut synth = synth.with_isa(isa);
            let mut signal = vec![0.0; N_FRAMES * hop_size];
            let begin = Instant::now();
            let mut best_s = f64::INFINITY;
            while begin.elapsed().as_secs_f64() < BUDGET_S {
                synth.reset();
                let start = Instant::now();
                synth.process(&f0, &controls, N_HARMONICS + 1, &mut signal);
                best_s = best_s.min(start.elapsed().as_secs_f64());
            }
            let square = |x: f64| x * x;
            let difference = signal.iter().zip(&exact).map(|(&a, b)| square(f64::from(a) - b));
            let error =
                (difference.sum::<f64>() / exact.iter().map(|&x| square(x)).sum::<f64>()).sqrt();
            let seconds = signal.len() as f64 / f64::from(sample_rate);
            println!(
                "{:8} {N_HARMONICS} harmonics of {f0_hz} Hz at {sample_rate} Hz: {:6.0} x real time, \
                 relative error {error:.1e}",
                isa.name(),
                seconds / best_s
            );
        }
    }
}
