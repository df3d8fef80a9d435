//! The checkpoints of a run, as files.

use std::path::{Path, PathBuf};

use ddsp_io::atomic::write_bytes;

use crate::train::{Checkpoint, Error};

/// The folder that holds them.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
    n_kept: usize,
}

impl Checkpoints {
    /// Those in `folder`, which is made with the first; all but the newest `n_kept` are removed when another one is saved.
    pub fn new(folder: PathBuf, n_kept: usize) -> Self {
        Self { folder, n_kept: n_kept.max(1) }
    }

    /// Saves one, whole or not at all.
    ///
    /// *Errors*: it cannot be written; those before it stay.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<PathBuf, Error> {
        std::fs::create_dir_all(&self.folder)
            .map_err(|source| ddsp_io::Error::Write { path: self.folder.clone(), source })?;
        let path = self.path(checkpoint.progress.step);
        write_bytes(&path, &checkpoint.to_bytes())?;
        let all = self.steps();
        for step in all.iter().take(all.len().saturating_sub(self.n_kept)) {
            // One that cannot be removed costs room alone.
            let _ = std::fs::remove_file(self.path(*step));
        }
        Ok(path)
    }

    /// Reads the newest one that is whole, and says why newer ones were passed over. None without any.
    ///
    /// *Errors*: there are some, and none of them is whole.
    pub fn newest(&self) -> Result<(Option<Checkpoint>, Vec<String>), Error> {
        let mut passed_over = Vec::new();
        for step in self.steps().into_iter().rev() {
            match self.read(step) {
                Ok(checkpoint) => return Ok((Some(checkpoint), passed_over)),
                Err(detail) => passed_over.push(detail),
            }
        }
        match passed_over.is_empty() {
            true => Ok((None, passed_over)),
            false => Err(Error::setting("checkpoints", passed_over.join("; "))),
        }
    }

    fn read(&self, step: u64) -> Result<Checkpoint, String> {
        let path = self.path(step);
        let bytes = std::fs::read(&path).map_err(|e| e.to_string());
        let read = bytes.and_then(|bytes| Checkpoint::from_bytes(&bytes));
        let read = read.and_then(|checkpoint| match checkpoint.progress.step {
            found if found == step => Ok(checkpoint),
            found => Err(format!("expected step {step}, found {found}")),
        });
        read.map_err(|detail| format!("{}: {detail}", path.display()))
    }

    fn path(&self, step: u64) -> PathBuf {
        self.folder.join(format!("step-{step:08}.safetensors"))
    }

    /// The steps of all files, the oldest first.
    fn steps(&self) -> Vec<u64> {
        let step = |path: &Path| {
            let name = path.file_name()?.to_str()?;
            name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok()
        };
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut steps: Vec<u64> = entries.filter_map(|entry| step(&entry.path())).collect();
        steps.sort_unstable();
        steps
    }
}
