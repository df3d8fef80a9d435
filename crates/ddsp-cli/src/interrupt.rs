//! Ctrl-C: leave, and leave nothing half-written.

use std::sync::atomic::{AtomicBool, Ordering};

use ddsp_io::atomic::remove_partials;

use crate::watch::screen;

/// As shells report a program that was interrupted.
const EXIT_CODE: i32 = 130;

/// Whether the command ends by itself when it is asked to,
static ENDS_BY_ITSELF: AtomicBool = AtomicBool::new(false);
/// and whether it was.
static IS_ASKED: AtomicBool = AtomicBool::new(false);

/// From now on an interrupt (or being asked to end) removes partial files before it ends the command.
///
/// Where the caller has the signals ignored, as `nohup` does, they stay ignored.
pub(crate) fn clean_up() {
    let leave = || {
        let is_first = !IS_ASKED.swap(true, Ordering::SeqCst);
        if !(is_first && ENDS_BY_ITSELF.load(Ordering::SeqCst)) {
            remove_partials(|| {
                screen::give_back();
                std::process::exit(EXIT_CODE)
            });
        }
    };
    // Without a handler all works as before, but for what an interrupt leaves.
    let _ = ctrlc::try_set_handler(leave);
}

/// From now on the first interrupt asks the command to end by itself; a second one ends it.
#[cfg(feature = "train")]
pub(crate) fn ask_to_stop_first() {
    ENDS_BY_ITSELF.store(true, Ordering::SeqCst);
}

/// Whether the command is to end.
#[cfg(feature = "train")]
pub(crate) fn is_asked_to_stop() -> bool {
    IS_ASKED.load(Ordering::SeqCst)
}

/// Asks the command to end, as an interrupt does.
#[cfg(feature = "train")]
pub(crate) fn ask_to_stop() {
    IS_ASKED.store(true, Ordering::SeqCst);
}
