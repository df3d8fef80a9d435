//! TensorBoard's event files: scalars, sounds and pictures of a run.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::audio::{OutputFormat, encode_audio};
use crate::error::{Error, Result};
use crate::tfrecord::RecordWriter;
use crate::wire::{put_bytes, put_f32, put_f64, put_number};

/// A file of events, which only grows. A run that goes on opens another one beside it, as TensorBoard expects.
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    file: RecordWriter<BufWriter<File>>,
}

impl EventWriter {
    /// Begins a file in `folder`.
    ///
    /// *Errors*: it cannot be made.
    pub fn create(folder: &Path) -> Result<Self> {
        let seconds = now_s() as u64;
        let mut n = 0;
        let (path, file) = loop {
            let name = format!("events.out.tfevents.{seconds:010}.ddsp.{}.{n}", std::process::id());
            let path = folder.join(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => break (path, file),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => n += 1,
                Err(source) => return Err(Error::Write { path, source }),
            }
        };
        let mut writer = Self { path, file: RecordWriter::new(BufWriter::new(file)) };
        let mut event = time();
        put_bytes(&mut event, 3, b"brain.Event:2");
        writer.append(&event)?;
        writer.flush()?;
        Ok(writer)
    }

    /// A number under a name, as `losses/total_loss`.
    ///
    /// *Errors*: it cannot be written.
    pub fn scalar(&mut self, step: u64, tag: &str, value: f64) -> Result<()> {
        let mut content = Vec::new();
        put_f32(&mut content, 2, value as f32);
        self.summary(step, tag, "scalars", &content)
    }

    /// A sound, mono.
    ///
    /// *Errors*: it cannot be written.
    pub fn audio(&mut self, step: u64, tag: &str, samples: &[f32], sample_rate: u32) -> Result<()> {
        let (wav, _) = encode_audio(&self.path, samples, sample_rate, OutputFormat::Wav16)?;
        let mut audio = Vec::new();
        put_f32(&mut audio, 1, sample_rate as f32);
        put_number(&mut audio, 2, 1);
        put_number(&mut audio, 3, samples.len() as u64);
        put_bytes(&mut audio, 4, &wav);
        put_bytes(&mut audio, 5, b"audio/wav");
        let mut content = Vec::new();
        put_bytes(&mut content, 6, &audio);
        self.summary(step, tag, "audio", &content)
    }

    /// A picture, a PNG file of that many pixels.
    ///
    /// *Errors*: it cannot be written.
    pub fn image(&mut self, step: u64, tag: &str, png: &[u8], size: (u32, u32)) -> Result<()> {
        let mut image = Vec::new();
        put_number(&mut image, 1, size.1.into());
        put_number(&mut image, 2, size.0.into());
        put_number(&mut image, 3, 3);
        put_bytes(&mut image, 4, png);
        let mut content = Vec::new();
        put_bytes(&mut content, 4, &image);
        self.summary(step, tag, "images", &content)
    }

    /// Brings everything to the file.
    ///
    /// *Errors*: it cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(|source| Error::Write { path: self.path.clone(), source })
    }

    /// An event with one value, `content` being its fields beside the name.
    fn summary(&mut self, step: u64, tag: &str, plugin: &str, content: &[u8]) -> Result<()> {
        let (mut named, mut data, mut metadata) = (Vec::new(), Vec::new(), Vec::new());
        put_bytes(&mut data, 1, plugin.as_bytes());
        put_bytes(&mut metadata, 1, &data);
        put_bytes(&mut named, 1, tag.as_bytes());
        put_bytes(&mut named, 9, &metadata);
        named.extend(content);
        let (mut summary, mut event) = (Vec::new(), time());
        put_bytes(&mut summary, 1, &named);
        put_number(&mut event, 2, step);
        put_bytes(&mut event, 5, &summary);
        self.append(&event)
    }

    fn append(&mut self, event: &[u8]) -> Result<()> {
        self.file
            .write(event)
            .map(|_| ())
            .map_err(|source| Error::Write { path: self.path.clone(), source })
    }
}

fn now_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// An event that has its time alone.
fn time() -> Vec<u8> {
    let mut event = Vec::new();
    put_f64(&mut event, 1, now_s());
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tfrecord::RecordReader;
    use crate::wire::Fields;

    #[test]
    fn events_are_records_that_begin_with_a_version() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(folder.path()).unwrap();
        writer.scalar(7, "losses/total_loss", 5.5).unwrap();
        writer.audio(7, "audio/played", &[0.0; 100], 16_000).unwrap();
        writer.flush().unwrap();
        // A second one in the same second has another name.
        EventWriter::create(folder.path()).unwrap();
        let bytes = std::fs::read(&writer.path).unwrap();
        let events: Vec<Vec<u8>> = RecordReader::new(&writer.path, &bytes[..])
            .collect::<std::result::Result<_, _>>()
            .unwrap();
        fn field(event: &[u8], n: u64) -> crate::wire::Wire<'_> {
            let mut fields = Fields::new(event).map(std::result::Result::unwrap);
            fields.find(|(number, _)| *number == n).map(|(_, wire)| wire).unwrap()
        }
        assert_eq!(field(&events[0], 3).bytes(), Ok(&b"brain.Event:2"[..]));
        assert_eq!(field(&events[1], 2).number(), Ok(7));
        let value = field(field(&events[1], 5).bytes().unwrap(), 1).bytes().unwrap();
        assert_eq!(field(value, 1).bytes(), Ok(&b"losses/total_loss"[..]));
        assert_eq!(events.len(), 3);
    }
}
