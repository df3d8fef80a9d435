//! Kernels against what they must agree with: Magenta's numbers, f64, themselves in other blocks.

mod alto_sax;
mod blocks;
mod f0;
mod oracle;
mod weights;
