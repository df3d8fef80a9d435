//! A run as lines, for pipes, files and terminals that cannot draw.

use std::fmt::Display;
use std::io::{Write, stdout};
use std::time::Duration;

use ddsp_io::run_folder::Metric;

use super::ending::Ending;
use super::lines::{line, status_line};
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
    let mut is_first = true;
    loop {
        let now = source.poll()?;
        if is_first && let Some(status) = &now.status {
            say(&status_line(status))?;
        }
        let metrics = &now.news.metrics;
        let n_skipped = if is_first { metrics.len().saturating_sub(N_BEFORE) } else { 0 };
        if now.news.is_restarted {
            say(&"the run goes on from an earlier step")?;
        }
        for metric in &metrics[n_skipped..] {
            say(&line(metric))?;
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
        Some(status) => say(&status_line(status))?,
        None => say(&"a training begins")?,
    }
    let metrics = &now.news.metrics;
    let last = |is_wanted: fn(&Metric) -> bool| metrics.iter().rev().find(|m| is_wanted(m));
    let step = last(|metric| matches!(metric, Metric::Step(_)));
    let eval = last(|metric| matches!(metric, Metric::Eval(_)));
    let note = last(|metric| matches!(metric, Metric::Note(_)));
    for metric in [step, eval, note].into_iter().flatten() {
        say(&line(metric))?;
    }
    now.ending.map_or(Ok(()), |ending| say(&ending.sentence))
}
