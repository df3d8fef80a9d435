//! A whole file as one mono signal.

use std::io::Read;
use std::path::Path;

use super::{AudioReader, ChannelChoice, Notice, Resampler};
use crate::error::{Error, Result};

/// A recording may have this many samples (8 GiB of memory): 12 hours at 48 kHz.
const MAX_SAMPLES: usize = 1 << 31;
/// Memory reserved on the word of a header alone: a minute at 48 kHz.
const MAX_RESERVED_SAMPLES: u64 = 60 * 48_000;

/// How [`read_mono`] reads a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadOptions {
    /// The sample rate to resample to, in Hz; None keeps the file's own.
    pub sample_rate: Option<u32>,
    /// How channels become one.
    pub channel: ChannelChoice,
}

/// A mono recording and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// The signal, full scale at 1.0, every sample finite.
    pub samples: Vec<f32>,
    /// The rate of `samples`, in Hz.
    pub sample_rate: u32,
    /// The file as it was before mixing and resampling.
    pub source: SourceInfo,
    /// What its owner would want to know about the file.
    pub notices: Vec<Notice>,
}

/// An audio file as found.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceInfo {
    /// The sample rate, in Hz.
    pub sample_rate: u32,
    /// The number of channels.
    pub n_channels: usize,
    /// The format in a musician's words, as `WAV, 24-bit`.
    pub format_name: String,
    /// The duration of what could be decoded, in seconds.
    pub duration_s: f64,
}

/// Reads a file as mono at the rate asked for: decoded, mixed and resampled block by block, so that
/// nothing but the result is held in memory.
///
/// *Errors*: those of [`AudioReader::open`] and [`AudioReader::read`], [`Error::SampleRate`] for a
/// rate out of range, [`Error::TooLong`] beyond 2^31 samples.
pub fn read_mono(path: &Path, options: &ReadOptions) -> Result<Recording> {
    read_all(path, AudioReader::open(path, options.channel)?, options)
}

/// Reads a stream, as standard input, to its end as [`read_mono`] reads a file; `name` stands in
/// messages for the file's.
///
/// *Errors*: those of [`AudioReader::from_stream`] and [`read_mono`].
pub fn read_mono_stream(
    name: &Path,
    stream: impl Read,
    options: &ReadOptions,
) -> Result<Recording> {
    read_all(name, AudioReader::from_stream(name, stream, options.channel)?, options)
}

fn read_all(path: &Path, mut reader: AudioReader, options: &ReadOptions) -> Result<Recording> {
    let source_rate = reader.sample_rate();
    let sample_rate = options.sample_rate.unwrap_or(source_rate);
    let mut resampler = Resampler::new(source_rate, sample_rate)?;

    let n_expected = u128::from(reader.n_samples_hint().unwrap_or(0)) * u128::from(sample_rate)
        / u128::from(source_rate);
    let n_reserved = n_expected.min(u128::from(MAX_RESERVED_SAMPLES));
    let mut samples = Vec::with_capacity(n_reserved as usize + 1);
    let (mut block, mut n_source) = (Vec::new(), 0u64);
    while reader.read(&mut block)? > 0 {
        n_source += block.len() as u64;
        resampler.process(&block, &mut samples);
        if samples.len() > MAX_SAMPLES {
            let detail = format!("at {sample_rate} Hz at most {MAX_SAMPLES} samples can be read");
            return Err(Error::TooLong { path: path.to_owned(), detail });
        }
    }
    resampler.finish(&mut samples);
    samples.shrink_to_fit();
    Ok(Recording {
        samples,
        sample_rate,
        source: SourceInfo {
            sample_rate: source_rate,
            n_channels: reader.n_channels(),
            format_name: reader.format_name().into(),
            duration_s: n_source as f64 / f64::from(source_rate),
        },
        notices: reader.notices(),
    })
}
