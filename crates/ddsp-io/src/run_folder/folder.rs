//! Where the files of a run are, and who works on it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{MetricsReader, MetricsWriter, Status};
use crate::atomic::write_bytes;
use crate::error::{Error, Result};
use crate::host;

const LOCK: &str = "run.lock";
const STATUS: &str = "status.json";
const METRICS: &str = "metrics.jsonl";

/// A watcher that looks who holds the lock holds it, too, for a moment: that long a trainer tries again.
const PATIENCE: Duration = Duration::from_secs(1);

/// The folder of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

/// The right to train in a folder, until it is dropped or the process ends, however that comes about.
#[derive(Debug)]
pub struct RunLock {
    /// Closing it gives the lock back.
    _file: File,
}

impl RunFolder {
    /// The folder of that name, there or not, to train in.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Makes the folder, with those above it.
    ///
    /// *Errors*: [`Error::Write`].
    pub fn create(&self) -> Result<()> {
        let error = |source| Error::Write { path: self.path.clone(), source };
        fs::create_dir_all(&self.path).map_err(error)
    }

    /// Opens the folder of a run to watch it. Nothing is written.
    ///
    /// *Errors*: [`Error::Run`] if there is no such folder, or if it is not that of a run.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self { path: path.to_owned() };
        if folder.is_run() {
            return Ok(folder);
        }
        Err(Error::run(
            path,
            if path.is_dir() {
                "expected the folder of a training run, found neither status.json nor run.lock in it; it is what `ddsp train -o` names"
            } else if path.exists() {
                "expected the folder of a training run, found a file"
            } else {
                "expected the folder of a training run, found nothing of this name"
            },
        ))
    }

    fn is_run(&self) -> bool {
        self.path.join(STATUS).exists() || self.path.join(LOCK).exists()
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The file that is locked, made if need be.
    fn open_lock(&self) -> Result<File> {
        let path = self.path.join(LOCK);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options.open(&path).map_err(|source| Error::Write { path, source })
    }

    /// Takes the right to train here.
    ///
    /// *Errors*: [`Error::RunHeld`] if another process has it; [`Error::Write`] if the file cannot be made, or lies on a disk that
    /// knows no locks.
    pub fn lock(&self) -> Result<RunLock> {
        let path = self.path.join(LOCK);
        let write = |source| Error::Write { path: path.clone(), source };
        let mut file = self.open_lock()?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::RunHeld {
                        path: self.path.clone(),
                        holder: name(&mut file),
                    });
                }
                Err(TryLockError::Error(e)) => return Err(write(e)),
            }
        }
        file.set_len(0).map_err(write)?;
        file.write_all(format!("pid {} on {}", std::process::id(), host::name()).as_bytes())
            .map_err(write)?;
        Ok(RunLock { _file: file })
    }

    /// Who trains here now, as `pid 12 on studio`, or none.
    ///
    /// *Errors*: [`Error::Read`].
    pub fn holder(&self) -> Result<Option<String>> {
        let path = self.path.join(LOCK);
        let read = |source| Error::Read { path: path.clone(), source };
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(read(e)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(name(&mut file))),
            Err(TryLockError::Error(e)) => Err(read(e)),
        }
    }

    /// Whether someone trains here now.
    ///
    /// *Errors*: [`Error::Read`].
    pub fn is_held(&self) -> Result<bool> {
        Ok(self.holder()?.is_some())
    }

    /// Says what is going on. Whoever holds the lock may.
    ///
    /// *Errors*: [`Error::Write`].
    pub fn set_status(&self, status: &Status) -> Result<()> {
        let path = self.path.join(STATUS);
        let bytes = serde_json::to_vec_pretty(status);
        let bytes = bytes.map_err(|e| Error::Write { path: path.clone(), source: e.into() })?;
        write_bytes(&path, &bytes)
    }

    /// What is going on; none before a trainer has said anything.
    ///
    /// *Errors*: [`Error::Read`]; [`Error::Run`] if the file is damaged.
    pub fn status(&self) -> Result<Option<Status>> {
        let path = self.path.join(STATUS);
        match fs::read(&path) {
            Ok(bytes) => Status::parse(&bytes).map(Some).map_err(|e| Error::run(&path, e)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// Opens the metrics to go on behind `step`: lines of later steps, as a run that died behind its last checkpoint leaves them, and
    /// half a line at the end are cut off. 0 begins anew. Whoever holds the lock may.
    ///
    /// *Errors*: [`Error::Read`] and [`Error::Write`].
    pub fn metrics_from(&self, step: u64) -> Result<MetricsWriter> {
        MetricsWriter::open_at(&self.path.join(METRICS), step)
    }

    /// A reader of the metrics, which begins before the first.
    pub fn metrics(&self) -> MetricsReader {
        MetricsReader::new(&self.path.join(METRICS))
    }
}

/// Who holds the lock, as far as the file can be read while it is locked.
fn name(file: &mut File) -> String {
    let mut name = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(200).read_to_string(&mut name));
    match read {
        Ok(_) if name.starts_with("pid ") => name,
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_folder::State;

    #[test]
    fn one_trainer_holds_a_run_and_watchers_hold_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs/violin");
        let run = RunFolder::new(&path);
        run.create().unwrap();
        assert!(!run.is_held().unwrap());
        let lock = run.lock().unwrap();
        assert_eq!(run.holder().unwrap().unwrap(), Status::starting("", "").process());
        let e = RunFolder::new(&path).lock().unwrap_err().to_string();
        assert!(e.contains("another trainer (pid ") && e.contains("`ddsp watch "), "{e}");
        drop(lock);
        assert!(!run.is_held().unwrap());
        run.lock().unwrap();
    }

    #[test]
    fn a_status_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(folder.path());
        assert_eq!(run.status().unwrap(), None);
        let status = Status { state: State::Training, ..Status::starting("solo", "violin") };
        run.set_status(&status).unwrap();
        let found = run.status().unwrap().unwrap();
        assert_eq!((found.state, found.preset.as_str()), (State::Training, "solo"));
        fs::write(folder.path().join(STATUS), "{").unwrap();
        let e = run.status().unwrap_err().to_string();
        assert!(e.contains("status.json: expected the status of a training run"), "{e}");
    }

    #[test]
    fn other_folders_are_no_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let open = |path: &Path| RunFolder::open(path).unwrap_err().to_string();
        assert!(open(path).contains("found neither status.json nor run.lock"));
        assert!(open(&path.join("a")).ends_with("found nothing of this name"));
        fs::write(path.join("song.wav"), "").unwrap();
        assert!(open(&path.join("song.wav")).ends_with("found a file"));
    }
}
