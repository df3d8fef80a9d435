//! What formats and codecs are called.

use symphonia::core::codecs::audio::well_known as id;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};

/// The name of a codec, for the codecs that containers we read may hold.
pub(super) fn codec_name(codec: AudioCodecId) -> &'static str {
    match codec {
        id::CODEC_ID_AAC => "multichannel AAC",
        id::CODEC_ID_AC3 => "AC-3",
        id::CODEC_ID_AC4 => "AC-4",
        id::CODEC_ID_ADPCM_G722 => "G.722",
        id::CODEC_ID_ADPCM_G726 | id::CODEC_ID_ADPCM_G726LE => "G.726",
        id::CODEC_ID_ALAC => "ALAC",
        id::CODEC_ID_DCA => "DTS",
        id::CODEC_ID_EAC3 => "E-AC-3",
        id::CODEC_ID_FLAC => "FLAC",
        id::CODEC_ID_MONKEYS_AUDIO => "Monkey's Audio",
        id::CODEC_ID_MP1 => "MPEG layer 1",
        id::CODEC_ID_MP2 => "MPEG layer 2",
        id::CODEC_ID_MP3 => "MP3",
        id::CODEC_ID_MUSEPACK => "Musepack",
        id::CODEC_ID_OPUS => "Opus",
        id::CODEC_ID_SPEEX => "Speex",
        id::CODEC_ID_TRUEHD => "TrueHD",
        id::CODEC_ID_TTA => "True Audio",
        id::CODEC_ID_VORBIS => "Vorbis",
        id::CODEC_ID_WAVPACK => "WavPack",
        id::CODEC_ID_WMA => "WMA",
        _ => "this kind of",
    }
}

/// The name of an MP4 sample entry that is not decoded here; None if it may be.
pub(super) fn sample_entry_name(entry: &[u8; 4]) -> Option<&'static str> {
    Some(match entry {
        b"Opus" => "Opus",
        b"ac-3" => "AC-3",
        b"ec-3" => "E-AC-3",
        b"ac-4" => "AC-4",
        b"dtsc" | b"dtse" | b"dtsh" | b"dtsl" => "DTS",
        b"samr" | b"sawb" => "AMR",
        b"mlpa" => "TrueHD",
        b"wma " | b"owma" => "WMA",
        b"QDM2" | b"QDMC" => "QDesign Music",
        b"spex" => "Speex",
        _ => return None,
    })
}

/// A container and its codec in a musician's words, as `WAV, 24-bit`.
pub(super) fn format_name(container: &str, params: &AudioCodecParameters) -> String {
    let container = match container {
        "wave" => "WAV",
        "aiff" => "AIFF",
        "caf" => "CAF",
        "flac" => "FLAC",
        "isomp4" => "MP4",
        "matroska" => "Matroska",
        "mp3" => "MP3",
        "ogg" => "Ogg",
        "aac" => "AAC",
        other => other,
    };
    let codec = match params.codec {
        id::CODEC_ID_PCM_F32LE | id::CODEC_ID_PCM_F32BE => "32-bit float".into(),
        id::CODEC_ID_PCM_F64LE | id::CODEC_ID_PCM_F64BE => "64-bit float".into(),
        id::CODEC_ID_PCM_ALAW => "A-law".into(),
        id::CODEC_ID_PCM_MULAW => "mu-law".into(),
        id::CODEC_ID_ADPCM_MS | id::CODEC_ID_ADPCM_IMA_WAV | id::CODEC_ID_ADPCM_IMA_QT => {
            "ADPCM".into()
        }
        id::CODEC_ID_AAC => "AAC".into(),
        codec => match (codec_name(codec), params.bits_per_sample) {
            ("this kind of", Some(bits)) | ("FLAC", Some(bits)) => format!("{bits}-bit"),
            ("this kind of", None) => String::new(),
            (name, _) => name.into(),
        },
    };
    if codec.is_empty() || codec == container {
        container.into()
    } else {
        format!("{container}, {codec}")
    }
}
