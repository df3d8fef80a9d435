//! Time of the default pitch tracker per second of audio, on one core.
//!
//! `cargo bench -p ddsp-core --bench f0`

#![allow(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::f64::consts::TAU;
use std::time::Instant;

use ddsp_core::feature::f0::{F0Config, track};

const SECONDS: f64 = 20.0;
const REPEATS: usize = 7;

/// A voice-like tone that glides and pauses, with a little noise.
fn melody(rate: u32) -> Vec<f32> {
    let (mut phase, mut seed) = (0.0f64, 1u32);
    (0..(SECONDS * f64::from(rate)) as usize)
        .map(|i| {
            let t = i as f64 / f64::from(rate);
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(seed >> 8) / f64::from(1 << 24) - 0.5;
            let f0_hz = 220.0 * (0.5 * (TAU * 0.3 * t).sin() + 0.03 * (TAU * 5.5 * t).sin()).exp2();
            phase = (phase + f0_hz / f64::from(rate)).fract();
            let level = if t.fract() < 0.8 { 0.2 } else { 0.0 };
            let tone: f64 = (1..=10).map(|k| (TAU * k as f64 * phase).sin() / k as f64).sum();
            (level * tone + 0.005 * noise) as f32
        })
        .collect()
}

fn main() {
    for rate in [16_000u32, 44_100, 48_000] {
        let audio = melody(rate);
        let hop_size = rate as usize / 250;
        let n_frames = audio.len().div_ceil(hop_size);
        let config = F0Config::default();
        let mut best_s = f64::INFINITY;
        for _ in 0..REPEATS {
            let start = Instant::now();
            let track = track(&audio, rate, hop_size, n_frames, &config).expect("valid settings");
            std::hint::black_box(track);
            best_s = best_s.min(start.elapsed().as_secs_f64());
        }
        println!(
            "f0, {rate} Hz, 250 frames/s: {:.2} ms per second of audio",
            1e3 * best_s / SECONDS
        );
    }
}
