//! The object in a Pd without a window. Needs `pd` (apt install puredata-core); without it the tests say so and end.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail loudly and say why they cannot run"
)]

mod conversation;
mod patch;
mod same_sound;
mod shipped;
mod survival;
