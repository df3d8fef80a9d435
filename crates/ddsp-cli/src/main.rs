//! The command `ddsp`.
//!
//! One file or folder a subcommand. This crate is the only one that prints, asks for the command line or picks
//! an exit code.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line")]

#[macro_use]
mod say;

mod analyze;
mod args;
mod bench;
mod compare;
mod controls;
#[cfg(any(feature = "train", test))]
mod detach;
#[cfg(feature = "train")]
mod eval;
mod eval_pitch;
mod export;
mod failure;
mod features_csv;
mod format;
mod import;
mod info;
mod instruments;
mod interrupt;
mod jobs;
mod listen;
#[cfg(feature = "train")]
mod memory;
mod pipe;
mod plot;
mod prepare;
mod showing;
mod statistics;
mod text;
#[cfg(feature = "train")]
mod train;
mod transfer;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
#[cfg(not(feature = "train"))]
use failure::{Cause, Failure};

fn main() -> ExitCode {
    interrupt::clean_up();
    let done = match Args::parse().command {
        Command::Transfer(args) => transfer::run(&args),
        Command::Analyze(args) => analyze::run(&args),
        Command::Models => instruments::run(),
        Command::Info(args) => info::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Prepare(args) => prepare::run(&args),
        Command::Statistics(args) => statistics::run(&args),
        Command::Watch(args) => watch::run(&args),
        #[cfg(feature = "train")]
        Command::Train(args) => train::run(&args),
        #[cfg(feature = "train")]
        Command::Eval(args) => eval::run(&args),
        #[cfg(not(feature = "train"))]
        Command::Train(_) | Command::Eval(_) => Err(Failure::new(
            Cause::Usage,
            "this build of ddsp cannot train: build it with `cargo build --release -p ddsp-cli --features train`",
        )),
        Command::Export(args) => export::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::EvalPitch(args) => eval_pitch::run(&args),
        Command::Compare(args) => compare::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_quiet() {
                eprintln!("ddsp: {failure}");
            }
            failure.exit_code()
        }
    }
}
