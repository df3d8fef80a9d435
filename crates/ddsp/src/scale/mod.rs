//! From what a network puts out to what an element takes.

mod exp_sigmoid;
mod pitch;

pub use exp_sigmoid::{exp_sigmoid, exp_sigmoid_with, sym_exp_sigmoid};
pub use pitch::hz_to_midi;
