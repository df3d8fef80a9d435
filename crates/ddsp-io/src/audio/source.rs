//! Where the bytes of a recording come from: a file, or a stream that was read to its end.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use symphonia::core::io::MediaSource;

use crate::error::{Error, Result};

/// A stream may have this many bytes, as all of them are held in memory: an hour and a half of
/// 48 kHz stereo with 16 bits.
const MAX_STREAM_BYTES: u64 = 1 << 30;

/// The bytes of a recording, with a name for messages.
#[derive(Debug)]
pub(super) struct Source {
    /// The file's path, or what the stream is called.
    pub(super) name: PathBuf,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    File(File),
    Memory(Cursor<Vec<u8>>),
}

impl Source {
    /// Opens a file.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let found = fs::metadata(path).map_err(|e| Error::open(path, e))?;
        let not_a_file = |found| Error::NotAFile { path: path.to_owned(), found };
        if found.is_dir() {
            return Err(not_a_file("a folder"));
        }
        // Before opening: that of a pipe waits for its writer.
        if !found.is_file() {
            return Err(not_a_file("a pipe or a device"));
        }
        if found.len() == 0 {
            return Err(Error::Empty { path: path.to_owned() });
        }
        let file = File::open(path).map_err(|e| Error::open(path, e))?;
        Ok(Self { name: path.to_owned(), bytes: Bytes::File(file) })
    }

    /// Reads a stream to its end: demuxers go back and forth.
    pub(super) fn spool(name: &Path, stream: impl Read) -> Result<Self> {
        Self::spool_at_most(name, stream, MAX_STREAM_BYTES)
    }

    fn spool_at_most(name: &Path, stream: impl Read, n_most: u64) -> Result<Self> {
        let path = || name.to_owned();
        let mut bytes = Vec::new();
        stream
            .take(n_most + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| Error::Read { path: path(), source })?;
        if bytes.is_empty() {
            return Err(Error::Empty { path: path() });
        }
        if bytes.len() as u64 > n_most {
            let detail = format!(
                "expected at most {} MiB from a stream, found more; save it and name the file",
                n_most >> 20
            );
            return Err(Error::TooLong { path: path(), detail });
        }
        Ok(Self { name: path(), bytes: Bytes::Memory(Cursor::new(bytes)) })
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.bytes {
            Bytes::File(file) => file.read(buffer),
            Bytes::Memory(bytes) => bytes.read(buffer),
        }
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.bytes {
            Bytes::File(file) => file.seek(to),
            Bytes::Memory(bytes) => bytes.seek(to),
        }
    }
}

impl MediaSource for Source {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        match &self.bytes {
            Bytes::File(file) => file.metadata().ok().map(|found| found.len()),
            Bytes::Memory(bytes) => Some(bytes.get_ref().len() as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_a_length_limit_and_an_end() {
        let name = Path::new("standard input");
        let e = Source::spool_at_most(name, io::repeat(7), 1 << 20).unwrap_err();
        assert!(e.to_string().starts_with("standard input: too long: expected at most 1 MiB"));
        assert!(Source::spool_at_most(name, io::repeat(7).take(1 << 20), 1 << 20).is_ok());
        let e = Source::spool(name, io::empty()).unwrap_err();
        assert_eq!(e.to_string(), "standard input: is empty (0 bytes)");
    }
}
