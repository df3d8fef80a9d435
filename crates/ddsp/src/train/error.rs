//! What can go wrong while an instrument is trained.

use std::fmt;

/// Why a training cannot begin or go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A setting is out of its range, or does not fit the data.
    Setting {
        /// Its name, as `data.batch_size`.
        what: String,
        /// What was expected, what was found, what to do.
        detail: String,
    },
    /// A file of the data set or of the run.
    File(ddsp_io::Error),
    /// The gradient was no number for too many steps in a row.
    Diverged {
        /// The last good step.
        step: u64,
        /// How many steps in a row were bad.
        n_bad: u64,
    },
}

impl Error {
    /// A setting that does not work.
    pub fn setting(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Setting { what: what.into(), detail: detail.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting { what, detail } => write!(f, "{what}: {detail}"),
            Self::File(error) => error.fmt(f),
            Self::Diverged { step, n_bad } => write!(
                f,
                "expected a gradient, found none that is a number in {n_bad} steps behind step {step}: the checkpoints up to \
                 there are whole; train anew with a smaller optimizer.learning_rate, or look at the recordings"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            Self::Setting { .. } | Self::Diverged { .. } => None,
        }
    }
}

impl From<ddsp_io::Error> for Error {
    fn from(error: ddsp_io::Error) -> Self {
        Self::File(error)
    }
}

impl From<ddsp_core::Error> for Error {
    fn from(error: ddsp_core::Error) -> Self {
        match error {
            ddsp_core::Error::Config { what, detail }
            | ddsp_core::Error::Model { what, detail } => Self::Setting { what, detail },
            other => Self::setting("model", other.to_string()),
        }
    }
}
