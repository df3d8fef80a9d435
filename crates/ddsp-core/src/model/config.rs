//! What an instrument is made of, and what it was trained on.

use serde::{Deserialize, Serialize};

use crate::condition::DatasetStatistics;
use crate::effect::ReverbConfig;
use crate::error::Error;
use crate::feature::loudness::LoudnessConfig;
use crate::nn::RnnFcDecoderConfig;
use crate::synth::{FilteredNoiseConfig, HarmonicConfig};

/// The version of the model file that this crate writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// The description of an instrument: the metadata of a model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// [`FORMAT_VERSION`] of the file.
    pub format_version: u32,
    /// A short name, as `alto_sax`.
    pub name: String,
    /// One sentence for a musician.
    pub description: String,
    /// SPDX expression of the licence of the weights.
    pub licence: String,
    /// Samples a second of the sound.
    pub sample_rate: u32,
    /// Samples of a frame.
    pub hop_size: usize,
    /// The peak to which the training recordings were scaled, in (0, 1]; none if they were left as they
    /// were, and then so is what is played.
    pub input_peak: Option<f32>,
    /// The f0 that the model was trained with.
    pub f0: F0Description,
    /// The loudness that the model was trained with.
    pub loudness: LoudnessConfig,
    /// Conditioned features to raw outputs.
    pub decoder: DecoderConfig,
    /// Raw outputs to sound: synthesizers are added up, then effects follow in order.
    pub processors: Vec<ProcessorConfig>,
    /// Statistics of the training features.
    pub dataset_statistics: Option<DatasetStatistics>,
    /// Where the model comes from.
    pub provenance: Provenance,
}

/// The f0 that a model was trained with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct F0Description {
    /// The tracker's name, as `autocorrelation` or `crepe_full`.
    pub tracker: String,
    /// Which implementation and settings, for people.
    pub detail: String,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The recordings it was trained on, with their licence.
    pub dataset: String,
    /// How it was trained.
    pub training: String,
}

/// The kinds of decoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DecoderConfig {
    /// [`crate::nn::RnnFcDecoder`].
    RnnFc(RnnFcDecoderConfig),
}

/// The kinds of synthesizer and effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ProcessorConfig {
    /// [`crate::synth::Harmonic`].
    Harmonic(HarmonicConfig),
    /// [`crate::synth::FilteredNoise`].
    FilteredNoise(FilteredNoiseConfig),
    /// [`crate::effect::Reverb`].
    Reverb(ReverbConfig),
}

impl ProcessorConfig {
    /// The raw outputs of the decoder that this takes.
    fn n_raw(&self) -> usize {
        match self {
            Self::Harmonic(config) => config.n_harmonics.saturating_add(1),
            Self::FilteredNoise(config) => config.n_noise_bands,
            Self::Reverb(_) => 0,
        }
    }
}

impl ModelConfig {
    /// Frames a second.
    pub fn frame_rate(&self) -> f64 {
        f64::from(self.sample_rate) / self.hop_size as f64
    }

    /// Checks every number, so that what is built from this can neither fail nor grow out of reason.
    ///
    /// *Errors*: the first field that is out of range, with what was expected and found.
    pub fn validate(&self) -> Result<(), Error> {
        check("format_version", self.format_version as usize, 1, FORMAT_VERSION as usize)?;
        check("sample_rate", self.sample_rate as usize, 4_000, 384_000)?;
        check("hop_size", self.hop_size, 4, 16_384)?;
        if let Some(peak) = self.input_peak
            && !(peak > 0.0 && peak <= 1.0)
        {
            let detail = format!("expected more than 0 and at most 1, found {peak}");
            return Err(Error::model("input_peak", detail));
        }
        self.loudness.validate()?;
        if let Some(statistics) = &self.dataset_statistics {
            statistics.validate()?;
            let (found, expected) = (statistics.frame_rate, self.frame_rate());
            if (found - expected).abs() > 1e-6 * expected {
                let detail = format!("expected that of the model, {expected}, found {found}");
                return Err(Error::model("dataset_statistics.frame_rate", detail));
            }
        }
        let DecoderConfig::RnnFc(decoder) = &self.decoder;
        check("decoder.input_keys", decoder.input_keys.len(), 1, 16)?;
        check("decoder.channels", decoder.channels, 1, 8_192)?;
        check("decoder.gru_units", decoder.gru_units, 1, 8_192)?;
        check("decoder.layers_per_stack", decoder.layers_per_stack, 1, 16)?;
        check("processors", self.processors.len(), 1, 16)?;
        let mut n_raw: usize = 0;
        for processor in &self.processors {
            match processor {
                ProcessorConfig::Harmonic(c) => {
                    check("harmonic.n_harmonics", c.n_harmonics, 1, 4_096)?;
                }
                ProcessorConfig::FilteredNoise(c) => {
                    check("filtered_noise.n_noise_bands", c.n_noise_bands, 3, 16_385)?;
                    if !(-100.0..=100.0).contains(&c.initial_bias) {
                        let detail = format!("expected -100 to 100, found {}", c.initial_bias);
                        return Err(Error::model("filtered_noise.initial_bias", detail));
                    }
                    // A window of two samples or less is zero at its only taps.
                    if c.window_size != 0 {
                        check("filtered_noise.window_size", c.window_size, 3, usize::MAX)?;
                    }
                }
                ProcessorConfig::Reverb(c) => {
                    check("reverb.ir_size", c.ir_size, 1, 60 * self.sample_rate as usize)?;
                }
            }
            n_raw += processor.n_raw();
        }
        check("decoder.n_outputs", decoder.n_outputs, n_raw.max(1), n_raw)
    }
}

/// Whether a size is within its bounds.
fn check(what: &str, found: usize, least: usize, most: usize) -> Result<(), Error> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    let expected = if least >= most { format!("{most}") } else { format!("{least} to {most}") };
    Err(Error::model(what, format!("expected {expected}, found {found}")))
}
