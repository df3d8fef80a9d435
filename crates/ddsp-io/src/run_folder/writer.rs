//! The trainer's end of `metrics.jsonl`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Metric;
use crate::atomic::write_file;
use crate::error::{Error, Result};

/// Appends lines to a file. Whoever holds the run's lock may.
#[derive(Debug)]
pub struct MetricsWriter {
    path: PathBuf,
    file: File,
    /// The bytes that are whole lines.
    length: u64,
}

impl MetricsWriter {
    /// Opens a file, which is made if need be, to go on behind `step`: lines of later steps, as a run that died behind its last
    /// checkpoint leaves them, and half a line at the end are cut off. 0 begins anew.
    ///
    /// *Errors*: [`Error::Read`] and [`Error::Write`].
    pub(super) fn open_at(path: &Path, step: u64) -> Result<Self> {
        let write = |source| Error::Write { path: path.to_owned(), source };
        let read = |source| Error::Read { path: path.to_owned(), source };
        match File::open(path) {
            Ok(file) => {
                let is_kept = |line: &[u8]| is_up_to(line, step);
                let before = file.metadata().map_err(read)?.len();
                if whole_lines(file, is_kept, &mut io::sink()).map_err(read)? != before {
                    let file = File::open(path).map_err(read)?;
                    write_file(path, |out| whole_lines(file, is_kept, out).map(drop))?;
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(read(e)),
        }
        let file = OpenOptions::new().append(true).create(true).open(path).map_err(write)?;
        let length = fs::metadata(path).map_err(write)?.len();
        Ok(Self { path: path.to_owned(), file, length })
    }

    /// Appends a line, at once and in one piece.
    ///
    /// *Errors*: [`Error::Write`]; what had been written of the line is taken back, so that it may be tried again.
    pub fn write(&mut self, metric: &Metric) -> Result<()> {
        let error = |source| Error::Write { path: self.path.clone(), source };
        let mut line = serde_json::to_vec(metric).map_err(|e| error(e.into()))?;
        line.push(b'\n');
        if let Err(e) = self.file.write_all(&line) {
            // The first error is the one to report, whether or not this works.
            let _ = self.file.set_len(self.length);
            return Err(error(e));
        }
        self.length += line.len() as u64;
        Ok(())
    }
}

/// Copies the lines that are whole and kept; returns how many bytes they have.
fn whole_lines(
    file: File,
    is_kept: impl Fn(&[u8]) -> bool,
    out: &mut (impl Write + ?Sized),
) -> io::Result<u64> {
    let mut lines = BufReader::new(file);
    let (mut line, mut n_bytes) = (Vec::new(), 0);
    while lines.read_until(b'\n', &mut line)? > 0 {
        if line.ends_with(b"\n") && is_kept(&line) {
            out.write_all(&line)?;
            n_bytes += line.len() as u64;
        }
        line.clear();
    }
    Ok(n_bytes)
}

fn is_up_to(line: &[u8], step: u64) -> bool {
    #[derive(Deserialize)]
    struct Line {
        step: u64,
    }
    serde_json::from_slice(line).is_ok_and(|line: Line| line.step <= step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(step: u64) -> Metric {
        Metric::Note { step, text: format!("at {step}") }
    }

    #[test]
    fn a_resumed_run_goes_on_behind_its_step() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut writer = MetricsWriter::open_at(&path, 0).unwrap();
        (1..=5).for_each(|step| writer.write(&note(step)).unwrap());
        drop(writer);
        let whole = fs::read_to_string(&path).unwrap();
        assert_eq!(whole.lines().count(), 5);

        fs::write(&path, format!("{whole}{{\"kind\":\"note\",\"step\":2,\"te")).unwrap();
        let mut writer = MetricsWriter::open_at(&path, 3).unwrap();
        let kept: String = whole.split_inclusive('\n').take(3).collect();
        assert_eq!(fs::read_to_string(&path).unwrap(), kept);
        writer.write(&note(4)).unwrap();
        let expected = format!("{kept}{{\"kind\":\"note\",\"step\":4,\"text\":\"at 4\"}}\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);

        MetricsWriter::open_at(&path, 0).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }
}
