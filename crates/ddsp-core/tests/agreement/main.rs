//! Kernels against what they must agree with: Magenta's numbers, f64, themselves in other blocks.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail loudly and show figures")]

mod alto_sax;
mod blocks;
mod f0;
mod instruction_sets;
mod oracle;
mod weights;
