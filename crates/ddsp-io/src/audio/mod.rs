//! Audio files in and out: decoded to mono, resampled, written as WAV.
//!
//! [`read_mono`] is the whole way in; [`AudioReader`] and [`Resampler`] are its two streaming halves.
//! [`write_wav`] is the way out.

mod aac;
mod container;
mod guard;
mod mp4;
mod names;
mod notice;
mod reader;
mod recording;
mod resample;
mod sniff;
mod tally;
mod wav;
mod wav_header;

pub use notice::Notice;
pub use reader::{AudioReader, ChannelChoice};
pub use recording::{ReadOptions, Recording, SourceInfo, read_mono};
pub use resample::{Resampler, resample};
pub use wav::{OutputFormat, Written, write_wav};

/// The lowest sample rate read, written or resampled, in Hz.
pub const MIN_SAMPLE_RATE: u32 = 1_000;
/// The highest sample rate read, written or resampled, in Hz.
pub const MAX_SAMPLE_RATE: u32 = 768_000;
/// The most channels that a file may have; its header is taken for broken beyond that.
pub const MAX_CHANNELS: usize = 64;
