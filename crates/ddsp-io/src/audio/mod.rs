//! Audio files in and out: decoded to mono, resampled, written as WAV or FLAC.
//!
//! [`read_mono`] is the whole way in, [`read_mono_stream`] that from a pipe; [`AudioReader`] and
//! [`Resampler`] are its two streaming halves.
//! [`write_audio`] is the way out, [`encode_audio`] that to a pipe.

mod aac;
mod container;
mod flac;
mod guard;
mod mp4;
mod names;
mod notice;
mod output_format;
mod reader;
mod recording;
mod resample;
mod sniff;
mod source;
mod tally;
mod wav;
mod wav_header;
mod write;

pub use notice::Notice;
pub use output_format::OutputFormat;
pub use reader::{AudioReader, ChannelChoice};
pub use recording::{ReadOptions, Recording, SourceInfo, read_mono, read_mono_stream};
pub use resample::{Resampler, resample};
pub use write::{Written, encode_audio, write_audio};

/// The lowest sample rate read, written or resampled, in Hz.
pub const MIN_SAMPLE_RATE: u32 = 1_000;
/// The highest sample rate read, written or resampled, in Hz.
pub const MAX_SAMPLE_RATE: u32 = 768_000;
/// The most channels that a file may have; its header is taken for broken beyond that.
pub const MAX_CHANNELS: usize = 64;
