//! The terminal, taken over for a view and given back.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::crossterm::{cursor, execute};

use super::view::View;

/// Whether the terminal is taken. Nothing is drawn but under this lock: an interrupt comes on another thread.
static IS_OPEN: Mutex<bool> = Mutex::new(false);

fn is_open() -> MutexGuard<'static, bool> {
    IS_OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A terminal that shows views; dropping it gives the terminal back.
#[derive(Debug)]
pub(crate) struct Screen {
    terminal: DefaultTerminal,
}

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// `q` or escape.
    Leave,
    /// Ctrl-C, which is a key like others while a view is shown.
    Interrupt,
    /// `l`.
    Scale,
}

/// Takes the terminal over; none if it cannot be.
pub(crate) fn open() -> Option<Screen> {
    *is_open() = true;
    match ratatui::try_init() {
        Ok(terminal) => Some(Screen { terminal }),
        Err(_) => {
            give_back();
            None
        }
    }
}

/// Gives the terminal back, if it is taken: also before the process ends in another way.
pub(crate) fn give_back() {
    let mut is_open = is_open();
    if std::mem::take(&mut *is_open) {
        // A terminal that is gone needs nothing.
        let _ = ratatui::try_restore();
        let _ = execute!(io::stdout(), cursor::Show);
    }
}

impl Screen {
    /// Shows a view.
    pub(crate) fn draw(&mut self, view: &View) -> io::Result<()> {
        let is_open = is_open();
        if *is_open {
            self.terminal.draw(|frame| view.draw(frame))?;
        }
        Ok(())
    }

    /// Waits for a key, or until the size changes, or for so long.
    pub(crate) fn key(&self, most: Duration) -> io::Result<Option<Key>> {
        if !event::poll(most)? {
            return Ok(None);
        }
        let Event::Key(key) = event::read()? else { return Ok(None) };
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        Ok(match key.code {
            _ if key.kind != KeyEventKind::Press => None,
            KeyCode::Char('c') if is_control => Some(Key::Interrupt),
            KeyCode::Char('q' | 'Q') | KeyCode::Esc => Some(Key::Leave),
            KeyCode::Char('l' | 'L') if !is_control => Some(Key::Scale),
            _ => None,
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}
