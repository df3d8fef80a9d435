//! Writing the record files of a part.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Part;
use super::files::shard_name;
use crate::error::{Error, Result};
use crate::tfrecord::{Features, RecordWriter};

/// A file is closed when it has this many bytes.
const SHARD_BYTES: u64 = 64 << 20;

/// Writes the examples of a part into files of about 64 MB, which have their names when [`finish`](Self::finish) knows how many
/// there are. The folder should be one that nobody reads yet.
#[derive(Debug)]
pub struct ShardWriter {
    folder: PathBuf,
    part: Part,
    paths: Vec<PathBuf>,
    open: Option<RecordWriter<BufWriter<File>>>,
    n_bytes: u64,
    n_examples: u64,
}

impl ShardWriter {
    /// A writer into a folder that exists.
    pub fn new(folder: &Path, part: Part) -> Self {
        Self {
            folder: folder.to_owned(),
            part,
            paths: Vec::new(),
            open: None,
            n_bytes: 0,
            n_examples: 0,
        }
    }

    /// Appends an example.
    ///
    /// *Errors*: [`Error::Write`].
    pub fn write(&mut self, features: &Features) -> Result<()> {
        if self.n_bytes >= SHARD_BYTES {
            self.close()?;
        }
        let mut writer = match self.open.take() {
            Some(writer) => writer,
            None => {
                let path = self.folder.join(format!(".{}-{}", self.part.name(), self.paths.len()));
                let file = File::create(&path);
                self.paths.push(path);
                RecordWriter::new(BufWriter::new(file.map_err(|e| self.failed(e))?))
            }
        };
        self.n_bytes += writer.write(&features.to_bytes()).map_err(|e| self.failed(e))?;
        self.n_examples += 1;
        self.open = Some(writer);
        Ok(())
    }

    /// Closes the last file and gives all of them their names; returns how many examples they hold.
    ///
    /// *Errors*: [`Error::Write`].
    pub fn finish(mut self) -> Result<u64> {
        self.close()?;
        for (i, path) in self.paths.iter().enumerate() {
            let target = self.folder.join(shard_name(self.part, i, self.paths.len()));
            fs::rename(path, target).map_err(|e| self.failed(e))?;
        }
        Ok(self.n_examples)
    }

    fn close(&mut self) -> Result<()> {
        self.n_bytes = 0;
        let Some(writer) = self.open.take() else { return Ok(()) };
        let mut writer = writer.into_inner();
        writer.flush().and_then(|()| writer.get_ref().sync_all()).map_err(|e| self.failed(e))
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Write { path: self.folder.clone(), source }
    }
}
