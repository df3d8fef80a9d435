//! A look at the format chunk of a WAV file before the demuxer sees it.

use std::io::{Read, Seek, SeekFrom};

/// The format chunk of a WAV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WavHeader {
    /// The format tag; of the extensible form the one inside.
    pub(super) tag: u16,
    /// The number of channels as written.
    pub(super) n_channels: u16,
    /// The sample rate as written, in Hz.
    pub(super) sample_rate: u32,
    /// Whether the demuxer has a speaker for each channel.
    pub(super) has_speakers: bool,
}

impl WavHeader {
    /// The name of the codec, if it is one that is not decoded here.
    ///
    /// *Reference*: the list of wave formats in RFC 2361, appendix A, and Microsoft's `mmreg.h`.
    pub(super) fn foreign_codec(self) -> Option<String> {
        let name = match self.tag {
            // PCM, Microsoft ADPCM, floats, A-law, mu-law, IMA ADPCM.
            1 | 2 | 3 | 6 | 7 | 0x11 => return None,
            0x31 => "GSM 6.10",
            0x50 => "MPEG layer 2",
            0x55 => "MP3 inside WAV",
            0x92 | 0x2000 => "AC-3",
            0xff | 0x1600 | 0x1610 => "AAC inside WAV",
            0x160..=0x163 => "WMA",
            0x270 => "ATRAC3",
            0x2001 => "DTS",
            0x566f | 0x674f | 0x6750 | 0x6751 | 0x676f | 0x6770 | 0x6771 => "Vorbis inside WAV",
            tag => return Some(format!("WAV format {tag:#06x}")),
        };
        Some(name.into())
    }
}

/// Reads the format chunk of a RIFF WAVE file; None if there is none.
pub(super) fn read_wav_header(file: &mut (impl Read + Seek)) -> Option<WavHeader> {
    let mut position = 12u64;
    for _ in 0..1000 {
        file.seek(SeekFrom::Start(position)).ok()?;
        let mut head = [0; 8];
        file.read_exact(&mut head).ok()?;
        let n = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        if &head[..4] == b"fmt " {
            let mut chunk = Vec::new();
            file.take(u64::from(n.min(40))).read_to_end(&mut chunk).ok()?;
            return parse(&chunk);
        }
        position += 8 + u64::from(n) + u64::from(n % 2);
    }
    None
}

fn parse(chunk: &[u8]) -> Option<WavHeader> {
    const EXTENSIBLE: u16 = 0xfffe;
    // What the demuxer knows.
    const N_PLAIN_SPEAKERS: u16 = 26;
    const N_MASK_SPEAKERS: u32 = 18;
    let u16_at = |i: usize| Some(u16::from_le_bytes(chunk.get(i..i + 2)?.try_into().ok()?));
    let u32_at = |i: usize| Some(u32::from_le_bytes(chunk.get(i..i + 4)?.try_into().ok()?));
    let (tag, n_channels, sample_rate) = (u16_at(0)?, u16_at(2)?, u32_at(4)?);
    if tag != EXTENSIBLE {
        let has_speakers = n_channels <= N_PLAIN_SPEAKERS;
        return Some(WavHeader { tag, n_channels, sample_rate, has_speakers });
    }
    let mask = u32_at(20)?;
    // Channels without a speaker are given those above the highest one named.
    let n_highest = 32 - mask.leading_zeros();
    let n_missing = u32::from(n_channels).saturating_sub(mask.count_ones());
    let has_speakers = n_highest + n_missing <= N_MASK_SPEAKERS;
    Some(WavHeader { tag: u16_at(24)?, n_channels, sample_rate, has_speakers })
}
