//! Filters with finite impulse responses that may change from frame to frame.
//!
//! Responses come from magnitudes ([`FrequencySampling`]) or from a cutoff frequency
//! ([`sinc_impulse_response`]). [`FirFilter`] streams a signal through them, [`fft_convolve`] takes a
//! whole clip; both convolve each frame with its own response and add the overlapping results.

mod convolve;
mod fir;
mod frequency_sampling;
mod sinc;

pub use convolve::{
    DelayCompensation, Padding, crop_and_compensate_delay, fft_convolve, get_fft_size,
    next_fast_fft_size,
};
pub use fir::FirFilter;
pub use frequency_sampling::{
    FrequencySampling, apply_window_to_impulse_response, frequency_filter,
    frequency_impulse_response, frequency_sampling_table,
};
pub use sinc::{SincFilter, sinc, sinc_filter, sinc_impulse_response};
