//! The view, kept up to date.

use std::io;
use std::time::{Duration, Instant};

use super::ending::Ending;
use super::screen::{Key, Screen};
use super::source::Source;
use super::view::View;
use crate::failure::{Cause, Failure};

/// From one look at the folder to the next.
const PERIOD: Duration = Duration::from_millis(500);

/// Who looks.
#[derive(Clone, Copy)]
pub(super) enum Viewer<'a> {
    /// Someone who may leave at any time, and who reads how it ended before.
    Watcher,
    /// Whoever trains here: Ctrl-C calls this, and the view goes when the training has ended.
    #[cfg_attr(
        not(feature = "train"),
        allow(dead_code, reason = "a build without a trainer only watches")
    )]
    Trainer(&'a dyn Fn()),
}

/// Shows a run until someone leaves; returns how the training ended, if it had by then.
pub(super) fn show(
    source: &mut Source,
    mut screen: Screen,
    viewer: Viewer<'_>,
) -> Result<Option<Ending>, Failure> {
    let keys = match viewer {
        Viewer::Watcher => "q leaves the view, the training goes on   l logarithmic or not",
        Viewer::Trainer(_) => {
            "Ctrl-C stops with a checkpoint, the same command goes on   l logarithmic or not"
        }
    };
    let mut view = View::new(&source.path().display().to_string(), keys);
    loop {
        let now = source.poll()?;
        if now.news.is_restarted {
            view.forget();
        }
        view.update(now.status, &now.news.metrics);
        view.set_ending(now.ending.clone());
        if now.ending.is_some() && matches!(viewer, Viewer::Trainer(_)) {
            return Ok(now.ending);
        }
        let start = Instant::now();
        loop {
            screen.draw(&view).map_err(lost)?;
            let left = PERIOD.saturating_sub(start.elapsed());
            match (screen.key(left).map_err(lost)?, viewer) {
                (Some(Key::Leave | Key::Interrupt), Viewer::Watcher) => return Ok(now.ending),
                (Some(Key::Interrupt), Viewer::Trainer(stop)) => stop(),
                (Some(Key::Scale), _) => view.toggle_scale(),
                (Some(Key::Leave) | None, _) => {}
            }
            if start.elapsed() >= PERIOD {
                break;
            }
        }
    }
}

fn lost(error: io::Error) -> Failure {
    Failure::new(Cause::Output, format!("the terminal cannot be drawn on: {error}"))
}
