//! Convolution and filters.

mod convolve;
mod frequency_sampling;

pub use convolve::fft_convolve;
pub use ddsp_core::filter::{DelayCompensation, Padding};
pub use frequency_sampling::{frequency_filter, frequency_impulse_response};
