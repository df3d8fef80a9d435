//! Writing examples in shards.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{Clip, Part};
use crate::error::{Error, Result};
use crate::tfrecord::write_record;

/// A shard is closed when it is as long as this.
const SHARD_BYTES: u64 = 64 << 20;

/// Writes the examples of a part of one recording into files of its own.
#[derive(Debug)]
pub struct ExampleWriter {
    folder: PathBuf,
    part: Part,
    source: usize,
    n_shards: usize,
    shard: Option<(PathBuf, BufWriter<File>, u64)>,
}

impl ExampleWriter {
    /// Writes to `folder`, for the recording of that number.
    pub fn new(folder: &Path, part: Part, source: usize) -> Self {
        Self { folder: folder.to_owned(), part, source, n_shards: 0, shard: None }
    }

    /// Appends an example that begins with that frame of its recording.
    ///
    /// *Errors*: it cannot be written.
    pub fn write(&mut self, clip: &Clip, first_frame: usize) -> Result<()> {
        let bytes = clip.to_message(self.source, first_frame).encode();
        if self.shard.as_ref().is_none_or(|(_, _, n_bytes)| *n_bytes > SHARD_BYTES) {
            self.close()?;
            let name =
                format!("{}-{:05}-{:05}.part", self.part.prefix(), self.source, self.n_shards);
            let path = self.folder.join(name);
            let file = File::create(&path)
                .map_err(|source| Error::Write { path: path.clone(), source })?;
            self.n_shards += 1;
            self.shard = Some((path, BufWriter::new(file), 0));
        }
        let (path, file, n_bytes) = self.shard.as_mut().expect("it was just opened");
        *n_bytes += bytes.len() as u64 + 16;
        write_record(file, &bytes).map_err(|source| Error::Write { path: path.clone(), source })
    }

    /// Brings everything to the disk.
    ///
    /// *Errors*: it cannot be written.
    pub fn close(&mut self) -> Result<()> {
        let Some((path, mut file, _)) = self.shard.take() else { return Ok(()) };
        let done = file.flush().and_then(|()| file.get_ref().sync_all());
        done.map_err(|source| Error::Write { path, source })
    }
}

/// Gives the files of all recordings the names that shards have, `train.tfrecord-00000-of-00007`.
///
/// *Errors*: a file cannot be renamed.
pub fn finish_shards(folder: &Path) -> Result<()> {
    for part in [Part::Train, Part::HeldOut] {
        let begins = format!("{}-", part.prefix());
        let entries = fs::read_dir(folder).map_err(|e| Error::open(folder, e))?;
        let is_one = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&begins) && name.ends_with(".part")
        };
        let mut files: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(is_one).collect();
        files.sort();
        for (i, from) in files.iter().enumerate() {
            let to = format!("{}.tfrecord-{i:05}-of-{:05}", part.prefix(), files.len());
            let to = folder.join(to);
            fs::rename(from, &to).map_err(|source| Error::Write { path: to, source })?;
        }
    }
    Ok(())
}
