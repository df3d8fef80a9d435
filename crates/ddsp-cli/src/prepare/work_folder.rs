//! The data set on its way: a hidden folder beside its place, which takes that place when it is whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use ddsp_core::condition::Features;
use ddsp_io::atomic::write_bytes;
use ddsp_io::dataset::{Dataset, DatasetInfo, finish_shards};

use super::hear::{Heard, Place};
use crate::failure::{Cause, Failure};

/// The folder that is worked in.
pub(super) struct WorkFolder {
    target: PathBuf,
    folder: PathBuf,
    /// Held as long as the work goes on.
    _lock: File,
}

impl WorkFolder {
    /// Opens the folder for a data set of these recordings, with what an interrupted command left in it; none if the data set is there.
    pub(super) fn open(
        target: &Path,
        fingerprints: &[&str],
        is_restart: bool,
    ) -> Result<Option<Self>, Failure> {
        let refuse = |sentence: &str| Err(Failure::file(Cause::Output, target, sentence));
        if target.exists() && !target.is_dir() {
            return refuse("expected a folder, found a file: give another name with -o");
        }
        let is_empty = fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_none());
        if target.is_dir() && !is_empty {
            let Ok(found) = Dataset::open(target) else {
                return refuse(
                    "expected a data set or an empty folder, found other files: give another name with -o",
                );
            };
            let found = &found.info().sources;
            let is_same = found.len() == fingerprints.len()
                && found.iter().zip(fingerprints).all(|(a, b)| a.fingerprint == *b);
            if !is_restart {
                return match is_same {
                    true => Ok(None),
                    false => refuse(
                        "is a data set of other recordings or settings: give another name with -o, or make it anew with --restart",
                    ),
                };
            }
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let folder = target.with_file_name(format!(".{name}.preparing"));
        let made = fs::create_dir_all(&folder).and_then(|()| File::create(folder.join("lock")));
        let lock = made.map_err(|e| {
            Failure::file(Cause::Output, &folder, format!("the folder cannot be made: {e}"))
        })?;
        if lock.try_lock().is_err() {
            return refuse("another command is preparing it now");
        }
        let work = Self { target: target.to_owned(), folder, _lock: lock };
        work.remove_stale(fingerprints)?;
        Ok(Some(work))
    }

    /// Removes what an interrupted command left of recordings that are others now.
    fn remove_stale(&self, fingerprints: &[&str]) -> Result<(), Failure> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let Some(source) = name.split(['-', '.']).nth(1).and_then(|n| n.parse().ok()) else {
                continue;
            };
            let fingerprint = fingerprints.get(source);
            if fingerprint.is_none_or(|fingerprint| self.kept(source, fingerprint).is_none()) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Where the examples of a recording go; what an interrupted command left there is removed.
    pub(super) fn place(&self, source: usize) -> Result<Place<'_>, Failure> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.contains(&format!("-{source:05}-")) && name.ends_with(".part") {
                remove(&path)?;
            }
        }
        Ok(Place { folder: &self.folder, source })
    }

    /// What was heard of a recording before the work was interrupted.
    pub(super) fn kept(&self, source: usize, fingerprint: &str) -> Option<Heard> {
        let bytes = fs::read(self.folder.join(kept_name(source))).ok()?;
        let (head, values) = bytes.split_at_checked(fingerprint.len())?;
        let n = values.len() / 12;
        if head != fingerprint.as_bytes() || values.len() % 12 != 0 {
            return None;
        }
        let value = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let values: Vec<f32> = values.chunks_exact(4).map(value).collect();
        let of = |i: usize| values[i * n..(i + 1) * n].to_vec();
        let features = Features { f0_hz: of(0), f0_confidence: of(1), loudness_db: of(2) };
        Some(Heard { features })
    }

    /// Keeps what was heard of a recording, whose examples are all written.
    pub(super) fn keep(
        &self,
        source: usize,
        fingerprint: &str,
        heard: &Heard,
    ) -> Result<(), Failure> {
        let Features { f0_hz, f0_confidence, loudness_db } = &heard.features;
        let mut bytes = fingerprint.as_bytes().to_vec();
        let values = f0_hz.iter().chain(f0_confidence).chain(loudness_db);
        bytes.extend(values.flat_map(|x| x.to_le_bytes()));
        Ok(write_bytes(&self.folder.join(kept_name(source)), &bytes)?)
    }

    /// Puts everything in its place.
    pub(super) fn finish(self, info: &DatasetInfo, picture: &[u8]) -> Result<(), Failure> {
        finish_shards(&self.folder)?;
        write_bytes(&self.folder.join("material.png"), picture)?;
        let json = serde_json::to_string_pretty(info).expect("a description is plain JSON");
        write_bytes(&self.folder.join("dataset.json"), json.as_bytes())?;
        let in_the_way =
            |e| Failure::file(Cause::Output, &self.target, format!("cannot be replaced: {e}"));
        for i in 0..info.sources.len() {
            fs::remove_file(self.folder.join(kept_name(i))).map_err(in_the_way)?;
        }
        fs::remove_file(self.folder.join("lock")).map_err(in_the_way)?;
        if self.target.is_dir() {
            fs::remove_dir_all(&self.target).map_err(in_the_way)?;
        }
        fs::rename(&self.folder, &self.target).map_err(in_the_way)
    }
}

fn remove(path: &Path) -> Result<(), Failure> {
    fs::remove_file(path)
        .map_err(|e| Failure::file(Cause::Output, path, format!("stands in the way: {e}")))
}

fn kept_name(source: usize) -> String {
    format!("heard-{source:05}.features")
}
