//! The bytes of a FLAC file.

use std::io;
use std::num::NonZero;

use flac_codec::Error as FlacError;
use flac_codec::encode::{FlacSampleWriter, Options};
use flac_codec::metadata::{BlockList, Streaminfo, write_blocks};

use crate::atomic::WriteSeek;

/// The most samples of a FLAC file, which counts them in 36 bits.
pub(super) const MAX_SAMPLES: u64 = (1 << 36) - 1;
/// Samples a frame, the usual number.
const BLOCK_SIZE: u16 = 4096;
/// Samples handed to the encoder at once; it keeps what does not fill a frame.
const N_AT_ONCE: usize = 16 * BLOCK_SIZE as usize;
/// The MD5 sum of no bytes, RFC 1321, appendix A.5.
const MD5_OF_NOTHING: [u8; 16] = [
    0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42, 0x7e,
];

/// Writes a mono FLAC of integers with this many bits, and the MD5 sum by which players check it.
///
/// *Reference*: RFC 9639.
pub(super) fn write_integers(
    writer: &mut dyn WriteSeek,
    mut samples: impl ExactSizeIterator<Item = i32>,
    sample_rate: u32,
    bits_per_sample: u32,
) -> io::Result<()> {
    let n_samples = samples.len() as u64;
    if n_samples == 0 {
        return write_empty(writer, sample_rate, bits_per_sample);
    }
    let options = Options::default().block_size(BLOCK_SIZE).map_err(io::Error::other)?.no_padding();
    let flac =
        FlacSampleWriter::new(writer, options, sample_rate, bits_per_sample, 1, Some(n_samples));
    let mut flac = flac.map_err(to_io)?;
    let mut block = Vec::with_capacity(N_AT_ONCE.min(samples.len()));
    loop {
        block.clear();
        block.extend(samples.by_ref().take(N_AT_ONCE));
        if block.is_empty() {
            return flac.finalize().map_err(to_io);
        }
        flac.write(&block).map_err(to_io)?;
    }
}

/// A header and no frames; the encoder takes this for a mistake.
fn write_empty(
    writer: &mut dyn WriteSeek,
    sample_rate: u32,
    bits_per_sample: u32,
) -> io::Result<()> {
    let header = Streaminfo {
        minimum_block_size: BLOCK_SIZE,
        maximum_block_size: BLOCK_SIZE,
        minimum_frame_size: None,
        maximum_frame_size: None,
        sample_rate,
        channels: NonZero::<u8>::MIN,
        bits_per_sample: bits_per_sample
            .try_into()
            .map_err(|_| io::Error::other("the bits of a sample do not fit"))?,
        total_samples: None,
        md5: Some(MD5_OF_NOTHING),
    };
    write_blocks(writer, BlockList::new(header).blocks()).map_err(to_io)
}

fn to_io(error: FlacError) -> io::Error {
    match error {
        FlacError::Io(e) => e,
        other => io::Error::other(other),
    }
}
