//! A training step of Magenta's `solo_instrument` on synthetic data, batch 16 of 4 s at 16 kHz: written out in plain Rust, which is the
//! floor, and through the graph.
//!
//!     cargo bench -p ddsp --bench step [-- --steps N] [--only graph|plain] [--json]
//!
//! Three steps are made before those that are timed. `--json` prints one object: the seconds of each step (`graph_s`, `plain_s`), the
//! medians of the plain step's parts (`parts`) and the peak of the resident memory (`peak_rss_bytes`), which is that of both unless `--only` one runs. `bench/train/compare.py` reads it.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

mod graph;
/// As the command has it that trains.
#[path = "../../crates/ddsp-cli/src/memory.rs"]
mod memory;
mod plain;

use std::time::Instant;

/// Steps that are not timed: until the process has its memory.
const N_WARM_UP: usize = 3;
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
const N_STEPS: usize = 3;

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

/// What the command line asks for.
struct Arguments {
    n_steps: usize,
    graph: bool,
    plain: bool,
    json: bool,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut new = Self { n_steps: N_STEPS, graph: true, plain: true, json: false };
        while let Some(word) = words.next() {
            match word.as_str() {
                // Cargo's own.
                "--bench" => {}
                "--json" => new.json = true,
                "--steps" => {
                    let n = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
                    new.n_steps = n.ok_or("expected a number of steps from 1 on after --steps")?;
                }
                "--only" => match words.next().as_deref() {
                    Some("graph") => new.plain = false,
                    Some("plain") => new.graph = false,
                    _ => return Err("expected graph or plain after --only".to_owned()),
                },
                _ => return Err(format!("expected --steps, --only or --json, found {word}")),
            }
        }
        if !new.graph && !new.plain {
            return Err("expected --only once, found it for both".to_owned());
        }
        Ok(new)
    }
}

/// The most memory that this process has held, where the system tells.
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The seconds of each step.
struct Rounds {
    plain: Vec<Clock>,
    graph: Vec<f64>,
    n_flops: f64,
}

fn main() -> Result<(), String> {
    memory::keep_pages();
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let mut plain_step = arguments.plain.then(plain::Step::new);
    let mut graph_step = arguments.graph.then(graph::Step::new);
    let n_flops = plain_step.as_ref().map_or(0.0, plain::Step::n_flops);
    let mut rounds = Rounds { plain: Vec::new(), graph: Vec::new(), n_flops };
    for i in 0..N_WARM_UP + arguments.n_steps {
        let is_timed = i >= N_WARM_UP;
        if let Some(step) = &mut plain_step {
            let mut clock = Clock::default();
            step.run(&mut clock);
            rounds.plain.extend(is_timed.then_some(clock));
        }
        if let Some(step) = &mut graph_step {
            let start = Instant::now();
            step.run();
            rounds.graph.extend(is_timed.then(|| start.elapsed().as_secs_f64()));
        }
    }
    if arguments.json {
        rounds.print_json()
    } else {
        rounds.print()
    }
    Ok(())
}

impl Rounds {
    fn print_json(&self) {
        let names = self.plain.first().map_or(&[][..], |clock| &clock.parts);
        let seconds = |at: usize| median(self.plain.iter().map(|clock| clock.parts[at].1));
        let parts: serde_json::Map<String, serde_json::Value> = names
            .iter()
            .enumerate()
            .map(|(i, (name, _))| ((*name).into(), seconds(i).into()))
            .collect();
        let plain: Vec<f64> = self.plain.iter().map(Clock::total).collect();
        let object = serde_json::json!({
            "graph_s": self.graph,
            "plain_s": plain,
            "parts": parts,
            "peak_rss_bytes": peak_rss_bytes(),
        });
        println!("{object}");
    }

    fn print(&self) {
        let best = self.plain.iter().min_by(|a, b| a.total().total_cmp(&b.total()));
        if let Some(clock) = best {
            println!("plain Rust, the fastest of {} steps:", self.plain.len());
            for (name, seconds) in &clock.parts {
                println!("  {name:36} {:8.1} ms", seconds * 1e3);
            }
            println!("  {:36} {:8.1} ms", "all", clock.total() * 1e3);
            let products = clock.parts.iter().find(|(name, _)| *name == "matrix products");
            if let Some((_, seconds)) = products {
                println!(
                    "  {:.0} GFLOP of products at {:.0} GFLOP/s",
                    self.n_flops / 1e9,
                    self.n_flops / seconds / 1e9
                );
            }
        }
        if let Some(fastest) = self.graph.iter().copied().min_by(f64::total_cmp) {
            println!("through the graph: {:.1} ms at best", fastest * 1e3);
        }
        let mut ratios: Vec<f64> = self
            .plain
            .iter()
            .zip(&self.graph)
            .map(|(clock, graph)| graph / clock.total())
            .collect();
        ratios.sort_by(f64::total_cmp);
        if !ratios.is_empty() {
            let ratios: Vec<String> = ratios.iter().map(|x| format!("{x:.2}")).collect();
            println!("the graph's to plain, in the same round: {}", ratios.join(" "));
        }
        if let Some(bytes) = peak_rss_bytes() {
            println!("peak memory {} MiB", bytes >> 20);
        }
    }
}
