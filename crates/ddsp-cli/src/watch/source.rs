//! What a watcher reads.

use std::path::Path;

use ddsp_io::run_folder::{MetricsReader, News, RunFolder, Status};

use super::ending::{Ending, ending};
use crate::failure::Failure;

/// The folder of a run, as far as it has been read.
pub(super) struct Source {
    folder: RunFolder,
    reader: MetricsReader,
}

/// How things stand now.
pub(super) struct Now {
    /// What the trainer last said of itself.
    pub(super) status: Option<Status>,
    /// What happened since the last look.
    pub(super) news: News,
    /// How the training ended, if it did.
    pub(super) ending: Option<Ending>,
}

impl Source {
    /// Opens the folder of a run.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let folder = RunFolder::open(path)?;
        Ok(Self::of(&folder))
    }

    /// What there is to be read of a run.
    pub(super) fn of(folder: &RunFolder) -> Self {
        Self { folder: folder.clone(), reader: folder.metrics() }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Looks at everything once.
    pub(super) fn poll(&mut self) -> Result<Now, Failure> {
        // In this order: whatever a trainer said before it let go of the lock is then read.
        let holder = self.folder.holder()?;
        let status = self.folder.status()?;
        let news = self.reader.poll()?;
        let ending = ending(self.path(), holder.as_deref(), status.as_ref());
        Ok(Now { status, news, ending })
    }
}
