//! The one error type of this crate.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What standard input is called where a message would name a file.
pub const STANDARD_INPUT: &str = "standard input";

/// What every fallible function of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with a file of the outside world.
///
/// The message is one sentence, lower case, without a full stop; it names the file, says what was
/// expected and found, and where something helps, what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no file of this name.
    NotFound {
        /// The file asked for.
        path: PathBuf,
    },
    /// The name is that of a folder, a pipe or a device, which cannot be read as an audio file.
    NotAFile {
        /// The file asked for.
        path: PathBuf,
        /// What it is, as `a folder`.
        found: &'static str,
    },
    /// The operating system refuses to open or read the file.
    Read {
        /// The file asked for.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The file has no bytes.
    Empty {
        /// The file asked for.
        path: PathBuf,
    },
    /// The bytes are not audio in any format we know.
    NotAudio {
        /// The file asked for.
        path: PathBuf,
        /// What the bytes look like, as `text`; empty if that is unknown.
        found: String,
    },
    /// Audio in a format or codec that is not decoded here.
    UnsupportedCodec {
        /// The file asked for.
        path: PathBuf,
        /// The name of the format or codec, as `Opus`.
        codec: String,
    },
    /// The audio is encrypted, so that no converter helps.
    Protected {
        /// The file asked for.
        path: PathBuf,
    },
    /// An audio file whose header is absurd, or of which nothing could be decoded.
    Damaged {
        /// The file asked for.
        path: PathBuf,
        /// What was expected and found.
        detail: String,
    },
    /// A proper audio file that holds no samples.
    NoSamples {
        /// The file asked for.
        path: PathBuf,
    },
    /// Every sample is NaN or infinite.
    NoFiniteSample {
        /// The file asked for.
        path: PathBuf,
        /// How many samples that are, over all channels.
        n_samples: u64,
    },
    /// The file has fewer channels than the one asked for.
    NoSuchChannel {
        /// The file asked for.
        path: PathBuf,
        /// The channel asked for, counted from 1.
        channel: usize,
        /// The channels of the file.
        n_channels: usize,
    },
    /// The file has more channels than its demuxer knows speakers.
    TooManyChannels {
        /// The file asked for.
        path: PathBuf,
        /// The channels of the file.
        n_channels: usize,
    },
    /// The recording is too long to be held in memory, or the output too long for its format.
    TooLong {
        /// The file read or to be written.
        path: PathBuf,
        /// What was expected and found.
        detail: String,
    },
    /// A sample rate outside what can be resampled.
    SampleRate {
        /// The rate asked for, in Hz.
        sample_rate: u32,
    },
    /// A word that names no output format.
    OutputFormat {
        /// The word.
        given: String,
    },
    /// A checkpoint to import, or something beside it, that is incomplete, damaged or of a kind that
    /// cannot be imported.
    Checkpoint {
        /// The file or folder.
        path: PathBuf,
        /// What was expected and found, and what to do.
        detail: String,
    },
    /// A table that is not what it should be.
    Table {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        detail: String,
    },
    /// A data set, or one of its files, that is missing, damaged or not understood.
    Dataset {
        /// The file or folder.
        path: PathBuf,
        /// What was expected and found, and what to do.
        detail: String,
    },
    /// An instrument that is missing or not usable.
    Instrument {
        /// Its name or file.
        path: PathBuf,
        /// What was expected and found, and what to do.
        detail: String,
    },
    /// A gin file that is not in its language, or that describes what cannot be imported.
    Gin {
        /// The gin file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What was expected and found, and what to do.
        detail: String,
    },
    /// The folder of a training run that is missing, damaged, or none.
    Run {
        /// The file or folder.
        path: PathBuf,
        /// What was expected and found, and what to do.
        detail: String,
    },
    /// The folder of a training run in which another process trains.
    RunHeld {
        /// The folder.
        path: PathBuf,
        /// Who, as `pid 12 on studio`.
        holder: String,
    },
    /// The output cannot be written; what had been written of it is removed.
    Write {
        /// The file to be written.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
}

/// The kinds of [`Error`] that a caller treats differently, as by an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such file.
    NotFound,
    /// The file is there but cannot be opened: a folder, a device, no permission.
    Unreadable,
    /// The file is not audio.
    NotAudio,
    /// The file is audio of a codec or a layout that is not decoded here.
    UnsupportedCodec,
    /// The file is of the right kind, and broken beyond use.
    Damaged,
    /// The file is sound but holds no audio to work with: no samples, none finite.
    NoAudio,
    /// The request does not fit: no such channel, format or rate, too long.
    Request,
    /// A checkpoint, or the gin file beside it, cannot be imported.
    Checkpoint,
    /// A data set is missing, damaged or not understood.
    Dataset,
    /// The instrument is missing or not usable.
    Instrument,
    /// The output could not be written.
    Write,
}

impl Error {
    /// The kind, for callers that choose by it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::NotAFile { .. } | Self::Read { .. } => ErrorKind::Unreadable,
            Self::Empty { .. } | Self::NotAudio { .. } => ErrorKind::NotAudio,
            Self::UnsupportedCodec { .. }
            | Self::Protected { .. }
            | Self::TooManyChannels { .. } => ErrorKind::UnsupportedCodec,
            Self::Damaged { .. } | Self::Table { .. } | Self::Run { .. } => ErrorKind::Damaged,
            Self::NoSamples { .. } | Self::NoFiniteSample { .. } => ErrorKind::NoAudio,
            Self::NoSuchChannel { .. }
            | Self::TooLong { .. }
            | Self::SampleRate { .. }
            | Self::RunHeld { .. }
            | Self::OutputFormat { .. } => ErrorKind::Request,
            Self::Checkpoint { .. } | Self::Gin { .. } => ErrorKind::Checkpoint,
            Self::Dataset { .. } => ErrorKind::Dataset,
            Self::Instrument { .. } => ErrorKind::Instrument,
            Self::Write { .. } => ErrorKind::Write,
        }
    }

    /// The error of opening `path`, from the operating system's.
    pub(crate) fn open(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NotFound { path },
            io::ErrorKind::IsADirectory => Self::NotAFile { path, found: "a folder" },
            _ => Self::Read { path, source },
        }
    }

    /// A damaged file; `detail` says what was expected and found.
    pub(crate) fn damaged(path: &Path, detail: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), detail: detail.into() }
    }

    /// A codec that is not decoded here.
    pub(crate) fn codec(path: &Path, codec: impl Into<String>) -> Self {
        Self::UnsupportedCodec { path: path.to_owned(), codec: codec.into() }
    }

    /// A checkpoint that cannot be imported; `detail` says what was expected and found.
    pub(crate) fn checkpoint(path: &Path, detail: impl Into<String>) -> Self {
        Self::Checkpoint { path: path.to_owned(), detail: detail.into() }
    }

    /// A table that is not what it should be; `detail` says what was expected and found.
    pub(crate) fn table(path: &Path, detail: impl Into<String>) -> Self {
        Self::Table { path: path.to_owned(), detail: detail.into() }
    }

    /// A data set that cannot be used; `detail` says what was expected and found.
    pub(crate) fn dataset(path: &Path, detail: impl Into<String>) -> Self {
        Self::Dataset { path: path.to_owned(), detail: detail.into() }
    }

    /// The folder of a run that cannot be used; `detail` says what was expected and found.
    pub(crate) fn run(path: &Path, detail: impl Into<String>) -> Self {
        Self::Run { path: path.to_owned(), detail: detail.into() }
    }

    /// An instrument that cannot be used; `detail` says what was expected and found.
    pub(crate) fn instrument(path: &Path, detail: impl Into<String>) -> Self {
        Self::Instrument { path: path.to_owned(), detail: detail.into() }
    }

    /// Something that is not audio; `found` says what it looks like, or is empty.
    pub(crate) fn not_audio(path: &Path, found: impl Into<String>) -> Self {
        Self::NotAudio { path: path.to_owned(), found: found.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { path } => write!(f, "{}: there is no such file", path.display()),
            Self::NotAFile { path, found } => {
                write!(f, "{}: expected an audio file, found {found}", path.display())
            }
            Self::Read { path, source } => {
                write!(f, "{}: cannot be read: {}", path.display(), reason(source))
            }
            Self::Empty { path } => write!(f, "{}: is empty (0 bytes)", path.display()),
            Self::NotAudio { path, found } if found.is_empty() => {
                write!(f, "{}: not an audio file in any format known here", path.display())
            }
            Self::NotAudio { path, found } => {
                write!(f, "{}: expected an audio file, found {found}", path.display())
            }
            Self::UnsupportedCodec { path, codec } => {
                let (path, command) = (path.display(), conversion(path, ""));
                write!(f, "{path}: {codec} audio is not decoded here; convert it first: {command}")
            }
            Self::Protected { path } => {
                write!(f, "{}: the audio is copy-protected and cannot be decoded", path.display())
            }
            Self::Damaged { path, detail } => {
                write!(f, "{}: the file is damaged: {detail}", path.display())
            }
            Self::NoSamples { path } => {
                write!(f, "{}: the file holds no audio (0 samples)", path.display())
            }
            Self::NoFiniteSample { path, n_samples } => write!(
                f,
                "{}: none of the {n_samples} samples is a finite number, so there is no sound to use",
                path.display()
            ),
            Self::NoSuchChannel { path, channel, n_channels } => {
                let path = path.display();
                match n_channels {
                    1 => {
                        write!(f, "{path}: has 1 channel only, so channel {channel} cannot be used")
                    }
                    n => write!(f, "{path}: has {n} channels, so channel {channel} cannot be used"),
                }
            }
            Self::TooManyChannels { path, n_channels } => {
                let (path, command) = (path.display(), conversion(path, " -ac 1"));
                write!(
                    f,
                    "{path}: has {n_channels} channels, more than can be read here; mix it first: \
                     {command}"
                )
            }
            Self::TooLong { path, detail } => write!(f, "{}: too long: {detail}", path.display()),
            Self::SampleRate { sample_rate } => {
                write!(f, "expected a sample rate from 1000 to 768000 Hz, found {sample_rate} Hz")
            }
            Self::OutputFormat { given } => {
                const NAMES: &str = "wav16, wav24, wav32f, flac16 or flac24";
                write!(f, "expected an output format {NAMES}, found {given:?}")
            }
            Self::Checkpoint { path, detail }
            | Self::Dataset { path, detail }
            | Self::Instrument { path, detail }
            | Self::Run { path, detail }
            | Self::Table { path, detail } => {
                write!(f, "{}: {detail}", path.display())
            }
            Self::RunHeld { path, holder } => {
                let path = path.display();
                write!(
                    f,
                    "{path}: another trainer ({holder}) is at work on this run; watch it with `ddsp watch \"{path}\"`"
                )
            }
            Self::Gin { path, line, detail } => {
                write!(f, "{}: line {line}: {detail}", path.display())
            }
            Self::Write { path, source } => {
                write!(f, "{}: cannot be written: {}", path.display(), reason(source))
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// The command that makes a WAV of a file, or of what comes through a pipe.
fn conversion(path: &Path, options: &str) -> String {
    if path == Path::new(STANDARD_INPUT) {
        return format!("ffmpeg -i -{options} -f wav -");
    }
    let path = path.display();
    format!("ffmpeg -i \"{path}\"{options} \"{path}.wav\"")
}

/// The operating system's reason in plain words, without error numbers where we know better.
fn reason(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::StorageFull => "no space left on the device".into(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".into(),
        io::ErrorKind::IsADirectory => "it is a folder".into(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            "the folder it should go into does not exist".into()
        }
        _ => source.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_one_sentence_that_names_the_file_and_helps() {
        let e = Error::codec(Path::new("a b.opus"), "Opus");
        assert_eq!(
            e.to_string(),
            "a b.opus: Opus audio is not decoded here; convert it first: \
             ffmpeg -i \"a b.opus\" \"a b.opus.wav\""
        );
        assert_eq!(e.kind(), ErrorKind::UnsupportedCodec);
        let e = Error::codec(Path::new(STANDARD_INPUT), "Opus");
        assert!(e.to_string().ends_with("convert it first: ffmpeg -i - -f wav -"), "{e}");
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let e = Error::Write { path: "out.wav".into(), source: full };
        assert_eq!(e.to_string(), "out.wav: cannot be written: no space left on the device");
        assert!(std::error::Error::source(&e).is_some());
    }
}
