//! The container: each record is its length, the length's checksum, its bytes and their checksum.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::crc32c::{agree, crc32c, mask};
use crate::error::{Error, Result};

/// A record may have this many bytes: five minutes of audio and features at 48 kHz.
pub const MAX_RECORD_BYTES: u64 = 1 << 28;

/// Length and its checksum.
const HEADER_BYTES: usize = 12;

/// The records of a file, one after the other.
///
/// Both checksums of each are compared. Memory is asked for as bytes arrive, not on the word of a length. After an error
/// there is nothing more.
#[derive(Debug)]
pub struct RecordReader<R> {
    name: PathBuf,
    reader: R,
    n_records: u64,
    is_finished: bool,
}

impl<R: Read> RecordReader<R> {
    /// The records of `reader`, which should be buffered; `name` stands in messages for the file's.
    pub fn new(name: &Path, reader: R) -> Self {
        Self { name: name.to_owned(), reader, n_records: 0, is_finished: false }
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>> {
        let header = self.take(HEADER_BYTES as u64)?;
        if header.is_empty() {
            return Ok(None);
        }
        let (Some(length), Some(stored)) = (header.first_chunk(), header.last_chunk()) else {
            return Err(self.cut_off(HEADER_BYTES as u64, header.len()));
        };
        let (n_bytes, stored) = (u64::from_le_bytes(*length), u32::from_le_bytes(*stored));
        if header.len() < HEADER_BYTES {
            return Err(self.cut_off(HEADER_BYTES as u64, header.len()));
        }
        if !agree(mask(crc32c(length)), stored) {
            return Err(if self.n_records == 0 {
                Error::dataset(&self.name, "expected a file of TensorFlow records, found others")
            } else {
                self.damaged("the checksum of its length does not match")
            });
        }
        if n_bytes > MAX_RECORD_BYTES {
            let detail = format!("expected at most {MAX_RECORD_BYTES} bytes, found {n_bytes}");
            return Err(self.damaged(&detail));
        }
        let mut record = self.take(n_bytes + 4)?;
        let n_found = record.len();
        let Some((bytes, stored)) = record.split_last_chunk::<4>() else {
            return Err(self.cut_off(n_bytes + 4, n_found));
        };
        if bytes.len() as u64 != n_bytes {
            return Err(self.cut_off(n_bytes + 4, n_found));
        }
        if !agree(mask(crc32c(bytes)), u32::from_le_bytes(*stored)) {
            return Err(self.damaged("the checksum of its bytes does not match"));
        }
        record.truncate(n_found - 4);
        self.n_records += 1;
        Ok(Some(record))
    }

    /// The next `n_bytes`, or as many as there are.
    fn take(&mut self, n_bytes: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match self.reader.by_ref().take(n_bytes).read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(source) => Err(Error::Read { path: self.name.clone(), source }),
        }
    }

    fn cut_off(&self, n_expected: u64, n_found: usize) -> Error {
        self.damaged(&format!("it is cut off: expected {n_expected} bytes, found {n_found}"))
    }

    fn damaged(&self, detail: &str) -> Error {
        let detail = format!("record {} is damaged: {detail}", self.n_records + 1);
        Error::dataset(&self.name, detail)
    }
}

impl<R: Read> Iterator for RecordReader<R> {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_finished {
            return None;
        }
        let record = self.read().transpose();
        self.is_finished = !matches!(record, Some(Ok(_)));
        record
    }
}

/// Writes records.
#[derive(Debug)]
pub struct RecordWriter<W> {
    writer: W,
}

impl<W: Write> RecordWriter<W> {
    /// Writes to `writer`, which should be buffered.
    pub fn new(writer: W) -> Self {
        Self { writer }
    }

    /// Appends a record; returns the bytes that it takes in the file.
    ///
    /// *Errors*: the writer's.
    pub fn write(&mut self, record: &[u8]) -> io::Result<u64> {
        let length = (record.len() as u64).to_le_bytes();
        self.writer.write_all(&length)?;
        self.writer.write_all(&mask(crc32c(&length)).to_le_bytes())?;
        self.writer.write_all(record)?;
        self.writer.write_all(&mask(crc32c(record)).to_le_bytes())?;
        Ok(record.len() as u64 + 16)
    }

    /// Brings everything to where it goes.
    ///
    /// *Errors*: the writer's.
    pub fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.writer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(records: &[&[u8]]) -> Vec<u8> {
        let mut writer = RecordWriter::new(Vec::new());
        records.iter().for_each(|record| assert!(writer.write(record).unwrap() >= 16));
        writer.into_inner()
    }

    fn read(bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        RecordReader::new(Path::new("a.tfrecord"), bytes).collect()
    }

    #[test]
    fn records_come_back_in_order() {
        let bytes = written(&[b"one", b"", &[7; 1000]]);
        assert_eq!(read(&bytes).unwrap(), [b"one".to_vec(), vec![], vec![7; 1000]]);
        assert!(read(b"").unwrap().is_empty());
    }

    #[test]
    fn the_bytes_are_those_of_tensorflow() {
        // `tf.io.TFRecordWriter` of TensorFlow 2.21.0.
        let expected = "0500000000000000eab2043e68656c6c6fbb1f1c19";
        let hex: String = written(&[b"hello"]).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, expected);
    }

    #[test]
    fn what_is_cut_or_changed_is_refused_by_the_number_of_the_record() {
        let bytes = written(&[b"one", b"another"]);
        for n in 1..bytes.len() {
            if n != 19 {
                assert!(read(&bytes[..n]).is_err(), "{n} bytes");
            }
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 4;
            assert!(read(&changed).is_err(), "byte {at}");
        }
        let e = read(&bytes[..bytes.len() - 1]).unwrap_err().to_string();
        assert_eq!(
            e,
            "a.tfrecord: record 2 is damaged: it is cut off: expected 11 bytes, found 10"
        );
        let e = read(b"RIFF this is no record file").unwrap_err().to_string();
        assert!(e.ends_with("expected a file of TensorFlow records, found others"), "{e}");
    }

    #[test]
    fn a_length_out_of_reason_asks_for_no_memory() {
        let length = u64::MAX.to_le_bytes();
        let bytes = [&length[..], &mask(crc32c(&length)).to_le_bytes()].concat();
        assert!(read(&bytes).unwrap_err().to_string().contains("expected at most"));
    }
}
