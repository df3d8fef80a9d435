//! What ends a command: a sentence and an exit code.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use ddsp_io::ErrorKind;

use crate::text::sentence;

/// Why a command ended without doing what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    cause: Cause,
}

/// The exit codes, as `ddsp --help` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The command line asks for something that is not possible.
    Usage = 2,
    /// An input is missing or not usable audio.
    Input = 3,
    /// The model is missing or not usable.
    Model = 4,
    /// An output cannot be written.
    Output = 5,
    /// Some of several inputs failed; the others are done.
    Some = 6,
    /// A training could not go on, or died.
    Training = 7,
    /// Stopped by whoever started it.
    #[cfg_attr(not(feature = "train"), expect(dead_code, reason = "a training alone ends so"))]
    Interrupted = 130,
}

impl Failure {
    pub(crate) fn new(cause: Cause, sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), cause }
    }

    /// A failure that nobody is left to read about.
    pub(crate) fn quiet(cause: Cause) -> Self {
        Self::new(cause, "")
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.sentence.is_empty()
    }

    /// A failure about a file.
    pub(crate) fn file(cause: Cause, path: &Path, sentence: impl fmt::Display) -> Self {
        Self::new(cause, format!("{}: {sentence}", path.display()))
    }

    pub(crate) fn cause(&self) -> Cause {
        self.cause
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.cause as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl From<ddsp_io::Error> for Failure {
    fn from(error: ddsp_io::Error) -> Self {
        let cause = match error.kind() {
            ErrorKind::Write => Cause::Output,
            ErrorKind::Request => Cause::Usage,
            ErrorKind::Instrument | ErrorKind::Checkpoint => Cause::Model,
            _ => Cause::Input,
        };
        Self::new(cause, sentence(&error.to_string()))
    }
}
