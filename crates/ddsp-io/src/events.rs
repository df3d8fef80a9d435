//! Event files, which TensorBoard reads: numbers, sounds, pictures and text by step.
//!
//! *Reference*: TensorFlow's `event.proto` and `summary.proto`; each event is a record of
//! [`tfrecord`](crate::tfrecord).

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::audio::{OutputFormat, encode_audio};
use crate::error::{Error, Result};
use crate::host;
use crate::run_folder::now_s;
use crate::tfrecord::RecordWriter;
use crate::wire::{put_bytes, put_f32, put_f64, put_number};

/// `SessionLog.START`.
const START: u64 = 1;
/// `ImageSummary.colorspace` of a picture in red, green and blue.
const RGB: u64 = 3;
/// `DT_STRING`.
const STRING: u64 = 7;

/// Writes one file of events. It grows as it is written, and whoever reads it takes the records that are whole.
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    file: RecordWriter<BufWriter<File>>,
}

impl EventWriter {
    /// Begins a new file `events.out.tfevents.SECONDS.HOST.ddsp` in a folder. A run that goes on begins another one beside the first;
    /// TensorBoard reads them as one.
    ///
    /// *Errors*: [`Error::Write`].
    pub fn create(folder: &Path) -> Result<Self> {
        let mut seconds = now_s() as u64;
        loop {
            // The seconds have ten digits, so that files sort by time.
            let name = format!("events.out.tfevents.{seconds:010}.{}.ddsp", host::name());
            let path = folder.join(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    return Self { path, file: RecordWriter::new(BufWriter::new(file)) }.begun();
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => seconds += 1,
                Err(source) => return Err(Error::Write { path, source }),
            }
        }
    }

    fn begun(mut self) -> Result<Self> {
        let mut event = event(None);
        put_bytes(&mut event, 3, b"brain.Event:2");
        self.write(&event)?;
        self.flush()?;
        Ok(self)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says that this process goes on behind `step`: TensorBoard forgets what earlier files say of later steps, as they were made by a
    /// process that died before it could save them.
    ///
    /// *Errors*: [`Error::Write`].
    pub fn resume_after(&mut self, step: u64) -> Result<()> {
        let (mut event, mut session) = (event(Some(step + 1)), Vec::new());
        put_number(&mut session, 1, START);
        put_bytes(&mut event, 7, &session);
        self.write(&event)
    }

    /// A number, under *Scalars*. A slash in the tag groups charts, as in `losses/total_loss`.
    ///
    /// *Errors*: [`Error::Write`].
    pub fn scalar(&mut self, step: u64, tag: &str, value: f64) -> Result<()> {
        self.summary(step, tag, |out| put_f32(out, 2, value as f32))
    }

    /// A sound, under *Audio*: mono samples, stored with 16 bits. What would pass full scale is turned down.
    ///
    /// *Errors*: [`Error::Write`]; [`Error::SampleRate`].
    pub fn audio(&mut self, step: u64, tag: &str, samples: &[f32], sample_rate: u32) -> Result<()> {
        let (wav, _) = encode_audio(&self.path, samples, sample_rate, OutputFormat::Wav16)?;
        let mut audio = Vec::with_capacity(wav.len() + 64);
        put_f32(&mut audio, 1, sample_rate as f32);
        put_number(&mut audio, 2, 1);
        put_number(&mut audio, 3, samples.len() as u64);
        put_bytes(&mut audio, 4, &wav);
        put_bytes(&mut audio, 5, b"audio/wav");
        self.summary(step, tag, |out| put_bytes(out, 6, &audio))
    }

    /// A picture, under *Images*, as the bytes of a PNG file of this size in pixels.
    ///
    /// *Errors*: [`Error::Write`].
    pub fn image(
        &mut self,
        step: u64,
        tag: &str,
        png: &[u8],
        (width, height): (u32, u32),
    ) -> Result<()> {
        let mut image = Vec::with_capacity(png.len() + 32);
        put_number(&mut image, 1, u64::from(height));
        put_number(&mut image, 2, u64::from(width));
        put_number(&mut image, 3, RGB);
        put_bytes(&mut image, 4, png);
        self.summary(step, tag, |out| put_bytes(out, 4, &image))
    }

    /// A text in Markdown, under *Text*.
    ///
    /// *Errors*: [`Error::Write`].
    pub fn text(&mut self, step: u64, tag: &str, text: &str) -> Result<()> {
        let (mut plugin, mut metadata, mut tensor) = (Vec::new(), Vec::new(), Vec::new());
        put_bytes(&mut plugin, 1, b"text");
        put_bytes(&mut metadata, 1, &plugin);
        put_number(&mut tensor, 1, STRING);
        // A shape without dimensions.
        put_bytes(&mut tensor, 2, b"");
        put_bytes(&mut tensor, 8, text.as_bytes());
        self.summary(step, tag, |out| {
            put_bytes(out, 8, &tensor);
            put_bytes(out, 9, &metadata);
        })
    }

    /// Hands what was written to the operating system, so that it is read even if this process dies.
    ///
    /// *Errors*: [`Error::Write`].
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(|source| Error::Write { path: self.path.clone(), source })
    }

    fn summary(&mut self, step: u64, tag: &str, put: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        let (mut value, mut summary, mut event) = (Vec::new(), Vec::new(), event(Some(step)));
        put_bytes(&mut value, 1, tag.as_bytes());
        put(&mut value);
        put_bytes(&mut summary, 1, &value);
        put_bytes(&mut event, 5, &summary);
        self.write(&event)
    }

    fn write(&mut self, event: &[u8]) -> Result<()> {
        self.file
            .write(event)
            .map(|_| ())
            .map_err(|source| Error::Write { path: self.path.clone(), source })
    }
}

/// An event of now, so far without content.
fn event(step: Option<u64>) -> Vec<u8> {
    let mut event = Vec::new();
    put_f64(&mut event, 1, now_s());
    if let Some(step) = step {
        put_number(&mut event, 2, step);
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tfrecord::RecordReader;
    use crate::wire::{Fields, Wire};

    /// The content of a field of a message.
    fn field(message: &[u8], number: u64) -> Wire<'_> {
        Fields::new(message).map(|field| field.unwrap()).find(|(n, _)| *n == number).unwrap().1
    }

    /// The value in an event's summary.
    fn value(event: &[u8]) -> &[u8] {
        field(field(event, 5).bytes().unwrap(), 1).bytes().unwrap()
    }

    fn records(path: &Path) -> Vec<Vec<u8>> {
        RecordReader::new(path, File::open(path).unwrap()).collect::<Result<_>>().unwrap()
    }

    #[test]
    fn what_is_written_lies_where_the_protocol_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(folder.path()).unwrap();
        writer.scalar(1 << 33, "losses/total_loss", 5.92).unwrap();
        writer.audio(2, "a", &[0.5; 100], 16_000).unwrap();
        writer.image(3, "i", b"png", (300, 200)).unwrap();
        writer.text(4, "t", "**bold**").unwrap();
        writer.resume_after(6).unwrap();
        writer.flush().unwrap();
        let records = records(writer.path());
        assert_eq!(field(&records[0], 3), Wire::Bytes(b"brain.Event:2"));
        assert_eq!(field(&records[1], 2), Wire::Varint(1 << 33));
        assert_eq!(field(value(&records[1]), 1), Wire::Bytes(b"losses/total_loss"));
        assert_eq!(field(value(&records[1]), 2), Wire::Fixed32(5.92_f32.to_bits()));
        let audio = field(value(&records[2]), 6).bytes().unwrap();
        assert_eq!(field(audio, 1), Wire::Fixed32(16_000_f32.to_bits()));
        assert_eq!((field(audio, 2), field(audio, 3)), (Wire::Varint(1), Wire::Varint(100)));
        let wav = field(audio, 4).bytes().unwrap();
        assert_eq!((&wav[..4], wav.len()), (&b"RIFF"[..], 44 + 200));
        let image = field(value(&records[3]), 4).bytes().unwrap();
        assert_eq!((field(image, 1), field(image, 2)), (Wire::Varint(200), Wire::Varint(300)));
        assert_eq!(field(image, 4), Wire::Bytes(b"png"));
        let text = value(&records[4]);
        assert_eq!(field(field(text, 8).bytes().unwrap(), 8), Wire::Bytes(b"**bold**"));
        assert_eq!(field(&records[5], 2), Wire::Varint(7));
        assert_eq!(field(field(&records[5], 7).bytes().unwrap(), 1), Wire::Varint(1));
        assert_eq!(records.len(), 6);
    }

    #[test]
    fn a_run_that_goes_on_begins_a_later_file() {
        let folder = tempfile::tempdir().unwrap();
        let first = EventWriter::create(folder.path()).unwrap().path().to_owned();
        let second = EventWriter::create(folder.path()).unwrap().path().to_owned();
        assert!(first < second, "{} and {}", first.display(), second.display());
        let name = first.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("events.out.tfevents.") && name.ends_with(".ddsp"), "{name}");
        assert_eq!(records(&first).len(), 1);
    }
}
