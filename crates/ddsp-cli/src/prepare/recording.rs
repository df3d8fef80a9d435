//! A recording on its way into the data set: found, surveyed, converted.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use ddsp_core::transfer::gain_to;
use ddsp_io::audio::{AudioReader, ChannelChoice, Resampler};
use serde::{Deserialize, Serialize};

use super::settings::{INPUT_PEAK, Settings};
use super::survey::{Survey, survey};
use super::workshop::{SampleWriter, Workshop, read_samples};
use crate::failure::{Cause, Failure};

/// Magenta's reader asks for audio at this rate beside that of the data set.
const CREPE_RATE: u32 = 16_000;
/// What is nowhere louder than this is taken for silence: -60 dB.
const SILENT_PEAK: f32 = 1e-3;

/// A file as it was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Its name without the folder.
    pub(super) name: String,
    pub(super) n_bytes: u64,
    /// When it was changed, in nanoseconds; 0 where that is not known.
    changed: u128,
}

impl Found {
    pub(super) fn new(path: PathBuf) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        // What is missing is told when it is opened.
        let found = fs::metadata(&path).ok();
        let changed = found.as_ref().and_then(|found| found.modified().ok());
        let since = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self {
            name,
            n_bytes: found.map_or(0, |found| found.len()),
            changed: since.map_or(0, |since| since.as_nanos()),
            path,
        }
    }

    /// One line that tells it from others.
    pub(super) fn line(&self) -> String {
        format!("recording {}, {} bytes, changed {}", self.name, self.n_bytes, self.changed)
    }

    /// A name for what is known of this recording by these settings.
    pub(super) fn key(&self, settings: &str) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.path, self.line(), settings).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    /// Surveys it, or recalls the survey.
    pub(super) fn survey(
        &self,
        workshop: &Workshop,
        channel: Option<usize>,
    ) -> Result<Survey, Failure> {
        let name = format!("{}.survey", self.key(&format!("{channel:?}")));
        if let Some(known) = workshop.recall(&name) {
            return Ok(known);
        }
        let found = survey(&self.path, channel)?;
        if found.peak < SILENT_PEAK {
            let sentence = "is silent: nothing in it is louder than -60 dB of full scale, so there is nothing to learn";
            return Err(Failure::file(Cause::Input, &self.path, sentence));
        }
        workshop.note(&name, &found)?;
        Ok(found)
    }
}

/// A recording as mono samples at the rate of the data set, in files of the workshop.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Converted {
    audio: PathBuf,
    audio_16k: PathBuf,
    pub(super) sizes: Sizes,
    /// What samples are multiplied by.
    gain: f32,
}

/// How long a converted recording is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Sizes {
    /// Whole hops.
    pub(super) n_hops: usize,
    /// Those of them that silence was added for, because the recording is shorter than an example.
    pub(super) n_added: usize,
    peak: f32,
    n_16k: usize,
}

impl Converted {
    /// Converts a recording, or recalls that it is. It is decoded, mixed and resampled block by block.
    pub(super) fn new(
        found: &Found,
        survey: &Survey,
        settings: &Settings,
        workshop: &Workshop,
    ) -> Result<Self, Failure> {
        let key = found.key(&settings.key());
        let (audio, noted) = (format!("{key}.audio"), format!("{key}.sizes"));
        let audio_16k =
            if settings.sample_rate == CREPE_RATE { audio.clone() } else { format!("{key}.16k") };
        let (audio, audio_16k) = (workshop.path(&audio), workshop.path(&audio_16k));
        let sizes = match workshop.recall(&noted) {
            Some(sizes) if audio.is_file() && audio_16k.is_file() => sizes,
            _ => {
                let sizes = convert(&found.path, survey, settings, &audio, &audio_16k)?;
                workshop.note(&noted, &sizes)?;
                sizes
            }
        };
        let gain = gain_to(INPUT_PEAK, sizes.peak).factor();
        Ok(Self { audio, audio_16k, sizes, gain })
    }

    /// Samples at the rate of the data set, scaled.
    pub(super) fn read(&self, start: usize, n: usize) -> Result<Vec<f32>, Failure> {
        let mut samples = read_samples(&self.audio, start, n)?;
        samples.iter_mut().for_each(|x| *x *= self.gain);
        Ok(samples)
    }

    /// Samples at 16 kHz, scaled; silence where there are none.
    pub(super) fn read_16k(&self, start: usize, n: usize) -> Result<Vec<f32>, Failure> {
        let n_there = n.min(self.sizes.n_16k.saturating_sub(start));
        let mut samples = read_samples(&self.audio_16k, start, n_there)?;
        samples.iter_mut().for_each(|x| *x *= self.gain);
        samples.resize(n, 0.0);
        Ok(samples)
    }

    /// The peak of the scaled recording.
    pub(super) fn peak(&self) -> f32 {
        self.sizes.peak * self.gain
    }
}

fn convert(
    path: &Path,
    survey: &Survey,
    settings: &Settings,
    audio: &Path,
    audio_16k: &Path,
) -> Result<Sizes, Failure> {
    let mut reader = AudioReader::open(path, ChannelChoice::from(survey.channel))?;
    let mut resampler = Resampler::new(reader.sample_rate(), settings.sample_rate)?;
    let mut second = Resampler::new(settings.sample_rate, CREPE_RATE)?;
    let mut writer = SampleWriter::create(audio)?;
    let mut writer_16k = match audio == audio_16k {
        true => None,
        false => Some(SampleWriter::create(audio_16k)?),
    };
    let (mut block, mut converted, mut small) = (Vec::new(), Vec::new(), Vec::new());
    let mut peak = 0.0_f32;
    loop {
        let n = reader.read(&mut block)?;
        converted.clear();
        match n {
            0 => resampler.finish(&mut converted),
            _ => resampler.process(&block, &mut converted),
        }
        peak = converted.iter().fold(peak, |peak, x| peak.max(x.abs()));
        writer.write(&converted)?;
        if let Some(writer) = &mut writer_16k {
            small.clear();
            second.process(&converted, &mut small);
            if n == 0 {
                second.finish(&mut small);
            }
            writer.write(&small)?;
        }
        if n == 0 {
            break;
        }
    }
    let n_hops = writer.n_samples / settings.hop_size;
    let n_added = settings.example_hops.saturating_sub(n_hops);
    if n_added > 0 {
        let n_missing = settings.example_hops * settings.hop_size - writer.n_samples;
        writer.write(&vec![0.0; n_missing])?;
    }
    let n_16k = writer_16k.as_ref().map_or(writer.n_samples, |writer| writer.n_samples);
    writer.finish()?;
    writer_16k.map_or(Ok(()), SampleWriter::finish)?;
    Ok(Sizes { n_hops: n_hops + n_added, n_added, peak, n_16k })
}
