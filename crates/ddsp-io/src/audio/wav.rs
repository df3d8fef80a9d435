//! WAV files out.

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

use super::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};
use crate::atomic::{WriteSeek, write_file};
use crate::error::{Error, Result};

/// How samples are stored in an output file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OutputFormat {
    /// WAV with 16-bit integers.
    Wav16,
    /// WAV with 24-bit integers.
    #[default]
    Wav24,
    /// WAV with 32-bit floats, which may pass full scale.
    Wav32f,
}

impl OutputFormat {
    fn bytes_per_sample(self) -> u64 {
        match self {
            Self::Wav16 => 2,
            Self::Wav24 => 3,
            Self::Wav32f => 4,
        }
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wav16 => "wav16",
            Self::Wav24 => "wav24",
            Self::Wav32f => "wav32f",
        })
    }
}

impl FromStr for OutputFormat {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self> {
        match given {
            "wav16" => Ok(Self::Wav16),
            "wav24" => Ok(Self::Wav24),
            "wav32f" => Ok(Self::Wav32f),
            _ => Err(Error::OutputFormat { given: given.into() }),
        }
    }
}

/// What [`write_wav`] did.
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
/// *Errors*: [`Error::Write`]; [`Error::TooLong`] for more than a WAV file can hold (4 GiB);
/// [`Error::SampleRate`] for a rate outside 1000 to 768000 Hz.
pub fn write_wav(
    path: &Path,
    samples: &[f32],
    sample_rate: u32,
    format: OutputFormat,
) -> Result<Written> {
    if !(MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&sample_rate) {
        return Err(Error::SampleRate { sample_rate });
    }
    check_length(path, samples.len() as u64, format)?;
    let finite = |x: f32| if x.is_finite() { x } else { 0.0 };
    let n_non_finite = samples.iter().filter(|x| !x.is_finite()).count();
    let peak = samples.iter().fold(0.0f32, |peak, &x| peak.max(finite(x).abs()));
    let is_reduced = peak > 1.0 && format != OutputFormat::Wav32f;
    let gain = if is_reduced { 1.0 / f64::from(peak) } else { 1.0 };
    write_file(path, |writer| {
        fill(writer, samples.iter().map(|&x| finite(x)), gain, sample_rate, format)
    })?;
    Ok(Written {
        n_samples: samples.len(),
        duration_s: samples.len() as f64 / f64::from(sample_rate),
        reduced_db: is_reduced.then(|| 20.0 * peak.log10()),
        n_non_finite,
    })
}

/// A WAV file counts its bytes in 32 bits, header included.
fn check_length(path: &Path, n_samples: u64, format: OutputFormat) -> Result<()> {
    let n_max = (u64::from(u32::MAX) - 1024) / format.bytes_per_sample();
    if n_samples > n_max {
        let detail = format!("a {format} file holds at most {n_max} samples, found {n_samples}");
        return Err(Error::TooLong { path: path.to_owned(), detail });
    }
    Ok(())
}

fn fill(
    writer: &mut dyn WriteSeek,
    samples: impl Iterator<Item = f32>,
    gain: f64,
    sample_rate: u32,
    format: OutputFormat,
) -> io::Result<()> {
    let (bits_per_sample, sample_format) = match format {
        OutputFormat::Wav16 => (16, hound::SampleFormat::Int),
        OutputFormat::Wav24 => (24, hound::SampleFormat::Int),
        OutputFormat::Wav32f => (32, hound::SampleFormat::Float),
    };
    let spec = hound::WavSpec { channels: 1, sample_rate, bits_per_sample, sample_format };
    let mut wav = hound::WavWriter::new(writer, spec).map_err(to_io)?;
    match format {
        OutputFormat::Wav32f => {
            for x in samples {
                wav.write_sample(x).map_err(to_io)?;
            }
        }
        OutputFormat::Wav16 | OutputFormat::Wav24 => {
            let full_scale = f64::from(1i32 << (bits_per_sample - 1));
            for x in samples {
                let scaled = (f64::from(x) * gain * full_scale).round();
                wav.write_sample(scaled.clamp(-full_scale, full_scale - 1.0) as i32)
                    .map_err(to_io)?;
            }
        }
    }
    wav.finalize().map_err(to_io)
}

fn to_io(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(e) => e,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integers(path: &Path) -> Vec<i32> {
        hound::WavReader::open(path).unwrap().samples().map(|s| s.unwrap()).collect()
    }

    #[test]
    fn formats_round_to_nearest_and_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let x = [0.0, 0.5, -0.5, 1.0, -1.0, 1.4 / 32768.0, -1.6 / 32768.0, f32::NAN];
        let written = write_wav(&path, &x, 16_000, OutputFormat::Wav16).unwrap();
        assert_eq!((written.reduced_db, written.n_non_finite), (None, 1));
        assert_eq!(integers(&path), [0, 16384, -16384, 32767, -32768, 1, -2, 0]);
        write_wav(&path, &x, 16_000, OutputFormat::Wav24).unwrap();
        assert_eq!(integers(&path)[1..5], [1 << 22, -(1 << 22), (1 << 23) - 1, -(1 << 23)]);
        let loud = [2.5, -1.0, f32::INFINITY];
        let written = write_wav(&path, &loud, 48_000, OutputFormat::Wav32f).unwrap();
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
        let path = folder.path().join("a.wav");
        let written = write_wav(&path, &[2.0, -1.0, 0.5], 16_000, OutputFormat::Wav16).unwrap();
        assert!((written.reduced_db.unwrap() - 6.0206).abs() < 1e-3);
        assert_eq!(integers(&path), [32767, -16384, 8192]);
    }

    #[test]
    fn more_than_a_wav_can_hold_is_refused_before_anything_is_written() {
        let e = check_length(Path::new("a.wav"), 1 << 31, OutputFormat::Wav24).unwrap_err();
        assert!(e.to_string().contains("at most 1431655"), "{e}");
        assert!(check_length(Path::new("a.wav"), 1 << 30, OutputFormat::Wav24).is_ok());
    }

    #[test]
    fn format_names_come_back() {
        for format in [OutputFormat::Wav16, OutputFormat::Wav24, OutputFormat::Wav32f] {
            assert_eq!(format.to_string().parse::<OutputFormat>().unwrap(), format);
        }
        let e = "mp3".parse::<OutputFormat>().unwrap_err();
        assert_eq!(
            e.to_string(),
            "expected an output format wav16, wav24 or wav32f, found \"mp3\""
        );
    }

    #[test]
    fn an_empty_signal_is_a_proper_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        assert_eq!(write_wav(&path, &[], 16_000, OutputFormat::default()).unwrap().n_samples, 0);
        assert!(integers(&path).is_empty());
    }
}
