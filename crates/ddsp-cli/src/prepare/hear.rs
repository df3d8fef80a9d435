//! The second pass over a recording: features, and examples on the disk.

use std::ops::Range;
use std::path::Path;

use ddsp_core::condition::Features;
use ddsp_core::feature::f0::{self, UNVOICED_CONFIDENCE};
use ddsp_core::feature::loudness::loudness_db;
use ddsp_core::scale::{amplitude_to_db, db_to_amplitude};
use ddsp_core::transfer::MAX_GAIN_DB;
use ddsp_io::audio::{AudioReader, Resampler};
use ddsp_io::dataset::{Clip, ExampleWriter, Part};
use indicatif::ProgressBar;

use super::scan::Scan;
use super::settings::Settings;
use super::share::Share;
use crate::failure::{Cause, Failure};

/// A recording is heard in stretches of this length,
const STRETCH_S: usize = 60;
/// with so much of what is before and behind.
const CONTEXT_S: usize = 4;

/// Where a recording's examples go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) folder: &'a Path,
    pub(super) source: usize,
}

/// What was heard of a recording, one value a frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Heard {
    pub(super) features: Features,
}

impl Heard {
    /// Whether a frame has a pitch.
    pub(super) fn voiced(&self) -> impl Iterator<Item = bool> {
        self.features.f0_confidence.iter().map(|&c| c > UNVOICED_CONFIDENCE)
    }
}

/// Hears a recording and writes its examples.
pub(super) fn hear(
    path: &Path,
    scan: &Scan,
    share: &Share,
    settings: &Settings,
    place: Place<'_>,
    progress: &ProgressBar,
) -> Result<Heard, Failure> {
    let mut reader = AudioReader::open(path, settings.channel)?;
    let from = reader.sample_rate();
    let mut resampler = Resampler::new(from, settings.sample_rate)?;
    let gain = gain(scan.peak, settings.input_peak);
    let mut listener = Listener::new(scan.n_frames, share, settings, place);
    let (mut block, mut done_s) = (Vec::new(), 0.0);
    while reader.read(&mut block)? > 0 {
        block.iter_mut().for_each(|x| *x *= gain);
        resampler.process(&block, &mut listener.samples);
        let before = done_s as u64;
        done_s += block.len() as f64 / f64::from(from);
        progress.inc(done_s as u64 - before);
        listener.advance(false)?;
    }
    resampler.finish(&mut listener.samples);
    listener.advance(true)?;
    listener.finish()
}

/// As `transfer` sets the level.
fn gain(peak: f32, wanted: Option<f32>) -> f32 {
    let Some(wanted) = wanted else { return 1.0 };
    let wanted_db = amplitude_to_db(f64::from(wanted) / f64::from(peak));
    db_to_amplitude(wanted_db.min(MAX_GAIN_DB)) as f32
}

struct Listener<'a> {
    settings: &'a Settings,
    /// From the sample of frame `first_frame` on.
    samples: Vec<f32>,
    first_frame: usize,
    /// The next frame to be heard, and how many hops there are in all.
    next_frame: usize,
    n_frames: usize,
    features: Features,
    cutters: [Cutter; 2],
}

impl<'a> Listener<'a> {
    fn new(n_frames: usize, share: &Share, settings: &'a Settings, place: Place<'_>) -> Self {
        let cutter = |part, range: &Range<usize>| Cutter {
            range: range.clone(),
            writer: ExampleWriter::new(place.folder, part, place.source),
            pending: Clip::default(),
            first_frame: range.start,
        };
        Self {
            settings,
            samples: Vec::new(),
            first_frame: 0,
            next_frame: 0,
            n_frames,
            features: Features {
                f0_hz: Vec::new(),
                f0_confidence: Vec::new(),
                loudness_db: Vec::new(),
            },
            cutters: [cutter(Part::Train, &share.train), cutter(Part::HeldOut, &share.held_out)],
        }
    }

    /// Hears as many stretches as there are samples for; at the end, all that is left.
    fn advance(&mut self, is_end: bool) -> Result<(), Failure> {
        let rate = self.settings.frame_rate as usize;
        let hop_size = self.settings.hop_size();
        while self.next_frame < self.n_frames {
            let mut end = self.next_frame + STRETCH_S * rate;
            let n_here = self.first_frame + self.samples.len() / hop_size;
            let is_last = is_end && end + CONTEXT_S * rate >= self.n_frames;
            if is_last {
                end = self.n_frames;
            } else if n_here < end + CONTEXT_S * rate {
                return Ok(());
            }
            self.hear(end)?;
        }
        Ok(())
    }

    /// Hears the frames up to `end`, which is one more where the recording ends: frames are centred.
    fn hear(&mut self, end: usize) -> Result<(), Failure> {
        let (settings, hop_size) = (self.settings, self.settings.hop_size());
        let rate = settings.frame_rate as usize;
        let n_heard = end - self.first_frame + 1;
        let context = (end + CONTEXT_S * rate - self.first_frame) * hop_size;
        let audio = &self.samples[..self.samples.len().min(context)];
        let track = f0::track(audio, settings.sample_rate, hop_size, n_heard, &settings.tracker)
            .map_err(|e| Failure::new(Cause::Usage, e.to_string()))?;
        let padding = settings.loudness.padding();
        let db = loudness_db(
            audio,
            settings.sample_rate,
            hop_size,
            n_heard,
            padding,
            &settings.loudness,
        );
        let is_end = end == self.n_frames;
        let (from, to) =
            (self.next_frame - self.first_frame, end - self.first_frame + usize::from(is_end));
        let stretch = Clip {
            audio: audio[from * hop_size..(end - self.first_frame) * hop_size].to_vec(),
            f0_hz: track.f0_hz[from..to].to_vec(),
            f0_confidence: track.f0_confidence[from..to].to_vec(),
            loudness_db: db[from..to].to_vec(),
        };
        for cutter in &mut self.cutters {
            cutter.take(&stretch, self.next_frame, settings)?;
        }
        let n = end - self.next_frame;
        self.features.f0_hz.extend(&stretch.f0_hz[..n]);
        self.features.f0_confidence.extend(&stretch.f0_confidence[..n]);
        self.features.loudness_db.extend(&stretch.loudness_db[..n]);
        self.next_frame = end;
        let keep_from = end.saturating_sub(CONTEXT_S * rate);
        if keep_from > self.first_frame {
            self.samples.drain(..(keep_from - self.first_frame) * hop_size);
            self.first_frame = keep_from;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Heard, Failure> {
        for cutter in &mut self.cutters {
            cutter.writer.close()?;
        }
        Ok(Heard { features: self.features })
    }
}

/// Cuts the examples of one part.
struct Cutter {
    range: Range<usize>,
    writer: ExampleWriter,
    /// From the frame `first_frame` on.
    pending: Clip,
    first_frame: usize,
}

impl Cutter {
    /// Takes a stretch that begins with `frame` and writes every example that is whole now. The frame behind the last hop of a part
    /// belongs to its last example, too: it is centred on a sample that it needs.
    fn take(&mut self, stretch: &Clip, frame: usize, settings: &Settings) -> Result<(), Failure> {
        let hop_size = settings.hop_size();
        let part = |end: usize, n: usize| {
            let from = self.range.start.clamp(frame, frame + n) - frame;
            from..end.clamp(frame + from, frame + n) - frame
        };
        let hops = part(self.range.end, stretch.audio.len() / hop_size);
        let frames = part(self.range.end + 1, stretch.f0_hz.len());
        self.pending.audio.extend(&stretch.audio[hops.start * hop_size..hops.end * hop_size]);
        self.pending.f0_hz.extend(&stretch.f0_hz[frames.clone()]);
        self.pending.f0_confidence.extend(&stretch.f0_confidence[frames.clone()]);
        self.pending.loudness_db.extend(&stretch.loudness_db[frames]);
        let (n, hop) = (settings.example_frames(), settings.hop_frames());
        let mut first = 0;
        let is_whole = |first: usize| {
            self.pending.audio.len() >= (first + n) * hop_size
                && self.pending.n_frames() > first + n
        };
        while is_whole(first) {
            let of = |x: &[f32]| x[first..=first + n].to_vec();
            let example = Clip {
                audio: self.pending.audio[first * hop_size..(first + n) * hop_size].to_vec(),
                f0_hz: of(&self.pending.f0_hz),
                f0_confidence: of(&self.pending.f0_confidence),
                loudness_db: of(&self.pending.loudness_db),
            };
            self.writer.write(&example, self.first_frame + first)?;
            first += hop;
        }
        let Clip { audio, f0_hz, f0_confidence, loudness_db } = &mut self.pending;
        audio.drain(..(first * hop_size).min(audio.len()));
        for frames in [f0_hz, f0_confidence, loudness_db] {
            frames.drain(..first.min(frames.len()));
        }
        self.first_frame += first;
        Ok(())
    }
}
