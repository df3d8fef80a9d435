//! The bytes of a WAV file.

use std::io;

use crate::atomic::WriteSeek;

/// The most bytes of samples in a WAV file, which counts its bytes in 32 bits, header included.
pub(super) const MAX_BYTES: u64 = u32::MAX as u64 - 1024;

/// Writes a mono WAV of integers with this many bits.
pub(super) fn write_integers(
    writer: &mut dyn WriteSeek,
    samples: impl Iterator<Item = i32>,
    sample_rate: u32,
    bits_per_sample: u16,
) -> io::Result<()> {
    fill(writer, samples, sample_rate, bits_per_sample, hound::SampleFormat::Int)
}

/// Writes a mono WAV of 32-bit floats.
pub(super) fn write_floats(
    writer: &mut dyn WriteSeek,
    samples: impl Iterator<Item = f32>,
    sample_rate: u32,
) -> io::Result<()> {
    fill(writer, samples, sample_rate, 32, hound::SampleFormat::Float)
}

fn fill<S: hound::Sample>(
    writer: &mut dyn WriteSeek,
    samples: impl Iterator<Item = S>,
    sample_rate: u32,
    bits_per_sample: u16,
    sample_format: hound::SampleFormat,
) -> io::Result<()> {
    let spec = hound::WavSpec { channels: 1, sample_rate, bits_per_sample, sample_format };
    let mut wav = hound::WavWriter::new(writer, spec).map_err(to_io)?;
    for x in samples {
        wav.write_sample(x).map_err(to_io)?;
    }
    wav.finalize().map_err(to_io)
}

fn to_io(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(e) => e,
        other => io::Error::other(other),
    }
}
