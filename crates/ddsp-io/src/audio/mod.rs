//! Audio files out: resampled, written as WAV.

mod resample;
mod wav;

pub use resample::{Resampler, resample};
pub use wav::{OutputFormat, Written, write_wav};

/// The lowest sample rate read, written or resampled, in Hz.
pub const MIN_SAMPLE_RATE: u32 = 1_000;
/// The highest sample rate read, written or resampled, in Hz.
pub const MAX_SAMPLE_RATE: u32 = 768_000;
