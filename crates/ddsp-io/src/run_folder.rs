//! The folder of a training run, as everybody sees it: who is at work, how far, and what was measured.
//!
//! The trainer holds a lock of the operating system's on `run.lock`, which is free again whatever ends the trainer; `status.json` is
//! replaced whole; `metrics.jsonl` grows by a line an event. Readers need nothing but these, from any terminal, any number of them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::atomic::write_bytes;
use crate::error::{Error, Result};

/// The folder.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

/// What a run is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It reads its data.
    Starting,
    /// It makes steps.
    Training,
    /// It plays what was held out.
    Evaluating,
    /// It is over.
    Finished,
    /// Someone stopped it; it can go on.
    Stopped,
    /// It could not go on.
    Failed,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// What it is at.
    pub state: State,
    /// Why it is over, if it is.
    pub reason: Option<String>,
    /// The trainer's process.
    pub pid: u32,
    /// The preset.
    pub preset: String,
    /// The data set.
    pub dataset: String,
    /// Steps made.
    pub step: u64,
    /// Steps in all, once that is known.
    pub n_steps: Option<u64>,
    /// Seconds of training.
    pub elapsed_s: f64,
    /// Steps a second, lately.
    pub steps_per_s: f64,
    /// Seconds still to go, once that is known.
    pub eta_s: Option<f64>,
    /// Seconds since 1970 when this was written.
    pub updated_s: f64,
}

/// A line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Metric {
    /// A step, or the mean of some.
    Step {
        /// The last of them.
        step: u64,
        /// Seconds of training.
        elapsed_s: f64,
        /// The multi-scale spectral loss.
        spectral_loss: f64,
        /// All losses.
        total_loss: f64,
        /// Size of the step.
        learning_rate: f64,
        /// Norm of the gradient.
        gradient_norm: f64,
        /// Steps a second.
        steps_per_s: f64,
    },
    /// An evaluation on what was held out.
    Eval {
        /// At this step.
        step: u64,
        /// Seconds of training.
        elapsed_s: f64,
        /// The multi-scale spectral loss.
        spectral_loss: f64,
        /// Mean distance of loudness.
        loudness_l1_db: f64,
        /// Mean distance of pitch, without outliers.
        f0_l1_semitones: f64,
        /// Share of outliers.
        f0_outliers: f64,
        /// Whether it is the best so far.
        is_best: bool,
    },
    /// A sentence.
    Note {
        /// At this step.
        step: u64,
        /// The sentence.
        text: String,
    },
}

impl Metric {
    /// The step that it is of.
    pub fn step(&self) -> u64 {
        match self {
            Self::Step { step, .. } | Self::Eval { step, .. } | Self::Note { step, .. } => *step,
        }
    }
}

/// Held by the trainer.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunFolder {
    /// The folder of that name, there or not.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Makes the folder.
    ///
    /// *Errors*: it cannot be made, or there is a file of that name.
    pub fn create(&self) -> Result<()> {
        fs::create_dir_all(&self.path).map_err(|source| self.unwritable("", source))
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn unwritable(&self, name: &str, source: std::io::Error) -> Error {
        Error::Write { path: self.path.join(name), source }
    }

    /// Takes the lock.
    ///
    /// *Errors*: another trainer holds it.
    pub fn lock(&self) -> Result<RunLock> {
        let path = self.file("run.lock");
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(|source| self.unwritable("run.lock", source))?;
        let mut tried = file.try_lock();
        // Whoever looks whether it is held holds it for a moment.
        for _ in 0..5 {
            if tried.is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
            tried = file.try_lock();
        }
        match tried {
            Ok(()) => Ok(RunLock { _file: file }),
            Err(TryLockError::WouldBlock) => {
                let pid = self.status().map_or(String::new(), |s| format!(" (process {})", s.pid));
                let detail = format!(
                    "another trainer{pid} is at work on this run: watch it with `ddsp watch {}`, or give another folder",
                    self.path.display()
                );
                Err(Error::dataset(&self.path, detail))
            }
            Err(TryLockError::Error(source)) => Err(self.unwritable("run.lock", source)),
        }
    }

    /// Whether a trainer is at work.
    pub fn is_held(&self) -> bool {
        let Ok(file) = File::open(self.file("run.lock")) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// How far it is; none where nothing was written yet.
    pub fn status(&self) -> Option<Status> {
        serde_json::from_str(&fs::read_to_string(self.file("status.json")).ok()?).ok()
    }

    /// Says how far it is.
    ///
    /// *Errors*: it cannot be written.
    pub fn set_status(&self, status: &Status) -> Result<()> {
        let json = serde_json::to_string_pretty(status).expect("it is plain JSON");
        write_bytes(&self.file("status.json"), json.as_bytes())
    }

    /// Opens the metrics to go on behind a step: what an interrupted run measured beyond it, and a half line, are cut off.
    ///
    /// *Errors*: they cannot be written.
    pub fn metrics_from(&self, step: u64) -> Result<MetricsWriter> {
        let kept: Vec<Metric> =
            self.metrics().poll().into_iter().filter(|metric| metric.step() <= step).collect();
        let text: String = kept.iter().map(|metric| line(metric)).collect();
        let path = self.file("metrics.jsonl");
        write_bytes(&path, text.as_bytes())?;
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.map_err(|source| self.unwritable("metrics.jsonl", source))?;
        Ok(MetricsWriter { path, file })
    }

    /// A reader of the metrics.
    pub fn metrics(&self) -> MetricsReader {
        MetricsReader { path: self.file("metrics.jsonl"), at: 0 }
    }
}

fn line(metric: &Metric) -> String {
    let json = serde_json::to_string(metric).expect("it is plain JSON");
    json + "\n"
}

/// Seconds since 1970.
pub fn now_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// Appends metrics.
#[derive(Debug)]
pub struct MetricsWriter {
    path: PathBuf,
    file: File,
}

impl MetricsWriter {
    /// Appends one, in one go.
    ///
    /// *Errors*: it cannot be written.
    pub fn write(&mut self, metric: &Metric) -> Result<()> {
        let done = self.file.write_all(line(metric).as_bytes());
        done.map_err(|source| Error::Write { path: self.path.clone(), source })
    }
}

/// Reads metrics as they come.
#[derive(Debug)]
pub struct MetricsReader {
    path: PathBuf,
    at: u64,
}

impl MetricsReader {
    /// The metrics since the last time; from the beginning where the file has become shorter. A half line waits for its other half;
    /// a line that is none is left out.
    pub fn poll(&mut self) -> Vec<Metric> {
        let Ok(mut file) = File::open(&self.path) else { return Vec::new() };
        let length = file.metadata().map_or(0, |m| m.len());
        if length < self.at {
            self.at = 0;
        }
        let mut bytes = Vec::new();
        let read = file.seek(SeekFrom::Start(self.at)).and_then(|_| file.read_to_end(&mut bytes));
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        if read.is_err() || whole == 0 {
            return Vec::new();
        }
        self.at += whole as u64;
        let lines = bytes[..whole].split(|b| *b == b'\n');
        lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(step: u64) -> Metric {
        Metric::Note { step, text: format!("note {step}") }
    }

    #[test]
    fn metrics_are_followed_and_cut_where_a_run_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(&folder.path().join("run"));
        run.create().unwrap();
        let mut writer = run.metrics_from(0).unwrap();
        let mut reader = run.metrics();
        writer.write(&note(1)).unwrap();
        writer.write(&note(2)).unwrap();
        assert_eq!(reader.poll(), [note(1), note(2)]);
        writer.file.write_all(br#"{"kind":"note","st"#).unwrap();
        assert_eq!(reader.poll(), []);
        let mut writer = run.metrics_from(1).unwrap();
        writer.write(&note(2)).unwrap();
        assert_eq!(run.metrics().poll(), [note(1), note(2)]);
    }

    #[test]
    fn a_lock_is_held_once_and_seen() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(folder.path());
        assert!(!run.is_held());
        let lock = run.lock().unwrap();
        assert!(run.is_held());
        let error = run.lock().unwrap_err().to_string();
        assert!(error.contains("another trainer"), "{error}");
        drop(lock);
        assert!(!run.is_held());
        run.lock().unwrap();
    }
}
