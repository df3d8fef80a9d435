//! A run as lines, for pipes, files and terminals that cannot draw.

use std::fmt::Display;
use std::io::{Write, stdout};
use std::time::Duration;

use ddsp_io::run_folder::Metric;

use super::ending::Ending;
use super::lines::{Lines, evaluation, summary};
use super::source::Source;
use crate::failure::{Cause, Failure};

/// From one look to the next.
const PERIOD: Duration = Duration::from_millis(500);
/// So many lines of what was before are shown at first.
const N_BEFORE: usize = 10;

/// Prints a line; a reader that has left ends the command.
pub(super) fn say(line: &dyn Display) -> Result<(), Failure> {
    writeln!(stdout().lock(), "{line}").map_err(|_| Failure::quiet(Cause::Output))
}

/// Prints what happens, from a few lines back, until the training ends.
pub(super) fn follow(source: &mut Source) -> Result<Ending, Failure> {
    let (mut lines, mut is_first) = (Lines::default(), true);
    loop {
        let now = source.poll()?;
        if now.news.is_restarted {
            say(&"the run goes on from an earlier step")?;
            (lines, is_first) = (Lines::default(), true);
        }
        let new = lines.update(now.status.as_ref(), &now.news.metrics);
        let n_skipped = if is_first { new.len().saturating_sub(N_BEFORE) } else { 0 };
        if let Some(status) = now.status.as_ref().filter(|_| n_skipped > 0) {
            say(&summary(status))?;
        }
        for line in &new[n_skipped..] {
            say(line)?;
        }
        if let Some(ending) = now.ending {
            return Ok(ending);
        }
        is_first = false;
        std::thread::sleep(PERIOD);
    }
}

/// Prints how things stand.
pub(super) fn once(source: &mut Source) -> Result<(), Failure> {
    let now = source.poll()?;
    match &now.status {
        Some(status) => say(&summary(status))?,
        None => say(&"a training begins")?,
    }
    let metrics = &now.news.metrics;
    if let Some(eval) = metrics.iter().rev().find(|metric| matches!(metric, Metric::Eval { .. })) {
        say(&evaluation(eval))?;
    }
    now.ending.map_or(Ok(()), |ending| say_ending(&ending))
}

/// Prints how it ended, and what to do now.
pub(super) fn say_ending(ending: &Ending) -> Result<(), Failure> {
    say(&ending.sentence)?;
    ending.hints.iter().try_for_each(|hint| say(&format_args!("  {hint}")))
}
