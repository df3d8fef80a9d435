//! The frame around every record: its length, and checksums of the length and of the bytes.

use std::io::{self, Read, Write};

use crate::crc32c::{agree, crc32c, mask, unmask};

/// A record longer than this is taken for a damaged length.
const MAX_BYTES: u64 = 1 << 30;
/// So many bytes are asked for at a time, so that a wrong length cannot ask for more than there are.
const BLOCK: u64 = 1 << 20;

/// The records of a file, one after the other; an error ends them.
#[derive(Debug)]
pub struct RecordReader<R> {
    source: R,
    is_finished: bool,
}

impl<R: Read> RecordReader<R> {
    /// Reads from the beginning of a file.
    pub fn new(source: R) -> Self {
        Self { source, is_finished: false }
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut header = [0; 12];
        match self.fill(&mut header)? {
            0 => return Ok(None),
            12 => {}
            n => return Err(format!("expected the 12 bytes before a record, found {n}")),
        }
        let [length, crc] = [&header[..8], &header[8..]];
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
        if !agree(crc32c(length), unmask(number(crc) as u32)) {
            return Err("expected the checksum of a record's length, found another one".into());
        }
        let n = number(length);
        if n > MAX_BYTES {
            return Err(format!("expected a record of at most 1 GiB, found {n} bytes"));
        }
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < n {
            let before = bytes.len();
            let more = BLOCK.min(n - before as u64);
            bytes.resize(before + more as usize, 0);
            let found = self.fill(&mut bytes[before..])?;
            if (found as u64) < more {
                return Err(format!("expected a record of {n} bytes, found {}", before + found));
            }
        }
        let mut crc = [0; 4];
        if self.fill(&mut crc)? < 4 || !agree(crc32c(&bytes), unmask(u32::from_le_bytes(crc))) {
            return Err("expected the checksum of a record, found another one".into());
        }
        Ok(Some(bytes))
    }

    /// Fills `out` as far as there are bytes.
    fn fill(&mut self, out: &mut [u8]) -> Result<usize, String> {
        let mut n = 0;
        while n < out.len() {
            match self.source.read(&mut out[n..]) {
                Ok(0) => break,
                Ok(more) => n += more,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(format!("expected a record, found an error: {e}")),
            }
        }
        Ok(n)
    }
}

impl<R: Read> Iterator for RecordReader<R> {
    type Item = Result<Vec<u8>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_finished {
            return None;
        }
        let record = self.read();
        self.is_finished = !matches!(record, Ok(Some(_)));
        record.transpose()
    }
}

/// Writes one record.
///
/// *Errors*: those of the file.
pub fn write_record(out: &mut (impl Write + ?Sized), bytes: &[u8]) -> io::Result<()> {
    let length = (bytes.len() as u64).to_le_bytes();
    out.write_all(&length)?;
    out.write_all(&mask(crc32c(&length)).to_le_bytes())?;
    out.write_all(bytes)?;
    out.write_all(&mask(crc32c(bytes)).to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_and_any_damage_is_seen() {
        let records: [&[u8]; 3] = [b"one", b"", &[7; 300]];
        let mut file = Vec::new();
        records.iter().for_each(|record| write_record(&mut file, record).unwrap());
        let read: Vec<_> = RecordReader::new(&file[..]).collect::<Result<_, _>>().unwrap();
        assert_eq!(read, records);
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 0x40;
            assert!(RecordReader::new(&damaged[..]).any(|record| record.is_err()), "byte {at}");
            let n_whole = RecordReader::new(&file[..at]).filter(Result::is_ok).count();
            assert!(n_whole < 3, "cut at {at}");
        }
    }
}
