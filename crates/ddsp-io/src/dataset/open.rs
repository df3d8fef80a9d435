//! A data set, opened.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::clips::join;
use super::files::{INFO_FILE, Records, foreign, shards};
use super::index::Index;
use super::infer::infer;
use super::{DatasetInfo, Example, Part};
use crate::error::{Error, Result};

/// A data set: one of ours, or one of Magenta's.
#[derive(Debug, Clone)]
pub struct Dataset {
    info: DatasetInfo,
    files: Files,
}

#[derive(Debug, Clone)]
enum Files {
    /// A part has files of its own.
    Ours { train: Vec<PathBuf>, held_out: Vec<PathBuf> },
    /// The parts are split here.
    Foreign { files: Vec<PathBuf>, index: Index },
}

impl Dataset {
    /// Opens a data set: the folder of one of ours, or a folder, a pattern or a single file of Magenta's records. Of the latter
    /// all records are read once, rates come from lengths (examples have 4 s unless their audio at 16 kHz tells otherwise),
    /// and the last tenth is held out.
    ///
    /// *Errors*: [`Error::Dataset`] for what is missing, damaged or not understood, and what reading gives.
    pub fn open(folder: &Path) -> Result<Self> {
        if folder.join(INFO_FILE).is_file() {
            let info = DatasetInfo::read(folder)?;
            let (train, held_out) = (shards(folder, Part::Train)?, shards(folder, Part::HeldOut)?);
            let is_missing = |files: &[PathBuf], n: u64| n > 0 && files.is_empty();
            if train.is_empty() || is_missing(&held_out, info.n_held_out_examples) {
                let detail = "expected files of records of each part beside its description, found none: copy the whole folder again";
                return Err(Error::dataset(folder, detail));
            }
            return Ok(Self { info, files: Files::Ours { train, held_out } });
        }
        let files = foreign(folder)?;
        let mut info = infer(folder, &files)?;
        let index = Index::read(&files, &info)?;
        let count = |part| {
            let stretches = index.stretches(part, &info);
            let hops: usize = stretches.iter().map(|(_, stretch)| stretch.len()).sum();
            let within = |&&(clip, hop): &&(usize, usize)| holds(&stretches, clip, hop, &info);
            let n_examples = index.records.iter().filter(within).count() as u64;
            (hops as f64 / f64::from(info.frame_rate), n_examples)
        };
        let (train, held_out) = (count(Part::Train), count(Part::HeldOut));
        (info.train_s, info.n_train_examples) = train;
        (info.held_out_s, info.n_held_out_examples) = held_out;
        Ok(Self { info, files: Files::Foreign { files, index } })
    }

    /// The description; that of a data set of Magenta's is inferred.
    pub fn info(&self) -> &DatasetInfo {
        &self.info
    }

    /// The clips of a part: overlapping examples joined again, so that each sample is held once. Audio and features of all of
    /// them are in memory then.
    ///
    /// *Errors*: as of [`open`](Self::open).
    pub fn clips(&self, part: Part) -> Result<Vec<Example>> {
        match &self.files {
            Files::Ours { train, held_out } => {
                let files = match part {
                    Part::Train => train,
                    Part::HeldOut => held_out,
                };
                let index = Index::read(files, &self.info)?;
                let whole: Vec<(usize, Range<usize>)> =
                    index.clips.iter().map(|&n_hops| 0..n_hops).enumerate().collect();
                join(files, &self.info, &index, &whole)
            }
            Files::Foreign { files, index } => {
                join(files, &self.info, index, &index.stretches(part, &self.info))
            }
        }
    }

    /// The examples of a part as they are stored, one by one. Of a data set that is split here those that reach into both
    /// parts are left out.
    pub fn examples(&self, part: Part) -> Examples {
        let (files, within) = match &self.files {
            Files::Ours { train, held_out } => match part {
                Part::Train => (train, None),
                Part::HeldOut => (held_out, None),
            },
            Files::Foreign { files, index } => {
                let stretches = index.stretches(part, &self.info);
                let holds =
                    |&(clip, hop): &(usize, usize)| holds(&stretches, clip, hop, &self.info);
                (files, Some(index.records.iter().map(holds).collect()))
            }
        };
        Examples { records: Records::new(files), info: self.info.clone(), within, n_read: 0 }
    }
}

/// Whether a record that begins at `hop` of a clip lies in one of the stretches.
fn holds(stretches: &[(usize, Range<usize>)], clip: usize, hop: usize, info: &DatasetInfo) -> bool {
    let found = stretches.binary_search_by_key(&clip, |(clip, _)| *clip);
    found.is_ok_and(|i| {
        let stretch = &stretches[i].1;
        stretch.start <= hop && hop + info.example_hops() <= stretch.end
    })
}

/// The examples of a part, one by one. After an error there is nothing more.
#[derive(Debug)]
pub struct Examples {
    records: Records,
    info: DatasetInfo,
    /// Of each record whether it belongs to the part; none if all do.
    within: Option<Vec<bool>>,
    n_read: usize,
}

impl Iterator for Examples {
    type Item = Result<Example>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = self.records.next()?;
            let is_within = self
                .within
                .as_ref()
                .is_none_or(|within| within.get(self.n_read).copied().unwrap_or(false));
            self.n_read += 1;
            if is_within {
                return Some(record.and_then(|(path, mut features)| {
                    Example::from_features(&path, &mut features, &self.info)
                }));
            }
            if let Err(e) = record {
                return Some(Err(e));
            }
        }
    }
}
