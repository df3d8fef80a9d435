//! `ddsp bench`: how fast each stage is, on one core.

mod harmonics;
mod sgemm;
mod solo_instrument;
mod stages;

use std::time::Instant;

use ddsp_core::simd::Isa;

use crate::args::BenchArgs;
use crate::failure::{Cause, Failure};
use crate::instruments;

/// Each stage runs again and again for this long, and a few times at least; the fastest run counts.
const BUDGET_S: f64 = 0.5;
const MIN_RUNS: usize = 5;

/// Runs the command.
pub(crate) fn run(args: &BenchArgs) -> Result<(), Failure> {
    let unusable = |e: ddsp_core::Error| Failure::new(Cause::Model, e.to_string());
    let isa = Isa::detect().name();
    println!("one core, instruction set {isa}, the fastest of many runs\n");
    let peak = sgemm::peak();

    let model = instruments::load(&args.model)?;
    println!("\n{}, {} s of audio{}", model.config().name, args.seconds, columns());
    stages::listening(model.config(), args.seconds)?;
    stages::playing(&model, args.seconds).map_err(unusable)?;

    println!("\nsolo_instrument's sizes, random weights, {} s of audio{}", args.seconds, columns());
    let solo = solo_instrument::model().map_err(unusable)?;
    stages::playing(&solo, args.seconds).map_err(unusable)?;
    println!();
    solo_instrument::decoder(peak).map_err(unusable)?;

    println!();
    harmonics::run().map_err(unusable)
}

/// The time in seconds of the fastest run.
fn fastest(mut run: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let (mut best, mut n_runs) = (f64::INFINITY, 0);
    while n_runs < MIN_RUNS || begin.elapsed().as_secs_f64() < BUDGET_S {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed().as_secs_f64());
        n_runs += 1;
    }
    best
}

fn columns() -> &'static str {
    ": ms per second of audio, times real time"
}

/// Times a stage that handles `seconds` of audio, and prints its line.
fn report(stage: &str, seconds: f64, run: impl FnMut()) {
    let best = fastest(run);
    println!("  {stage:31}{:9.3} ms {:8.0} x", 1e3 * best / seconds, seconds / best);
}
