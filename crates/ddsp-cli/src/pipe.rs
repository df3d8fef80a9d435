//! `-`, the command's own standard input and output, in the place of a file.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use ddsp_io::atomic::write_bytes;
use ddsp_io::audio::{
    OutputFormat, ReadOptions, Recording, Written, encode_audio, read_mono, read_mono_stream,
    write_audio,
};
use ddsp_io::error::STANDARD_INPUT;

use crate::failure::{Cause, Failure};

/// What standard output is called where a message would name a file.
const STANDARD_OUTPUT: &str = "standard output";

/// Whether an argument stands for standard input or output; a file of this name is `./-`.
pub(crate) fn is_pipe(path: &Path) -> bool {
    path == Path::new("-")
}

/// Where a recording comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    File(PathBuf),
    Pipe,
}

impl Input {
    pub(crate) fn read(&self, options: &ReadOptions) -> Result<Recording, Failure> {
        match self {
            Self::File(path) => Ok(read_mono(path, options)?),
            Self::Pipe if io::stdin().is_terminal() => {
                let sentence = "expected a recording through a pipe, found a terminal";
                Err(Failure::file(Cause::Input, Path::new(STANDARD_INPUT), sentence))
            }
            Self::Pipe => {
                let stdin = io::stdin().lock();
                Ok(read_mono_stream(Path::new(STANDARD_INPUT), stdin, options)?)
            }
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Pipe => f.write_str(STANDARD_INPUT),
        }
    }
}

/// Where a sound, a table or a picture goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Output {
    File(PathBuf),
    Pipe,
}

impl Output {
    /// Writes a table or a picture.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::File(path) => Ok(write_bytes(path, bytes)?),
            Self::Pipe => write_stdout(bytes),
        }
    }

    /// Writes a sound.
    pub(crate) fn write_audio(
        &self,
        samples: &[f32],
        sample_rate: u32,
        format: OutputFormat,
    ) -> Result<Written, Failure> {
        match self {
            Self::File(path) => Ok(write_audio(path, samples, sample_rate, format)?),
            Self::Pipe => {
                let name = Path::new(STANDARD_OUTPUT);
                let (bytes, written) = encode_audio(name, samples, sample_rate, format)?;
                write_stdout(&bytes)?;
                Ok(written)
            }
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Pipe => f.write_str(STANDARD_OUTPUT),
        }
    }
}

fn write_stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        // Whoever read it has had enough: nothing to tell.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Err(Failure::quiet(Cause::Output)),
        Err(source) => Err(ddsp_io::Error::Write { path: STANDARD_OUTPUT.into(), source }.into()),
    }
}

/// Refuses to fill a terminal with bytes that are no text.
pub(crate) fn refuse_terminal() -> Result<(), Failure> {
    if io::stdout().is_terminal() {
        let sentence = "standard output is a terminal, which shows no sound or picture: add -o FILE, \
                        or pipe it on";
        return Err(Failure::new(Cause::Usage, sentence));
    }
    Ok(())
}
