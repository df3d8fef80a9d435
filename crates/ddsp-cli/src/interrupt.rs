//! Ctrl-C: leave, and leave nothing half-written.

use ddsp_io::atomic::remove_partials;

use crate::watch::screen;

/// As shells report a program that was interrupted.
const EXIT_CODE: i32 = 130;

/// From now on an interrupt (or being asked to end) removes partial files before it ends the command.
///
/// Where the caller has the signals ignored, as `nohup` does, they stay ignored.
pub(crate) fn clean_up() {
    let leave = || {
        remove_partials(|| {
            screen::give_back();
            std::process::exit(EXIT_CODE)
        });
    };
    // Without a handler all works as before, but for what an interrupt leaves.
    let _ = ctrlc::try_set_handler(leave);
}
