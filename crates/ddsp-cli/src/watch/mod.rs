//! `ddsp watch`: a training run as its folder tells of it, from any terminal.
//!
//! [`lines`] prints what comes, [`view`] draws on a terminal. Both read the folder alone, so that whoever started a run and whoever looks
//! at it later see the same.

mod lines;
mod view;

use std::io::IsTerminal;
use std::thread::JoinHandle;
use std::time::Duration;

use ddsp_io::run_folder::{Metric, RunFolder, State, Status};

use crate::args::WatchArgs;
use crate::failure::{Cause, Failure};
use crate::interrupt;
use crate::text::duration;
use crate::train::is_over;
use lines::Lines;

/// From one look at the folder to the next.
const TICK: Duration = Duration::from_millis(250);

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Someone is at work.
    Working,
    /// It is over, as its status says.
    Over(State),
    /// It is not over, and nobody is at work.
    Died,
}

/// Runs the command.
pub(crate) fn run(args: &WatchArgs) -> Result<(), Failure> {
    let folder = RunFolder::new(&args.run);
    let refuse = |sentence: &str| Failure::file(Cause::Input, &args.run, sentence);
    if !args.run.is_dir() {
        return Err(refuse("there is no such folder"));
    }
    let Some(status) = folder.status() else {
        return Err(refuse(
            "expected the folder of a training run (`ddsp train DATASET -o RUN`), found no status in it",
        ));
    };
    let standing = standing(&folder, &status);
    if args.once {
        let mut lines = Lines::default();
        lines.update(&status, &folder.metrics().poll());
        println!("{}", lines::summary(&status));
        return ended(standing, &folder, &status);
    }
    interrupt::ask_to_stop_first();
    let has_left = follow(&folder, args.plain, &interrupt::ask_to_stop)?;
    let status = folder.status().unwrap_or(status);
    match self::standing(&folder, &status) {
        Standing::Working if has_left => Ok(()),
        standing => ended(standing, &folder, &status),
    }
}

fn standing(folder: &RunFolder, status: &Status) -> Standing {
    match status.state {
        state if is_over(state) => Standing::Over(state),
        _ if folder.is_held() => Standing::Working,
        // It may have ended since.
        _ => match folder.status() {
            Some(now) if is_over(now.state) => Standing::Over(now.state),
            _ => Standing::Died,
        },
    }
}

/// Says plainly how it ended.
fn ended(standing: Standing, folder: &RunFolder, status: &Status) -> Result<(), Failure> {
    let (run, step) = (folder.path().display(), status.step);
    let reason = status.reason.as_deref().unwrap_or("it did not say why");
    match standing {
        Standing::Working => Ok(()),
        Standing::Over(State::Finished) => {
            println!("finished at step {step}, {}: {reason}", duration(status.elapsed_s));
            println!("  play it: ddsp transfer IN -m {run}/model.ddsp");
            println!("  keep it: ddsp export {run} -o NAME.ddsp");
            Ok(())
        }
        Standing::Over(State::Stopped) => {
            println!("stopped at step {step}: {reason}");
            Ok(())
        }
        Standing::Over(_) => {
            Err(Failure::new(Cause::Training, format!("{run}: failed at step {step}: {reason}")))
        }
        Standing::Died => Err(Failure::new(
            Cause::Training,
            format!(
                "{run}: died at step {step}: nobody is at work on it, and it did not say that it was finished; the same `ddsp train` \
                 command goes on from its last checkpoint"
            ),
        )),
    }
}

/// Follows a run that this process is training, on a thread of its own, until it is over.
pub(crate) fn follow_in_background(folder: &RunFolder, plain: bool) -> JoinHandle<()> {
    let folder = folder.clone();
    std::thread::spawn(move || {
        if let Err(failure) = follow(&folder, plain, &interrupt::ask_to_stop) {
            eprintln!("ddsp: {failure}");
        }
        if let Some(status) = folder.status().filter(|status| status.state != State::Failed) {
            // How it ended; a failure is told by whoever trained.
            let _ = ended(standing(&folder, &status), &folder, &status);
        }
    })
}

/// Shows a run until it is over or whoever looks at it leaves, which `leave` is told; returns whether they left.
fn follow(folder: &RunFolder, plain: bool, leave: &dyn Fn()) -> Result<bool, Failure> {
    let is_terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if is_terminal && !plain {
        return view::follow(folder, leave).map_err(|e| {
            Failure::new(Cause::Output, format!("the terminal cannot be drawn on: {e}"))
        });
    }
    let (mut lines, mut metrics) = (Lines::default(), folder.metrics());
    loop {
        let status = folder.status();
        let is_over = status.as_ref().is_none_or(|s| standing(folder, s) != Standing::Working);
        let new: Vec<Metric> = metrics.poll();
        if let Some(status) = &status {
            lines.update(status, &new).iter().for_each(|line| println!("{line}"));
        }
        if is_over {
            return Ok(false);
        }
        if interrupt::is_asked_to_stop() {
            // A trainer ends by itself, and says so; whoever only looks leaves.
            if status.is_none_or(|s| s.pid != std::process::id()) {
                return Ok(true);
            }
        }
        std::thread::sleep(TICK);
    }
}
