//! The description of a data set.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ddsp_core::condition::DatasetStatistics;
use ddsp_core::feature::loudness::LoudnessConfig;
use serde::{Deserialize, Serialize};

use super::INFO_FILE;
use crate::atomic::write_bytes;
use crate::error::{Error, Result};

/// The version of the description that this crate writes and reads.
pub const DATASET_VERSION: u32 = 1;

/// A description may have this many bytes: those of some hundred thousand recordings.
const MAX_BYTES: u64 = 1 << 26;

/// The description of a data set: the file `dataset.json` in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetInfo {
    /// [`DATASET_VERSION`] of the file.
    pub format_version: u32,
    /// Samples a second of the audio.
    pub sample_rate: u32,
    /// Frames a second of the features.
    pub frame_rate: u32,
    /// Whether frame `i` is centred on sample `i × hop_size`, so that there is one more than there are hops.
    pub center: bool,
    /// Length of an example.
    pub example_s: f64,
    /// From the beginning of an example to that of the next; the last one of a stretch may begin sooner.
    pub hop_s: f64,
    /// The peak to which each recording was scaled; none if they were left as they were.
    pub input_peak: Option<f32>,
    /// The name of the pitch tracker, as a model file has it.
    pub f0_tracker: String,
    /// Which implementation and settings, for people.
    pub f0_detail: String,
    /// The definition of loudness.
    pub loudness: LoudnessConfig,
    /// What auto adjust goes by; measured on the part that is learned from.
    pub statistics: Option<DatasetStatistics>,
    /// The recordings, in the order of the examples.
    pub sources: Vec<SourceInfo>,
    /// The room that is heard in the recordings; none if they are dry, or if that was not measured.
    pub reverberation: Option<Reverberation>,
    /// Seconds of audio to learn from, each counted once.
    pub train_s: f64,
    /// Seconds of audio that are held out.
    pub held_out_s: f64,
    /// Examples to learn from.
    pub n_train_examples: u64,
    /// Examples that are held out.
    pub n_held_out_examples: u64,
    /// The material in plain words, one sentence each.
    pub grade: Vec<String>,
    /// What the command was asked for, to tell whether the same would be made again; empty if unknown.
    pub made_from: String,
}

/// A recording of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// The name of the file, without its folder.
    pub name: String,
    /// Bytes of the file.
    pub n_bytes: u64,
    /// Seconds to learn from.
    pub train_s: f64,
    /// Seconds that are held out.
    pub held_out_s: f64,
    /// What its owner should know of it, one sentence each.
    pub notices: Vec<String>,
}

/// A room that is heard in recordings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reverberation {
    /// How long it takes to fall by 60 dB after a note.
    pub decay_s: f64,
}

impl DatasetInfo {
    /// Samples of a frame.
    pub fn hop_size(&self) -> usize {
        (self.sample_rate / self.frame_rate.max(1)) as usize
    }

    /// Hops of an example.
    pub fn example_hops(&self) -> usize {
        (self.example_s * f64::from(self.frame_rate)).round() as usize
    }

    /// Frames of so many hops.
    pub fn n_frames(&self, n_hops: usize) -> usize {
        n_hops + usize::from(self.center)
    }

    /// Reads the description of the data set in a folder.
    ///
    /// *Errors*: [`Error::Dataset`] if it is missing or not one, and what reading gives.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(INFO_FILE);
        let file = File::open(&path).map_err(|e| Error::open(&path, e))?;
        let mut bytes = Vec::new();
        let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|source| Error::Read { path: path.clone(), source })?;
        if bytes.len() as u64 > MAX_BYTES {
            let detail = format!("expected at most {MAX_BYTES} bytes of a description, found more");
            return Err(Error::dataset(&path, detail));
        }
        let info: Self = serde_json::from_slice(&bytes).map_err(|e| {
            let detail = format!("expected the description of a data set, found otherwise: {e}");
            Error::dataset(&path, detail)
        })?;
        info.validate(&path)?;
        Ok(info)
    }

    /// Writes the description into a folder.
    ///
    /// *Errors*: [`Error::Write`].
    pub fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(INFO_FILE);
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|e| Error::Write { path: path.clone(), source: e.into() })?;
        bytes.push(b'\n');
        write_bytes(&path, &bytes)
    }

    /// Checks every number that something is built from.
    pub(super) fn validate(&self, path: &Path) -> Result<()> {
        let refuse = |field: &str, expected: &str, found: &dyn std::fmt::Display| {
            Err(Error::dataset(path, format!("{field}: expected {expected}, found {found}")))
        };
        if self.format_version != DATASET_VERSION {
            let detail = format!(
                "format_version: expected {DATASET_VERSION}, found {}; prepare it again with this \
                 version",
                self.format_version
            );
            return Err(Error::dataset(path, detail));
        }
        if !(4_000..=384_000).contains(&self.sample_rate) {
            return refuse("sample_rate", "4000 to 384000", &self.sample_rate);
        }
        let divides =
            self.frame_rate > 0 && self.sample_rate.checked_rem(self.frame_rate) == Some(0);
        if !divides || !(4..=16_384).contains(&self.hop_size()) {
            let expected = format!("a divisor of {} Hz, 4 to 16384 times less", self.sample_rate);
            return refuse("frame_rate", &expected, &self.frame_rate);
        }
        if !(self.example_s > 0.0 && self.example_s <= 300.0) || self.example_hops() == 0 {
            return refuse("example_s", "more than 0 and at most 300", &self.example_s);
        }
        if !(self.hop_s > 0.0 && self.hop_s <= 300.0) {
            return refuse("hop_s", "more than 0 and at most 300", &self.hop_s);
        }
        if let Some(peak) = self.input_peak
            && !(peak > 0.0 && peak <= 1.0)
        {
            return refuse("input_peak", "more than 0 and at most 1", &peak);
        }
        let n_fft = self.loudness.n_fft();
        if !(2..=65_536).contains(&n_fft) || !n_fft.is_multiple_of(2) {
            return refuse("loudness.n_fft", "an even size of 2 to 65536", &n_fft);
        }
        if let Some(statistics) = &self.statistics {
            let checked = statistics.validate();
            return checked.map_err(|e| Error::dataset(path, e.to_string()));
        }
        Ok(())
    }
}
