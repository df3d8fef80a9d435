//! `ddsp watch`: a training run, from any terminal; `ddsp train` shows its own by the same means.
//!
//! A [`source`] reads the folder of the run, and whether anyone trains in it; an [`ending`] says in a sentence how it came out.
//! What is shown is either [`plain`], the log [`lines`] as they come, or the [`view`]: a [`picture`] of the run, drawn on a
//! [`screen`] with its [`curve`]. Watchers only read, so any number of them may look, and none can disturb the training.

mod curve;
mod ending;
mod lines;
mod live;
mod picture;
mod plain;
pub(crate) mod screen;
mod source;
mod view;

use std::io::{IsTerminal, stdin, stdout};

use crate::args::WatchArgs;
use crate::failure::{Cause, Failure};
use ending::Ending;
use live::Viewer;
use screen::Screen;
use source::Source;

/// Runs the command.
pub(crate) fn run(args: &WatchArgs) -> Result<(), Failure> {
    let mut source = Source::open(&args.run)?;
    if args.once {
        return plain::once(&mut source);
    }
    let ending = match screen(args.plain) {
        Some(screen) => live::show(&mut source, screen, Viewer::Watcher)?,
        None => Some(plain::follow(&mut source)?),
    };
    match ending {
        Some(Ending { sentence, is_bad: true, .. }) => Err(Failure::new(Cause::Training, sentence)),
        Some(ending) => plain::say_ending(&ending),
        None => Ok(()),
    }
}

/// The terminal, if there is one that can be drawn on and it shall be.
fn screen(is_plain: bool) -> Option<Screen> {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let can_draw = stdin().is_terminal() && stdout().is_terminal() && !is_dumb;
    (can_draw && !is_plain).then(screen::open).flatten()
}

/// Follows a run that this process is training, on a thread of its own, until it is over.
#[cfg(feature = "train")]
pub(crate) fn follow_in_background(
    folder: &ddsp_io::run_folder::RunFolder,
    is_plain: bool,
) -> std::thread::JoinHandle<()> {
    let mut source = Source::of(folder);
    std::thread::spawn(move || {
        let stop = Viewer::Trainer(&crate::interrupt::ask_to_stop);
        let shown = match screen(is_plain) {
            Some(screen) => live::show(&mut source, screen, stop),
            None => plain::follow(&mut source).map(Some),
        };
        // A failure of the training is told by whoever trained; a reader that has left hears nothing.
        match shown {
            Ok(Some(ending)) if !ending.is_bad => drop(plain::say_ending(&ending)),
            Err(failure) if !failure.is_quiet() => eprintln!("ddsp: {failure}"),
            Ok(_) | Err(_) => {}
        }
    })
}
