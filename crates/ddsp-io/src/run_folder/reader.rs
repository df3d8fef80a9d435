//! A watcher's end of `metrics.jsonl`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::Metric;
use crate::error::{Error, Result};

/// A longer line is no line of ours; its bytes are passed over.
const MAX_LINE_BYTES: u64 = 1 << 20;
/// So many bytes before the place that was reached tell whether the file is still the same.
const N_REMEMBERED: usize = 256;

/// Reads a file that grows.
#[derive(Debug)]
pub struct MetricsReader {
    path: PathBuf,
    offset: u64,
    /// The bytes before `offset`.
    remembered: Vec<u8>,
}

/// What is new since the last time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct News {
    /// Whether the file was cut or replaced, as by a run that goes on from an earlier step: `metrics` are all there are,
    /// and whatever was read before no longer counts.
    pub is_restarted: bool,
    /// The new lines.
    pub metrics: Vec<Metric>,
}

impl MetricsReader {
    /// Begins before the first line of a file, which need not be there yet.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), offset: 0, remembered: Vec::new() }
    }

    /// The lines since the last call. Half a line waits for its end; a line that is no [`Metric`] known here is passed over.
    ///
    /// *Errors*: [`Error::Read`].
    pub fn poll(&mut self) -> Result<News> {
        self.read().map_err(|source| Error::Read { path: self.path.clone(), source })
    }

    fn read(&mut self) -> io::Result<News> {
        let mut news = News::default();
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                news.is_restarted = self.offset > 0;
                self.restart();
                return Ok(news);
            }
            Err(e) => return Err(e),
        };
        if !self.is_same(&mut file)? {
            news.is_restarted = true;
            self.restart();
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut lines = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let n = lines.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? as u64;
            if !line.ends_with(b"\n") && n < MAX_LINE_BYTES {
                return Ok(news);
            }
            self.offset += n;
            self.remember(&line);
            news.metrics.extend(serde_json::from_slice::<Metric>(&line).ok());
        }
    }

    fn restart(&mut self) {
        self.offset = 0;
        self.remembered.clear();
    }

    fn remember(&mut self, line: &[u8]) {
        self.remembered.extend_from_slice(&line[line.len().saturating_sub(N_REMEMBERED)..]);
        let surplus = self.remembered.len().saturating_sub(N_REMEMBERED);
        self.remembered.drain(..surplus);
    }

    /// Whether the file still holds what was read, by the last of it.
    fn is_same(&self, file: &mut File) -> io::Result<bool> {
        file.seek(SeekFrom::Start(self.offset - self.remembered.len() as u64))?;
        let mut found = Vec::new();
        file.by_ref().take(self.remembered.len() as u64).read_to_end(&mut found)?;
        Ok(found == self.remembered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    fn note(step: u64, text: &str) -> Metric {
        Metric::Note { step, text: text.into() }
    }

    fn line(step: u64, text: &str) -> String {
        format!("{{\"kind\":\"note\",\"step\":{step},\"text\":\"{text}\"}}\n")
    }

    #[test]
    fn lines_come_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut reader = MetricsReader::new(&path);
        assert_eq!(reader.poll().unwrap(), News::default());
        let append = |text: &str| {
            let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        let (a, b) = (line(1, "a"), line(2, "b"));
        append(&a);
        append(&b[..20]);
        let mut poll = || reader.poll().unwrap();
        assert_eq!(poll(), News { is_restarted: false, metrics: vec![note(1, "a")] });
        assert_eq!(poll().metrics, []);
        append(&b[20..]);
        append("\n{}\n{\"kind\":\"later\",\"step\":3}\nno json\n");
        append(&line(4, "c"));
        let expected = vec![note(2, "b"), note(4, "c")];
        assert_eq!(poll(), News { is_restarted: false, metrics: expected });
    }

    #[test]
    fn a_file_that_was_cut_or_replaced_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut reader = MetricsReader::new(&path);
        fs::write(&path, line(1, "a") + &line(2, "b")).unwrap();
        assert_eq!(reader.poll().unwrap().metrics.len(), 2);
        fs::write(&path, line(1, "a")).unwrap();
        let news = reader.poll().unwrap();
        assert_eq!(news, News { is_restarted: true, metrics: vec![note(1, "a")] });
        // Longer than before, but not the same.
        let text = line(1, "c") + &line(2, "d") + &line(3, "e");
        fs::write(&path, text).unwrap();
        let news = reader.poll().unwrap();
        assert_eq!((news.is_restarted, news.metrics.len()), (true, 3));
        fs::remove_file(&path).unwrap();
        assert!(reader.poll().unwrap().is_restarted);
        assert!(!reader.poll().unwrap().is_restarted);
    }
}
