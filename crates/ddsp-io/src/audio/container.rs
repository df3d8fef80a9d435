//! Opening audio: what it is, whether we read it, and which track to play.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_MP3};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::common::Limit;
use symphonia::core::errors::Error as DecodeError;
use symphonia::core::formats::probe::{Hint, Probe, ProbeOptions};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

use super::guard::guarded;
use super::mp4::{Mp4Track, read_track};
use super::names::{codec_name, sample_entry_name};
use super::sniff::{Sniffed, sniff};
use super::source::Source;
use super::wav_header::read_wav_header;
use super::{MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, aac};
use crate::error::{Error, Result};

/// Rubbish before the first sound is searched up to this many bytes.
const MAX_PROBE_BYTES: u32 = 64 << 10;
/// This many packets are looked at for unannounced spectral band replication.
const N_SBR_PACKETS: usize = 8;

/// An open file and its audio track.
pub(super) struct Container {
    pub(super) format: Box<dyn FormatReader>,
    pub(super) track: Track,
    /// The codec's parameters, those of `track`.
    pub(super) params: AudioCodecParameters,
    /// Packets of the track that were read to look at them; they come before all others.
    pub(super) queue: VecDeque<Packet>,
    /// What the demuxer does not tell about an MP4.
    pub(super) mp4: Option<Mp4Track>,
}

/// Finds the audio in a source and refuses what is not audio or not decoded here, by name.
pub(super) fn open_container(mut source: Source) -> Result<Container> {
    let path = &source.name.clone();
    let head = read_head(path, &mut source)?;
    let sniffed = sniff(&head);
    let mut mp4 = None;
    match sniffed {
        Sniffed::Foreign(codec) => return Err(Error::codec(path, codec)),
        Sniffed::NotAudio(found) => return Err(Error::not_audio(path, found)),
        Sniffed::Wav => check_wav_header(path, &mut source)?,
        Sniffed::Mp4 => mp4 = read_track(&mut source),
        Sniffed::Container | Sniffed::Unknown => {}
    }
    if let Some(mp4) = &mp4 {
        check_sample_entry(path, mp4)?;
    }
    source.seek(SeekFrom::Start(0)).map_err(|e| Error::open(path, e))?;

    let mut format = probe(path, source, sniffed)?;
    let track = choose_track(path, format.as_ref())?;
    let params = audio_params(&track).ok_or_else(|| Error::codec(path, "this kind of"))?.clone();
    let mut queue = VecDeque::new();
    if params.codec == CODEC_ID_AAC {
        check_aac(path, format.as_mut(), &track, &params, &mut queue)?;
    }
    check_rate(path, params.sample_rate)?;
    check_channels(path, params.channels.as_ref().map(|channels| channels.count()))?;
    Ok(Container { format, track, params, queue, mp4 })
}

fn read_head(path: &Path, source: &mut Source) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    source.take(4096).read_to_end(&mut head).map_err(|e| Error::open(path, e))?;
    Ok(head)
}

fn check_wav_header(path: &Path, source: &mut Source) -> Result<()> {
    let Some(header) = read_wav_header(source) else {
        return Err(Error::damaged(path, "expected a WAV format chunk, found none"));
    };
    if let Some(codec) = header.foreign_codec() {
        return Err(Error::codec(path, codec));
    }
    check_rate(path, Some(header.sample_rate))?;
    check_channels(path, Some(usize::from(header.n_channels)))?;
    if !header.has_speakers {
        let n_channels = usize::from(header.n_channels);
        return Err(Error::TooManyChannels { path: path.to_owned(), n_channels });
    }
    Ok(())
}

/// Refuses rates that no recording has; they are signs of a broken header.
pub(super) fn check_rate(path: &Path, sample_rate: Option<u32>) -> Result<()> {
    match sample_rate {
        Some(rate) if !(MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&rate) => {
            let detail = format!(
                "expected a sample rate from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz, \
                 found {rate} Hz"
            );
            Err(Error::damaged(path, detail))
        }
        _ => Ok(()),
    }
}

/// Refuses a number of channels that no recording has.
pub(super) fn check_channels(path: &Path, n_channels: Option<usize>) -> Result<()> {
    match n_channels {
        Some(n) if !(1..=MAX_CHANNELS).contains(&n) => {
            Err(Error::damaged(path, format!("expected 1 to {MAX_CHANNELS} channels, found {n}")))
        }
        _ => Ok(()),
    }
}

/// Opens the container; the extension is a hint to the search and nothing more.
fn probe(path: &Path, source: Source, sniffed: Sniffed) -> Result<Box<dyn FormatReader>> {
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
        hint.with_extension(extension);
    }
    let options = ProbeOptions { max_probe_depth: MAX_PROBE_BYTES, ..Default::default() };
    let mut probe = Probe::new_with_options(&options);
    symphonia::default::register_enabled_formats(&mut probe);
    let stream = MediaSourceStream::new(Box::new(source), Default::default());
    let metadata = MetadataOptions::default().limit_visual_bytes(Limit::Maximum(0));
    let opened = guarded(|| probe.probe(&hint, stream, FormatOptions::default(), metadata));
    opened.map_err(|e| match e {
        DecodeError::IoError(e) if e.kind() != io::ErrorKind::UnexpectedEof => Error::open(path, e),
        _ if sniffed == Sniffed::Unknown => Error::not_audio(path, ""),
        DecodeError::IoError(_) => Error::damaged(path, "it ends before its audio can be read"),
        e => Error::damaged(path, format!("its header cannot be understood ({e})")),
    })
}

/// The codec of an audio track, if the demuxer could tell it.
pub(super) fn audio_params(track: &Track) -> Option<&AudioCodecParameters> {
    track.codec_params.as_ref()?.audio()
}

/// Refuses encrypted tracks and codecs by the name of their sample entry.
fn check_sample_entry(path: &Path, mp4: &Mp4Track) -> Result<()> {
    match &mp4.sample_entry {
        b"drms" | b"enca" => Err(Error::Protected { path: path.to_owned() }),
        entry => match sample_entry_name(entry) {
            Some(name) => Err(Error::codec(path, name)),
            None => Ok(()),
        },
    }
}

fn choose_track(path: &Path, format: &dyn FormatReader) -> Result<Track> {
    match format.default_track(TrackType::Audio).or_else(|| format.first_track(TrackType::Audio)) {
        Some(track) => Ok(track.clone()),
        None if format.tracks().iter().any(|track| track.codec_params.is_none()) => {
            Err(Error::codec(path, "this kind of"))
        }
        None => Err(Error::NoSamples { path: path.to_owned() }),
    }
}

/// Refuses relatives of AAC-LC, which would come out at half the rate; packets looked at for this
/// go to `queue`.
fn check_aac(
    path: &Path,
    format: &mut dyn FormatReader,
    track: &Track,
    params: &AudioCodecParameters,
    queue: &mut VecDeque<Packet>,
) -> Result<()> {
    if let Some(name) = params.extra_data.as_deref().and_then(aac::variant) {
        return Err(Error::codec(path, name));
    }
    // An error comes again when the reader asks for the next packet.
    while queue.len() < N_SBR_PACKETS
        && let Ok(Some(packet)) = guarded(|| format.next_packet())
    {
        if packet.track_id == track.id {
            queue.push_back(packet);
        }
    }
    if aac::packets_carry_sbr(queue.iter().map(|packet| &packet.data[..])) {
        return Err(Error::codec(path, "HE-AAC"));
    }
    Ok(())
}

/// A decoder for a track.
pub(super) fn make_decoder(
    path: &Path,
    params: &AudioCodecParameters,
) -> Result<Box<dyn AudioDecoder>> {
    // The MP3 demuxer takes an estimated length for a known one and would cut off the end.
    let options = AudioDecoderOptions::default().gapless(params.codec != CODEC_ID_MP3);
    let codecs = symphonia::default::get_codecs();
    guarded(|| codecs.make_audio_decoder(params, &options)).map_err(|e| match e {
        DecodeError::Unsupported(_) => Error::codec(path, codec_name(params.codec)),
        e => Error::damaged(path, format!("its codec's header cannot be understood ({e})")),
    })
}
