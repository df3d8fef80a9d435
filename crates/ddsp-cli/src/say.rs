//! Lines for the reader of the command.
//!
//! `println!` and `eprintln!` mean these in the whole crate. Those of the standard library panic when
//! nobody reads on, as in `ddsp models | head -1`; these go on with the work.

use std::fmt::Arguments;
use std::io::{self, Write};

/// Prints a line on standard output.
macro_rules! println {
    () => { $crate::say::line(format_args!("")) };
    ($($line:tt)*) => { $crate::say::line(format_args!($($line)*)) };
}

/// Prints a line on standard error.
macro_rules! eprintln {
    ($($line:tt)*) => { $crate::say::error_line(format_args!($($line)*)) };
}

pub(crate) fn line(line: Arguments<'_>) {
    // A report that cannot be shown is no reason to leave the work.
    let _ = writeln!(io::stdout().lock(), "{line}");
}

pub(crate) fn error_line(line: Arguments<'_>) {
    // As above.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Prints a report: on standard error when standard output carries a sound, a table or a picture.
pub(crate) fn report(lines: &[String], is_stdout_taken: bool) {
    for line in lines {
        if is_stdout_taken {
            eprintln!("{line}");
        } else {
            println!("{line}");
        }
    }
}
