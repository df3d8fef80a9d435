//! Audio as a stream of mono blocks.

use std::collections::VecDeque;
use std::io::Read;
use std::path::{Path, PathBuf};

use symphonia::core::codecs::audio::well_known as codec_id;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::errors::Error as DecodeError;
use symphonia::core::formats::{FormatReader, Track, TrackType};
use symphonia::core::packet::Packet;

use super::Notice;
use super::container::{
    Container, audio_params, check_channels, check_rate, make_decoder, open_container,
};
use super::guard::guarded;
use super::mp4::Mp4Track;
use super::names::format_name;
use super::source::Source;
use super::tally::{Tally, energy, silence_non_finite};
use crate::error::{Error, Result};

/// A stream that was cut and joined more often than this is not followed further.
const MAX_RESETS: u32 = 1000;
/// A jump of the clock counts as a gap from here on: a Vorbis stream's first block, at most this
/// long, gives no sound but counts.
const MIN_GAP_SAMPLES: i64 = 4096;

/// How the channels of a file become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChannelChoice {
    /// The mean of all channels.
    #[default]
    Mean,
    /// One channel, counted from 1.
    One(usize),
}

impl From<Option<usize>> for ChannelChoice {
    /// A channel counted from 1, or the mean.
    fn from(channel: Option<usize>) -> Self {
        channel.map_or(Self::Mean, Self::One)
    }
}

/// An open audio file, decoded to mono block by block in constant memory.
///
/// The format is told by the file's content. Samples are full scale at 1.0; NaN and infinite ones
/// come out as 0. What is wrong with the file but could be helped is told by [`notices`](Self::notices).
pub struct AudioReader {
    path: PathBuf,
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    /// Packets looked at before the first was decoded.
    queue: VecDeque<Packet>,
    format_name: String,
    sample_rate: u32,
    n_channels: usize,
    channel: ChannelChoice,
    n_samples_hint: Option<u64>,
    length: Length,
    /// Samples of encoder delay still to leave out, and samples that follow it.
    n_skip: u64,
    n_left: u64,
    /// The last packet's samples, interleaved.
    interleaved: Vec<f32>,
    is_pending: bool,
    is_finished: bool,
    ended_on_error: bool,
    n_resets: u32,
    is_ogg: bool,
    /// When the next packet should begin, by the file's clock.
    next_begins: Option<i64>,
    tally: Tally,
}

impl AudioReader {
    /// Opens a file and decodes its first packet.
    ///
    /// *Errors*: every way in which a file is not one to read; see [`Error`].
    pub fn open(path: &Path, channel: ChannelChoice) -> Result<Self> {
        Self::from_source(Source::open(path)?, channel)
    }

    /// Reads a stream to its end and decodes the first packet; `name` stands in messages for the
    /// file's. All of the stream's bytes are held in memory: they may be 1 GiB.
    ///
    /// *Errors*: those of [`open`](Self::open), [`Error::TooLong`] for a longer stream.
    pub fn from_stream(name: &Path, stream: impl Read, channel: ChannelChoice) -> Result<Self> {
        Self::from_source(Source::spool(name, stream)?, channel)
    }

    fn from_source(source: Source, channel: ChannelChoice) -> Result<Self> {
        let path = source.name.clone();
        let Container { format, track, params, queue, mp4 } = open_container(source)?;
        let decoder = make_decoder(&path, &params)?;
        let mut reader = Self {
            path,
            decoder,
            track_id: track.id,
            queue,
            format_name: format_name(format.format_info().short_name, &params),
            is_ogg: format.format_info().short_name == "ogg",
            format,
            sample_rate: 0,
            n_channels: 0,
            channel,
            n_samples_hint: track.num_frames,
            length: Length::Unknown,
            n_skip: 0,
            n_left: u64::MAX,
            interleaved: Vec::new(),
            is_pending: false,
            is_finished: false,
            ended_on_error: false,
            n_resets: 0,
            next_begins: None,
            tally: Tally::default(),
        };
        reader.start(&track, &params, mp4.as_ref())?;
        Ok(reader)
    }

    /// Decodes the first packet, which settles rate and channels.
    fn start(
        &mut self,
        track: &Track,
        params: &AudioCodecParameters,
        mp4: Option<&Mp4Track>,
    ) -> Result<()> {
        self.is_pending = self.decode_packet();
        if !self.is_pending {
            let is_broken = self.ended_on_error || self.tally.n_corrupt > 0;
            let promised = track.num_frames.unwrap_or(0);
            return Err(if is_broken || promised > 0 {
                Error::damaged(&self.path, "nothing of its audio could be decoded")
            } else {
                Error::NoSamples { path: self.path.clone() }
            });
        }
        check_rate(&self.path, Some(self.sample_rate))?;
        check_channels(&self.path, Some(self.n_channels))?;
        if let ChannelChoice::One(channel) = self.channel
            && !(1..=self.n_channels).contains(&channel)
        {
            let (path, n_channels) = (self.path.clone(), self.n_channels);
            return Err(Error::NoSuchChannel { path, channel, n_channels });
        }
        self.length = Length::of(track, params, self.format.format_info().short_name);
        // Decoders apply a delay themselves where the demuxer tells it; of MP4 it does not, and of
        // MP3 it would also apply a length that is a guess.
        let trims = match mp4 {
            Some(mp4) => Some(trims(mp4, self.sample_rate)),
            None if params.codec == codec_id::CODEC_ID_MP3 => {
                track.delay.map(|delay| (u64::from(delay), track.num_frames.unwrap_or(u64::MAX)))
            }
            None => None,
        };
        if let Some((n_skip, n_left)) = trims {
            (self.n_skip, self.n_left) = (n_skip, n_left);
            if n_left < u64::MAX {
                self.n_samples_hint = Some(n_left);
            }
        }
        Ok(())
    }

    /// The sample rate of the file, in Hz.
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// The number of channels of the file.
    pub fn n_channels(&self) -> usize {
        self.n_channels
    }

    /// The format in a musician's words, as `WAV, 24-bit`.
    pub fn format_name(&self) -> &str {
        &self.format_name
    }

    /// The number of samples a channel that the header announces, for progress and never for an
    /// allocation: it may be absent or wrong.
    pub fn n_samples_hint(&self) -> Option<u64> {
        self.n_samples_hint
    }

    /// Replaces `block` with the next mono samples, at the file's rate; returns how many, 0 at the
    /// end. A block is one packet of the file, some thousand samples.
    ///
    /// *Errors*: at the end only, [`Error::NoFiniteSample`] if there was none, and
    /// [`Error::NoSamples`] if all were encoder delay.
    pub fn read(&mut self, block: &mut Vec<f32>) -> Result<usize> {
        block.clear();
        while block.is_empty() && !self.is_finished {
            if self.n_left > 0 && (self.is_pending || self.decode_packet()) {
                self.is_pending = false;
                self.mix(block);
            } else {
                self.is_finished = true;
            }
        }
        let path = || self.path.clone();
        if self.is_finished && self.tally.n_samples == 0 {
            return Err(Error::NoSamples { path: path() });
        }
        if self.is_finished && self.tally.n_non_finite == self.tally.n_values {
            return Err(Error::NoFiniteSample { path: path(), n_samples: self.tally.n_values });
        }
        Ok(block.len())
    }

    /// What was noticed so far; complete after [`read`](Self::read) has returned 0.
    pub fn notices(&self) -> Vec<Notice> {
        let ends_early = self.is_finished && self.ends_early();
        self.tally.notices(self.sample_rate, self.n_channels, ends_early)
    }

    fn ends_early(&self) -> bool {
        match self.length {
            Length::Promised { n_samples, n_off } => {
                let n_lost = self.tally.n_corrupt * self.tally.n_largest_packet;
                self.tally.n_decoded + n_off + n_lost < n_samples
            }
            Length::Unknown => self.ended_on_error && self.n_left > 0,
            Length::Open => false,
        }
    }

    /// Decodes up to the next packet that holds samples, into `interleaved`; false at the end.
    fn decode_packet(&mut self) -> bool {
        loop {
            let packet = match self.queue.pop_front() {
                Some(packet) => packet,
                None => match self.next_packet() {
                    Some(packet) => packet,
                    None => return false,
                },
            };
            match guarded(|| self.decoder.decode(&packet)) {
                Ok(samples) if samples.is_empty() => {}
                Ok(samples) => {
                    let (rate, n_channels) =
                        (samples.spec().rate(), samples.spec().channels().count());
                    if self.n_channels == 0 {
                        (self.sample_rate, self.n_channels) = (rate, n_channels);
                    }
                    if (rate, n_channels) == (self.sample_rate, self.n_channels) {
                        let n = samples.frames() as u64;
                        self.tally.n_decoded += n;
                        self.tally.n_largest_packet = self.tally.n_largest_packet.max(n);
                        samples.copy_to_vec_interleaved(&mut self.interleaved);
                        return n_channels > 0;
                    }
                    self.tally.n_corrupt += 1;
                }
                Err(DecodeError::IoError(_) | DecodeError::DecodeError(_)) => {
                    self.tally.n_corrupt += 1;
                }
                Err(DecodeError::ResetRequired) => {
                    self.decoder.reset();
                    self.tally.n_corrupt += 1;
                }
                Err(_) => {
                    self.ended_on_error = true;
                    return false;
                }
            }
        }
    }

    fn next_packet(&mut self) -> Option<Packet> {
        while !self.ended_on_error {
            match guarded(|| self.format.next_packet()) {
                Ok(Some(packet)) if packet.track_id == self.track_id => {
                    self.watch_clock(&packet);
                    return Some(packet);
                }
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(DecodeError::ResetRequired) if self.n_resets < MAX_RESETS => {
                    self.n_resets += 1;
                    self.ended_on_error = self.rebuild().is_none();
                }
                Err(_) => self.ended_on_error = true,
            }
        }
        None
    }

    /// Counts what the demuxer left out. Ogg alone drops damaged pages without a word; its clock
    /// counts samples.
    fn watch_clock(&mut self, packet: &Packet) {
        let begins = packet.pts.get();
        if self.is_ogg {
            let missing = self.next_begins.map_or(0, |expected| begins.saturating_sub(expected));
            if missing > MIN_GAP_SAMPLES {
                self.tally.n_gap += u64::try_from(missing).unwrap_or(0);
            }
        }
        let n = i64::try_from(packet.dur.get()).unwrap_or(i64::MAX);
        self.next_begins = Some(begins.saturating_add(n));
    }

    /// Goes on with the next stream of a file that is several in a row, as Ogg allows.
    fn rebuild(&mut self) -> Option<()> {
        let track = self.format.default_track(TrackType::Audio)?;
        let params = audio_params(track)?;
        self.decoder = make_decoder(&self.path, params).ok()?;
        self.track_id = track.id;
        // The length announced was that of the first stream, and so was the clock.
        (self.length, self.next_begins) = (Length::Unknown, None);
        Some(())
    }

    /// Turns `interleaved` into mono samples, without encoder delay and padding.
    fn mix(&mut self, block: &mut Vec<f32>) {
        let n_frames = (self.interleaved.len() / self.n_channels) as u64;
        let n_skip = self.n_skip.min(n_frames);
        let n = (n_frames - n_skip).min(self.n_left);
        self.n_skip -= n_skip;
        self.n_left -= n;
        // Both are at most the frames of one packet.
        let (n_skip, n) = (n_skip as usize, n as usize);
        let frames = &mut self.interleaved[n_skip * self.n_channels..][..n * self.n_channels];
        let tally = &mut self.tally;
        tally.n_samples += n as u64;
        match self.channel {
            ChannelChoice::One(channel) => {
                block.extend(frames.iter().skip(channel - 1).step_by(self.n_channels));
                tally.n_non_finite += silence_non_finite(block);
                tally.n_values += n as u64;
            }
            ChannelChoice::Mean => {
                tally.n_non_finite += silence_non_finite(frames);
                tally.n_values += frames.len() as u64;
                let scale = 1.0 / self.n_channels as f32;
                let means = frames.chunks_exact(self.n_channels);
                block.extend(means.map(|frame| frame.iter().map(|x| x * scale).sum::<f32>()));
                tally.channel_energy += energy(frames) / self.n_channels as f64;
                tally.mixed_energy += energy(block);
            }
        }
    }
}

/// What the header says about the stream's end.
#[derive(Clone, Copy)]
enum Length {
    /// So many samples, and by how many that may be off.
    Promised { n_samples: u64, n_off: u64 },
    /// Nothing to rely on: it ends well if it does not end inside a packet.
    Unknown,
    /// It was written to a pipe and ends where the file does.
    Open,
}

impl Length {
    fn of(track: &Track, params: &AudioCodecParameters, container: &str) -> Self {
        let promised = |n_samples, n_off| Self::Promised { n_samples, n_off };
        let n_samples = match track.num_frames.filter(|&n| n > 0) {
            Some(n_samples) => n_samples,
            None if container == "wave" => return Self::Open,
            None => return Self::Unknown,
        };
        match params.codec {
            // Without an encoder's header the length is a guess from the bit rate.
            codec_id::CODEC_ID_MP3 if track.delay.is_some() => promised(n_samples, 1152),
            codec_id::CODEC_ID_AAC if params.extra_data.is_some() => promised(n_samples, 2048),
            codec_id::CODEC_ID_MP3 | codec_id::CODEC_ID_AAC | codec_id::CODEC_ID_VORBIS => {
                Self::Unknown
            }
            codec_id::CODEC_ID_ALAC
            | codec_id::CODEC_ID_ADPCM_MS
            | codec_id::CODEC_ID_ADPCM_IMA_WAV => promised(n_samples, 4096),
            _ if is_placeholder(n_samples, params) => Self::Open,
            _ => promised(n_samples, 0),
        }
    }
}

/// Whether the length is the largest that fits a 31-bit count of bytes, which programs write that
/// do not know yet.
fn is_placeholder(n_samples: u64, params: &AudioCodecParameters) -> bool {
    let n_channels = params.channels.as_ref().map_or(1, |channels| channels.count()) as u64;
    let n_bits = u64::from(params.bits_per_sample.unwrap_or(32));
    n_samples.saturating_mul(n_channels).saturating_mul(n_bits) / 8 >= 0x7fff_0000
}

/// The samples to leave out at the start of an MP4 track, and how many follow.
fn trims(mp4: &Mp4Track, sample_rate: u32) -> (u64, u64) {
    if let Some((n_skip, n_left)) = mp4.gapless {
        return (n_skip, n_left);
    }
    let to_samples = |(time, scale): (u64, u32), round_up: u128| {
        let scale = u128::from(scale);
        let n = (u128::from(time) * u128::from(sample_rate) + (scale - 1) * round_up) / scale;
        u64::try_from(n).unwrap_or(u64::MAX)
    };
    let n_skip = mp4.start.map_or(0, |start| to_samples(start, 0));
    // The movie's clock is coarser than a sample: rather a sample of padding than one lost.
    let n_left = mp4.duration.map_or(0, |duration| to_samples(duration, 1));
    (n_skip, if n_left == 0 { u64::MAX } else { n_left })
}
