//! Which files a data set is made of.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::Part;
use crate::error::{Error, Result};
use crate::tfrecord::{Features, RecordReader};

/// The name of the description in the folder of a data set.
pub const INFO_FILE: &str = "dataset.json";

/// What is in the name of every file of records.
const RECORDS: &str = ".tfrecord";

/// The files of a part of one of our data sets, of which none may be missing.
pub(super) fn shards(folder: &Path, part: Part) -> Result<Vec<PathBuf>> {
    let prefix = format!("{}{RECORDS}-", part.name());
    let of_part = |path: &PathBuf| name(path).starts_with(&prefix);
    let found: Vec<PathBuf> = record_files(folder)?.into_iter().filter(of_part).collect();
    for (i, path) in found.iter().enumerate() {
        let n = found.len();
        if name(path) != shard_name(part, i, n) {
            let detail = format!(
                "expected {n} files of records, {} first and {} last, found {} among them: copy the whole folder again",
                shard_name(part, 0, n),
                shard_name(part, n - 1, n),
                name(path)
            );
            return Err(Error::dataset(folder, detail));
        }
    }
    Ok(found)
}

/// The name of file `i` of `n`.
pub(super) fn shard_name(part: Part, i: usize, n: usize) -> String {
    format!("{}{RECORDS}-{i:05}-of-{n:05}", part.name())
}

/// The files of a data set without a description: those of a folder, those that match a pattern, or one.
pub(super) fn foreign(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_dir() {
        let found = record_files(path)?;
        if found.is_empty() {
            let detail = format!(
                "expected a data set, found neither {INFO_FILE} nor files of records (*{RECORDS}*); ddsp prepare makes one \
                 of recordings"
            );
            return Err(Error::dataset(path, detail));
        }
        return Ok(found);
    }
    let text = path.to_string_lossy();
    if path.exists() || !text.contains(['*', '?', '[']) {
        return Ok(vec![path.to_owned()]);
    }
    let matches = glob::glob(&text).map_err(|e| Error::dataset(path, e.to_string()))?;
    let mut found: Vec<PathBuf> = matches.flatten().filter(|found| found.is_file()).collect();
    found.sort();
    if found.is_empty() {
        return Err(Error::dataset(path, "expected files of records, found none of this pattern"));
    }
    Ok(found)
}

fn record_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |source| Error::Read { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| Error::open(folder, e))? {
        let path = entry.map_err(unreadable)?.path();
        let name = name(&path);
        if path.is_file() && name.contains(RECORDS) && !name.starts_with('.') {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The records of several files, one after the other, with the file that each is in.
#[derive(Debug)]
pub(super) struct Records {
    /// The files that are still to be read, the last one first.
    files: Vec<PathBuf>,
    open: Option<(PathBuf, RecordReader<BufReader<File>>)>,
}

impl Records {
    pub(super) fn new(files: &[PathBuf]) -> Self {
        Self { files: files.iter().rev().cloned().collect(), open: None }
    }

    fn read(&mut self) -> Result<Option<(PathBuf, Features)>> {
        loop {
            if let Some((path, records)) = &mut self.open
                && let Some(record) = records.next()
            {
                let features = Features::from_bytes(&record?).map_err(|e| {
                    Error::dataset(path, format!("a record is not an example of TensorFlow's: {e}"))
                })?;
                return Ok(Some((path.clone(), features)));
            }
            let Some(path) = self.files.pop() else { return Ok(None) };
            let file = File::open(&path).map_err(|e| Error::open(&path, e))?;
            let reader = RecordReader::new(&path, BufReader::with_capacity(1 << 18, file));
            self.open = Some((path, reader));
        }
    }
}

impl Iterator for Records {
    type Item = Result<(PathBuf, Features)>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.read().transpose();
        if matches!(record, Some(Err(_))) {
            (self.files, self.open) = (Vec::new(), None);
        }
        record
    }
}
