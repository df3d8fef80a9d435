//! Reading data sets, ours and Magenta's.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use ddsp_core::feature::loudness::LoudnessConfig;

use super::clip::{FRAME_KEY, SOURCE_KEY};
use super::{Clip, DatasetInfo, FORMAT_VERSION};
use crate::error::{Error, Result};
use crate::tfrecord::{Message, RecordReader};

/// The two parts of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What is learned from.
    Train,
    /// What is measured on.
    HeldOut,
}

impl Part {
    /// The beginning of its files' names.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::HeldOut => "held_out",
        }
    }
}

/// Share of foreign records that is held out.
const HELD_OUT: f64 = 0.1;
/// What Magenta's tool makes unless it is told otherwise.
const EXAMPLE_S: f64 = 4.0;
const HOP_S: f64 = 1.0;
/// A description is not longer than this.
const MAX_BYTES: u64 = 64 << 20;

/// A data set: a folder that `ddsp prepare` made, or TFRecords of Magenta's tool.
#[derive(Debug)]
pub struct Dataset {
    folder: PathBuf,
    info: DatasetInfo,
    /// Magenta's files; ours go by their names.
    foreign: Option<Vec<PathBuf>>,
}

impl Dataset {
    /// Opens a folder with a `dataset.json`, a folder of TFRecords, or a single one.
    ///
    /// *Errors*: there is no such thing, or it is damaged or of another version.
    pub fn open(path: &Path) -> Result<Self> {
        let described = path.join("dataset.json");
        if described.is_file() {
            let info = read_info(&described)?;
            return Ok(Self { folder: path.to_owned(), info, foreign: None });
        }
        let files = record_files(path, "")?;
        if files.is_empty() {
            let detail = "expected a data set: the folder that `ddsp prepare RECORDINGS -o FOLDER` makes, or TFRecord files, found \
                          neither";
            return Err(Error::dataset(path, detail));
        }
        let info = infer(&files)?;
        let mut dataset = Self { folder: path.to_owned(), info, foreign: Some(files) };
        let seconds = |clips: &[Clip], info: &DatasetInfo| {
            let n: usize = clips.iter().map(Clip::n_frames).sum();
            n as f64 / f64::from(info.frame_rate)
        };
        dataset.info.train_s = seconds(&dataset.clips(Part::Train)?, &dataset.info);
        dataset.info.held_out_s = seconds(&dataset.clips(Part::HeldOut)?, &dataset.info);
        Ok(dataset)
    }

    /// What it says of itself or, of Magenta's, what its examples tell.
    pub fn info(&self) -> &DatasetInfo {
        &self.info
    }

    /// The folder or file.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// A part as clips without a break, each as long as its examples overlap, so that nothing is held twice. Clips have as many frames
    /// as hops; what an example has beyond them is left out.
    ///
    /// *Errors*: a file is missing, damaged, or holds other examples than the others.
    pub fn clips(&self, part: Part) -> Result<Vec<Clip>> {
        let files = match &self.foreign {
            None => record_files(&self.folder, part.prefix())?,
            Some(files) => files.clone(),
        };
        let mut joined = Joined::new(&self.info);
        for file in &files {
            read_records(file, |message| joined.add(message))?;
        }
        let clips = joined.clips;
        Ok(match &self.foreign {
            None => clips,
            Some(_) => split(clips, part, self.info.hop_size(), self.info.example_frames()),
        })
    }

    /// Calls `take` with every example of a part as it is stored; of Magenta's, which have no parts, with all of them.
    ///
    /// *Errors*: as [`Self::clips`].
    pub fn for_each(&self, part: Part, mut take: impl FnMut(Clip)) -> Result<()> {
        let files = match &self.foreign {
            None => record_files(&self.folder, part.prefix())?,
            Some(files) => files.clone(),
        };
        for file in &files {
            read_records(file, |message| {
                take(Clip::from_message(message)?);
                Ok(())
            })?;
        }
        Ok(())
    }
}

fn read_info(path: &Path) -> Result<DatasetInfo> {
    let n_bytes = std::fs::metadata(path).map_err(|e| Error::open(path, e))?.len();
    let wrong = |detail: String| Error::dataset(path, detail);
    if n_bytes > MAX_BYTES {
        return Err(wrong(format!("expected a description, found {n_bytes} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|e| Error::open(path, e))?;
    let found: serde_json::Value =
        serde_json::from_str(&text).map_err(|e| wrong(format!("expected JSON, found {e}")))?;
    if found["format_version"] != FORMAT_VERSION {
        return Err(wrong(format!(
            "expected format version {FORMAT_VERSION}, found {}: prepare the recordings anew with this version of ddsp",
            found["format_version"]
        )));
    }
    let info: DatasetInfo = serde_json::from_value(found)
        .map_err(|e| wrong(format!("expected the description of a data set, found {e}")))?;
    let rate_fits = info.frame_rate > 0 && info.sample_rate.is_multiple_of(info.frame_rate);
    if !rate_fits || info.example_frames() == 0 || info.example_s > 3600.0 {
        return Err(wrong("expected rates in whole samples a frame, found others".to_owned()));
    }
    Ok(info)
}

/// The TFRecords of a folder whose names begin so, in order; or the file itself.
fn record_files(path: &Path, prefix: &str) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|e| Error::open(path, e))?;
    let is_record = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| name.starts_with(prefix) && name.contains(".tfrecord"))
    };
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(is_record).collect();
    files.sort();
    Ok(files)
}

fn read_records(
    path: &Path,
    mut take: impl FnMut(Message) -> std::result::Result<(), String>,
) -> Result<()> {
    let file = File::open(path).map_err(|e| Error::open(path, e))?;
    for (i, record) in RecordReader::new(BufReader::new(file)).enumerate() {
        let taken = record.and_then(|bytes| Message::decode(&bytes)).and_then(&mut take);
        taken.map_err(|detail| Error::dataset(path, format!("record {}: {detail}", i + 1)))?;
    }
    Ok(())
}

/// What the first example of Magenta's tells: its lengths are those of four seconds.
fn infer(files: &[PathBuf]) -> Result<DatasetInfo> {
    let mut first = None;
    let file = File::open(&files[0]).map_err(|e| Error::open(&files[0], e))?;
    let wrong = |detail: String| Error::dataset(&files[0], detail);
    if let Some(record) = RecordReader::new(BufReader::new(file)).next() {
        let clip = record.and_then(|bytes| Message::decode(&bytes)).and_then(Clip::from_message);
        first = Some(clip.map_err(wrong)?);
    }
    let Some(clip) = first else {
        return Err(wrong("expected examples, found none".to_owned()));
    };
    let per_second = |n: usize| n as f64 / EXAMPLE_S;
    let sample_rate = per_second(clip.audio.len()).round() as u32;
    let center = clip.n_frames() % 2 == 1;
    let frame_rate = per_second(clip.n_frames() - usize::from(center)).round() as u32;
    let is_whole = frame_rate > 0
        && sample_rate.is_multiple_of(frame_rate)
        && clip.audio.len() as f64 == EXAMPLE_S * f64::from(sample_rate);
    if !is_whole {
        return Err(wrong(format!(
            "expected examples of 4 s with whole samples a frame, found {} samples and {} frames",
            clip.audio.len(),
            clip.n_frames()
        )));
    }
    Ok(DatasetInfo {
        format_version: FORMAT_VERSION,
        sample_rate,
        frame_rate,
        center,
        example_s: EXAMPLE_S,
        hop_s: HOP_S,
        input_peak: None,
        f0_tracker: "crepe_full".to_owned(),
        f0_detail: "as Magenta's ddsp_prepare_tfrecord made it".to_owned(),
        loudness: LoudnessConfig::magenta_3(),
        statistics: None,
        reverberation_s: None,
        train_s: 0.0,
        held_out_s: 0.0,
        sources: Vec::new(),
        grade: Vec::new(),
    })
}

/// Examples that become clips.
struct Joined<'a> {
    info: &'a DatasetInfo,
    clips: Vec<Clip>,
    /// Source and frame behind the last clip, of ours.
    behind: Option<(i64, i64)>,
}

impl<'a> Joined<'a> {
    fn new(info: &'a DatasetInfo) -> Self {
        Self { info, clips: Vec::new(), behind: None }
    }

    fn add(&mut self, message: Message) -> std::result::Result<(), String> {
        let (hop_size, n) = (self.info.hop_size(), self.info.example_frames());
        let place = message.integer(SOURCE_KEY).zip(message.integer(FRAME_KEY));
        let clip = Clip::from_message(message)?;
        if clip.audio.len() != n * hop_size || clip.n_frames() != n + usize::from(self.info.center)
        {
            return Err(format!(
                "expected {} samples and {} frames, found {} and {}",
                n * hop_size,
                n + usize::from(self.info.center),
                clip.audio.len(),
                clip.n_frames()
            ));
        }
        let clip = clip.cut(0, n, hop_size);
        let n_new = self.n_new(&clip, place);
        match (self.clips.last_mut(), n_new) {
            (Some(last), Some(n_new)) => last.append(&clip, n_new, hop_size),
            _ => self.clips.push(clip),
        }
        self.behind = place.map(|(source, frame)| (source, frame.saturating_add(n as i64)));
        Ok(())
    }

    /// How many frames of an example lie behind the last clip, if it continues that: ours say so, Magenta's do by the samples that they
    /// share.
    fn n_new(&self, clip: &Clip, place: Option<(i64, i64)>) -> Option<usize> {
        let last = self.clips.last()?;
        let n = clip.n_frames();
        if let Some((source, frame)) = place {
            let (last_source, behind) = self.behind?;
            let n_new = usize::try_from(frame.checked_add(n as i64)?.checked_sub(behind)?).ok()?;
            return (source == last_source && n_new <= n).then_some(n_new);
        }
        let n_new = (self.info.hop_s * f64::from(self.info.frame_rate)).round() as usize;
        let n_shared = n.checked_sub(n_new)? * self.info.hop_size();
        let before = &last.audio[last.audio.len().checked_sub(n_shared)?..];
        (n_shared > 0 && before == &clip.audio[..n_shared]).then_some(n_new)
    }
}

/// The last tenth is held out, as far as that makes an example; nothing is in both parts.
fn split(clips: Vec<Clip>, part: Part, hop_size: usize, example_frames: usize) -> Vec<Clip> {
    let n_frames: usize = clips.iter().map(Clip::n_frames).sum();
    let mut n_held_out = ((n_frames as f64 * HELD_OUT) as usize).max(example_frames);
    if n_frames < 2 * example_frames {
        n_held_out = 0;
    }
    let mut out = Vec::new();
    let mut left = n_frames;
    for clip in clips {
        let n = clip.n_frames();
        left -= n;
        // So many of its last frames are held out.
        let n_last = n_held_out.saturating_sub(left).min(n);
        let (from, to) = match part {
            Part::Train => (0, n - n_last),
            Part::HeldOut => (n - n_last, n),
        };
        if from < to {
            out.push(clip.cut(from, to, hop_size));
        }
    }
    out
}
