//! The folder beside a data set in which it is made: what is finished of each recording stays there, so that the same command
//! goes on where it was stopped.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ddsp_io::atomic::write_bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::{Cause, Failure};

/// The folder, held by this process alone.
#[derive(Debug)]
pub(super) struct Workshop {
    folder: PathBuf,
    /// Open as long as the folder is in use.
    _lock: File,
}

impl Workshop {
    /// Opens or makes the folder for the data set `output`.
    pub(super) fn open(output: &Path) -> Result<Self, Failure> {
        let Some(name) = output.file_name() else {
            let sentence = "expected the name of a folder that can be made";
            return Err(Failure::file(Cause::Usage, output, sentence));
        };
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(".preparing");
        let folder = output.with_file_name(hidden);
        fs::create_dir_all(&folder).map_err(|e| failed(&folder, e))?;
        let path = folder.join("lock");
        let options = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let lock = options.map_err(|e| failed(&path, e))?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            let sentence =
                "another command is making this data set now; wait for it, or name another folder";
            return Err(Failure::file(Cause::Output, output, sentence));
        }
        Ok(Self { folder, _lock: lock })
    }

    /// A file of the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder itself.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What was noted under a name; none if nothing was, or nothing of this kind.
    pub(super) fn recall<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(&fs::read(self.path(name)).ok()?).ok()
    }

    /// Notes something under a name.
    pub(super) fn note<T: Serialize>(&self, name: &str, value: &T) -> Result<(), Failure> {
        let path = self.path(name);
        let bytes = serde_json::to_vec(value).map_err(|e| failed(&path, e.into()))?;
        Ok(write_bytes(&path, &bytes)?)
    }

    /// Removes the folder and all that is in it.
    pub(super) fn clear(self) {
        // What is left of it does no harm.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A failure to write.
pub(super) fn failed(path: &Path, source: std::io::Error) -> Failure {
    ddsp_io::Error::Write { path: path.to_owned(), source }.into()
}

/// Samples as they lie in memory, in a file.
pub(super) struct SampleWriter {
    path: PathBuf,
    writer: BufWriter<File>,
    pub(super) n_samples: usize,
}

impl SampleWriter {
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|e| failed(path, e))?;
        Ok(Self { path: path.to_owned(), writer: BufWriter::new(file), n_samples: 0 })
    }

    pub(super) fn write(&mut self, samples: &[f32]) -> Result<(), Failure> {
        self.n_samples += samples.len();
        for x in samples {
            self.writer.write_all(&x.to_le_bytes()).map_err(|e| failed(&self.path, e))?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let done = self.writer.flush().and_then(|()| self.writer.get_ref().sync_all());
        done.map_err(|e| failed(&self.path, e))
    }
}

/// Reads `n` samples from `start` on of a file of samples.
pub(super) fn read_samples(path: &Path, start: usize, n: usize) -> Result<Vec<f32>, Failure> {
    let read = || {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(start as u64 * 4))?;
        let mut bytes = vec![0; n * 4];
        file.read_exact(&mut bytes)?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
    };
    read().map_err(|source| ddsp_io::Error::Read { path: path.to_owned(), source }.into())
}
