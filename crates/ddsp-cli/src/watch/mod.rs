//! `ddsp watch`: a training run, from any terminal.
//!
//! A [`source`] reads the folder of the run, and whether anyone trains in it; an [`ending`] says in a sentence how it came out.
//! What is shown is either [`plain`], the log [`lines`] as they come, or the [`view`]: a [`picture`] of the run, drawn on a
//! [`screen`] with its [`curve`]. Watchers only read, so any number of them may look, and none can disturb the training.

mod curve;
mod ending;
pub(crate) mod lines;
mod live;
mod picture;
mod plain;
pub(crate) mod screen;
mod source;
pub(crate) mod view;

use std::io::{IsTerminal, stdout};

use crate::args::WatchArgs;
use crate::failure::{Cause, Failure};
use ending::Ending;
use source::Source;

/// Runs the command.
pub(crate) fn run(args: &WatchArgs) -> Result<(), Failure> {
    let mut source = Source::open(&args.run)?;
    if args.once {
        return plain::once(&mut source);
    }
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let screen =
        if args.plain || is_dumb || !stdout().is_terminal() { None } else { screen::open() };
    let ending = match screen {
        Some(screen) => live::show(&mut source, screen)?,
        None => Some(plain::follow(&mut source)?),
    };
    match ending {
        Some(Ending { sentence, is_bad: true }) => Err(Failure::new(Cause::Training, sentence)),
        Some(Ending { sentence, is_bad: false }) => plain::say(&sentence),
        None => Ok(()),
    }
}
