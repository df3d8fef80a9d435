//! The way out: a mono signal as an audio file.

use std::io::{self, Cursor};
use std::path::Path;

use super::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, OutputFormat, flac, wav};
use crate::atomic::{WriteSeek, write_file};
use crate::error::{Error, Result};

/// What [`write_audio`] did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Written {
    /// The samples in the file.
    pub n_samples: usize,
    /// The duration of the file, in seconds.
    pub duration_s: f64,
    /// By how many dB the signal was turned down so that its peak is full scale; None if it fitted.
    pub reduced_db: Option<f32>,
    /// How many samples were NaN or infinite and written as zero.
    pub n_non_finite: usize,
}

/// Writes mono `samples` (full scale 1.0) at `sample_rate` Hz, whole or not at all (see
/// [`write_file`]). Same samples, same bytes: integers are rounded to nearest, without dither.
///
/// In the integer formats a signal whose peak passes 1.0 is scaled down to it as a whole, and
/// exactly 1.0 is stored as the largest integer. `Wav32f` is written as it is.
///
/// *Errors*: [`Error::Write`]; [`Error::TooLong`] for more than the format can hold (WAV: 4 GiB);
/// [`Error::SampleRate`] for a rate outside 1000 to 768000 Hz.
pub fn write_audio(
    path: &Path,
    samples: &[f32],
    sample_rate: u32,
    format: OutputFormat,
) -> Result<Written> {
    let levelled = Levelled::new(path, samples, sample_rate, format)?;
    write_file(path, |writer| levelled.fill(writer))?;
    Ok(levelled.written())
}

/// The bytes that [`write_audio`] writes, for a place that is no file; `name` stands in messages.
///
/// *Errors*: those of [`write_audio`].
pub fn encode_audio(
    name: &Path,
    samples: &[f32],
    sample_rate: u32,
    format: OutputFormat,
) -> Result<(Vec<u8>, Written)> {
    let levelled = Levelled::new(name, samples, sample_rate, format)?;
    let mut bytes = Cursor::new(Vec::new());
    levelled.fill(&mut bytes).map_err(|source| Error::Write { path: name.to_owned(), source })?;
    Ok((bytes.into_inner(), levelled.written()))
}

/// A signal, and the gain by which it fits the format.
struct Levelled<'a> {
    samples: &'a [f32],
    sample_rate: u32,
    format: OutputFormat,
    peak: f32,
    n_non_finite: usize,
}

impl<'a> Levelled<'a> {
    fn new(
        path: &Path,
        samples: &'a [f32],
        sample_rate: u32,
        format: OutputFormat,
    ) -> Result<Self> {
        if !(MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&sample_rate) {
            return Err(Error::SampleRate { sample_rate });
        }
        check_length(path, samples.len() as u64, format)?;
        let n_non_finite = samples.iter().filter(|x| !x.is_finite()).count();
        let peak = samples.iter().fold(0.0f32, |peak, &x| peak.max(finite(x).abs()));
        Ok(Self { samples, sample_rate, format, peak, n_non_finite })
    }

    fn is_reduced(&self) -> bool {
        self.peak > 1.0 && self.format.integer_bits().is_some()
    }

    fn fill(&self, writer: &mut dyn WriteSeek) -> io::Result<()> {
        match self.format {
            OutputFormat::Wav32f => {
                wav::write_floats(writer, self.samples.iter().map(|&x| finite(x)), self.sample_rate)
            }
            OutputFormat::Wav16 => {
                wav::write_integers(writer, self.integers(16), self.sample_rate, 16)
            }
            OutputFormat::Wav24 => {
                wav::write_integers(writer, self.integers(24), self.sample_rate, 24)
            }
            OutputFormat::Flac16 => {
                flac::write_integers(writer, self.integers(16), self.sample_rate, 16)
            }
            OutputFormat::Flac24 => {
                flac::write_integers(writer, self.integers(24), self.sample_rate, 24)
            }
        }
    }

    /// The samples as integers of this many bits.
    fn integers(&self, bits: u32) -> impl ExactSizeIterator<Item = i32> {
        let gain = if self.is_reduced() { 1.0 / f64::from(self.peak) } else { 1.0 };
        let full_scale = f64::from(1i32 << (bits - 1));
        self.samples.iter().map(move |&x| {
            let scaled = (f64::from(finite(x)) * gain * full_scale).round();
            scaled.clamp(-full_scale, full_scale - 1.0) as i32
        })
    }

    fn written(&self) -> Written {
        Written {
            n_samples: self.samples.len(),
            duration_s: self.samples.len() as f64 / f64::from(self.sample_rate),
            reduced_db: self.is_reduced().then(|| 20.0 * self.peak.log10()),
            n_non_finite: self.n_non_finite,
        }
    }
}

fn finite(x: f32) -> f32 {
    if x.is_finite() { x } else { 0.0 }
}

fn check_length(path: &Path, n_samples: u64, format: OutputFormat) -> Result<()> {
    let n_max = match format {
        OutputFormat::Wav16 => wav::MAX_BYTES / 2,
        OutputFormat::Wav24 => wav::MAX_BYTES / 3,
        OutputFormat::Wav32f => wav::MAX_BYTES / 4,
        OutputFormat::Flac16 | OutputFormat::Flac24 => flac::MAX_SAMPLES,
    };
    if n_samples > n_max {
        let detail = format!("a {format} file holds at most {n_max} samples, found {n_samples}");
        return Err(Error::TooLong { path: path.to_owned(), detail });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{ReadOptions, read_mono};

    fn integers(path: &Path) -> Vec<i32> {
        hound::WavReader::open(path).unwrap().samples().map(|s| s.unwrap()).collect()
    }

    #[test]
    fn formats_round_to_nearest_and_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let x = [0.0, 0.5, -0.5, 1.0, -1.0, 1.4 / 32768.0, -1.6 / 32768.0, f32::NAN];
        let written = write_audio(&path, &x, 16_000, OutputFormat::Wav16).unwrap();
        assert_eq!((written.reduced_db, written.n_non_finite), (None, 1));
        assert_eq!(integers(&path), [0, 16384, -16384, 32767, -32768, 1, -2, 0]);
        write_audio(&path, &x, 16_000, OutputFormat::Wav24).unwrap();
        assert_eq!(integers(&path)[1..5], [1 << 22, -(1 << 22), (1 << 23) - 1, -(1 << 23)]);
        let loud = [2.5, -1.0, f32::INFINITY];
        let written = write_audio(&path, &loud, 48_000, OutputFormat::Wav32f).unwrap();
        assert_eq!(written.reduced_db, None);
        let mut reader = hound::WavReader::open(&path).unwrap();
        assert_eq!(reader.spec().sample_rate, 48_000);
        assert_eq!(
            reader.samples::<f32>().map(|s| s.unwrap()).collect::<Vec<_>>(),
            [2.5, -1.0, 0.0]
        );
    }

    #[test]
    fn what_passes_full_scale_is_turned_down_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        for format in [OutputFormat::Wav16, OutputFormat::Flac16] {
            let path = folder.path().join("a").with_extension(format.extension());
            let written = write_audio(&path, &[2.0, -1.0, 0.5], 16_000, format).unwrap();
            assert!((written.reduced_db.unwrap() - 6.0206).abs() < 1e-3);
            let samples = read_mono(&path, &ReadOptions::default()).unwrap().samples;
            assert_eq!(samples, [32767.0 / 32768.0, -0.5, 0.25]);
        }
    }

    #[test]
    fn more_than_a_format_can_hold_is_refused_before_anything_is_written() {
        let e = check_length(Path::new("a.wav"), 1 << 31, OutputFormat::Wav24).unwrap_err();
        assert!(e.to_string().contains("at most 1431655"), "{e}");
        assert!(check_length(Path::new("a.wav"), 1 << 30, OutputFormat::Wav24).is_ok());
        assert!(check_length(Path::new("a.flac"), 1 << 35, OutputFormat::Flac24).is_ok());
        assert!(check_length(Path::new("a.flac"), 1 << 36, OutputFormat::Flac24).is_err());
    }

    #[test]
    fn an_empty_signal_is_a_proper_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        assert_eq!(write_audio(&path, &[], 16_000, OutputFormat::default()).unwrap().n_samples, 0);
        assert!(integers(&path).is_empty());
        let path = folder.path().join("a.flac");
        write_audio(&path, &[], 16_000, OutputFormat::Flac16).unwrap();
        // The mark and one block, the last, of 34 bytes (RFC 9639, sections 6 and 8.2).
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((&bytes[..8], bytes.len()), (&b"fLaC\x80\0\0\x22"[..], 42));
    }

    #[test]
    fn the_bytes_in_memory_are_those_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let x: Vec<f32> = (0..10_000).map(|i| (i as f32 * 0.01).sin() * 1.2).collect();
        for format in OutputFormat::ALL {
            let path = folder.path().join("a");
            let to_file = write_audio(&path, &x, 44_100, format).unwrap();
            let (bytes, in_memory) = encode_audio(&path, &x, 44_100, format).unwrap();
            assert_eq!(bytes, std::fs::read(&path).unwrap(), "{format}");
            assert_eq!(to_file, in_memory);
        }
    }
}
