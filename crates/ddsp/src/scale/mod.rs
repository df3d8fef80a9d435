//! From what a network puts out to what an element takes.

mod exp_sigmoid;

pub use exp_sigmoid::{exp_sigmoid, exp_sigmoid_with, sym_exp_sigmoid};
