//! A training step of Magenta's `solo_instrument` on synthetic data, batch 16 of 4 s at 16 kHz: written out in plain Rust, which is the
//! floor, and through the graph.
//!
//!     cargo bench -p ddsp --bench step

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

mod graph;
mod plain;

use std::time::Instant;

const N_BATCH: usize = 16;
const N_FRAMES: usize = 1000;
const HOP: usize = 64;
const N_SAMPLES: usize = N_FRAMES * HOP;
const RATE: u32 = 16_000;
const CHANNELS: usize = 512;
const UNITS: usize = 512;
const N_HARMONICS: usize = 60;
const N_BANDS: usize = 65;
const N_OUTPUTS: usize = 1 + N_HARMONICS + N_BANDS;
const IR_SIZE: usize = 48_000;
const N_ROUNDS: usize = 3;

/// Seconds of each part, by name, in the order of their first use.
#[derive(Default)]
struct Clock {
    parts: Vec<(&'static str, f64)>,
}

impl Clock {
    fn time<T>(&mut self, name: &'static str, f: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let out = f();
        let seconds = start.elapsed().as_secs_f64();
        match self.parts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += seconds,
            None => self.parts.push((name, seconds)),
        }
        out
    }

    fn total(&self) -> f64 {
        self.parts.iter().map(|(_, seconds)| seconds).sum()
    }
}

fn main() {
    let mut rounds = Vec::new();
    let (mut plain_step, mut graph_step) = (plain::Step::new(), graph::Step::new());
    for _ in 0..N_ROUNDS {
        let mut clock = Clock::default();
        plain_step.run(&mut clock);
        let start = Instant::now();
        graph_step.run();
        rounds.push((clock, start.elapsed().as_secs_f64()));
    }
    let n_flops = plain_step.n_flops();
    let best = rounds.iter().min_by(|a, b| a.0.total().total_cmp(&b.0.total()));
    let Some((clock, _)) = best else { return };
    println!("plain Rust, the fastest of {N_ROUNDS} steps:");
    for (name, seconds) in &clock.parts {
        println!("  {name:36} {:8.1} ms", seconds * 1e3);
    }
    println!("  {:36} {:8.1} ms", "all", clock.total() * 1e3);
    let products = clock.parts.iter().find(|(name, _)| *name == "matrix products");
    if let Some((_, seconds)) = products {
        println!(
            "  {:.0} GFLOP of products at {:.0} GFLOP/s",
            n_flops / 1e9,
            n_flops / seconds / 1e9
        );
    }
    let mut ratios: Vec<f64> = rounds.iter().map(|(clock, graph)| graph / clock.total()).collect();
    ratios.sort_by(f64::total_cmp);
    let fastest = rounds.iter().map(|(_, graph)| *graph).fold(f64::MAX, f64::min);
    println!(
        "through the graph: {:.1} ms at best; to plain, in the same round: {}",
        fastest * 1e3,
        ratios.iter().map(|x| format!("{x:.2}")).collect::<Vec<_>>().join(" ")
    );
}
