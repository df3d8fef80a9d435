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

/// Shows a run until someone leaves; returns how the training ended, if it had by then.
pub(super) fn show(source: &mut Source, mut screen: Screen) -> Result<Option<Ending>, Failure> {
    let title = source.path().display().to_string();
    let mut view =
        View::new(&title, "q leaves the view, the training goes on   l logarithmic or not");
    loop {
        let now = source.poll()?;
        if now.news.is_restarted {
            view.forget();
        }
        view.update(now.status, &now.news.metrics);
        view.set_ending(now.ending.clone());
        let start = Instant::now();
        loop {
            screen.draw(&view).map_err(lost)?;
            let left = PERIOD.saturating_sub(start.elapsed());
            match screen.key(left).map_err(lost)? {
                Some(Key::Leave) => return Ok(now.ending),
                Some(Key::Scale) => view.toggle_scale(),
                None if start.elapsed() >= PERIOD => break,
                None => {}
            }
        }
    }
}

fn lost(error: io::Error) -> Failure {
    Failure::new(Cause::Output, format!("the terminal cannot be drawn on: {error}"))
}
