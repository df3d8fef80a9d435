//! What an instrument is made of, and what it was trained on.

use serde::{Deserialize, Serialize};

use crate::condition::DatasetStatistics;
use crate::effect::{
    ExpDecayReverbConfig, FilteredNoiseReverbConfig, ReverbConfig, exp_decay_ir, filtered_noise_ir,
    reverb_noise,
};
use crate::error::Error;
use crate::feature::loudness::LoudnessConfig;
use crate::model::Weights;
use crate::nn::rnn_fc_decoder::InputKey;
use crate::nn::{MfccEncoderConfig, RnnFcDecoderConfig};
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
    /// Audio to the timbre code z, for a decoder that listens to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderConfig>,
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

/// The kinds of encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EncoderConfig {
    /// [`crate::nn::MfccEncoder`].
    MfccRnn(MfccEncoderConfig),
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
    /// [`crate::effect::Reverb`] with [`exp_decay_ir`].
    ExpDecayReverb(ExpDecayReverbConfig),
    /// [`crate::effect::Reverb`] with [`filtered_noise_ir`].
    FilteredNoiseReverb(FilteredNoiseReverbConfig),
}

impl ProcessorConfig {
    /// The raw outputs of the decoder that this takes.
    fn n_raw(&self) -> usize {
        match self {
            Self::Harmonic(config) => config.n_harmonics.saturating_add(1),
            Self::FilteredNoise(config) => config.n_noise_bands,
            Self::Reverb(_) | Self::ExpDecayReverb(_) | Self::FilteredNoiseReverb(_) => 0,
        }
    }

    /// The length in samples of an effect's impulse response; none of a synthesizer.
    pub fn ir_size(&self) -> Option<usize> {
        match self {
            Self::Harmonic(_) | Self::FilteredNoise(_) => None,
            Self::Reverb(c) => Some(c.ir_size),
            Self::ExpDecayReverb(c) => Some(c.ir_size),
            Self::FilteredNoiseReverb(c) => Some(c.ir_size),
        }
    }

    /// The name and shape of every weight that this takes.
    pub fn weight_shapes(&self) -> Vec<(String, Vec<usize>)> {
        match self {
            Self::Harmonic(_) | Self::FilteredNoise(_) => Vec::new(),
            Self::Reverb(c) => vec![("reverb/ir".to_owned(), vec![c.ir_size])],
            Self::ExpDecayReverb(_) => {
                ["reverb/gain", "reverb/decay"].map(|name| (name.to_owned(), vec![1])).into()
            }
            Self::FilteredNoiseReverb(c) => {
                vec![("reverb/magnitudes".to_owned(), vec![c.n_frames, c.n_noise_bands])]
            }
        }
    }

    /// The impulse response of an effect, and how it is used; none of a synthesizer. It takes the weights.
    ///
    /// *Errors*: a weight is missing or has another shape.
    pub fn take_reverb(
        &self,
        weights: &mut Weights,
    ) -> Result<Option<(ReverbConfig, Vec<f32>)>, Error> {
        let (add_dry, ir) = match self {
            Self::Harmonic(_) | Self::FilteredNoise(_) => return Ok(None),
            Self::Reverb(c) => (c.add_dry, weights.take("reverb/ir", &[c.ir_size])?),
            Self::ExpDecayReverb(c) => {
                let gain = weights.take("reverb/gain", &[1])?[0];
                let decay = weights.take("reverb/decay", &[1])?[0];
                (c.add_dry, exp_decay_ir(&reverb_noise(c.ir_size), gain, decay))
            }
            Self::FilteredNoiseReverb(c) => {
                let magnitudes: Vec<f32> =
                    weights.take("reverb/magnitudes", &[c.n_frames, c.n_noise_bands])?;
                (c.add_dry, filtered_noise_ir(c, &magnitudes, &reverb_noise(c.ir_size))?)
            }
        };
        Ok(Some((ReverbConfig { ir_size: ir.len(), add_dry }, ir)))
    }
}

impl ModelConfig {
    /// The name and shape of every weight of such a model.
    pub fn weight_shapes(&self) -> Vec<(String, Vec<usize>)> {
        let DecoderConfig::RnnFc(decoder) = &self.decoder;
        let mut shapes = match &self.encoder {
            Some(EncoderConfig::MfccRnn(encoder)) => encoder.weight_shapes(),
            None => Vec::new(),
        };
        shapes.extend(decoder.weight_shapes());
        shapes.extend(self.processors.iter().flat_map(ProcessorConfig::weight_shapes));
        shapes
    }

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
        let hears_z = decoder.input_keys.contains(&InputKey::Z);
        match &self.encoder {
            Some(EncoderConfig::MfccRnn(c)) => {
                check("encoder.gru_units", c.gru_units, 1, 8_192)?;
                check("encoder.z_dims", c.z_dims, 1, 8_192)?;
                check("decoder.z_dims", decoder.z_dims, c.z_dims, c.z_dims)?;
                if c.stft().is_none() || !hears_z {
                    let detail = format!(
                        "expected z_time_steps of 63, 125, 250, 500 or 1000 and `z` among decoder.input_keys, found \
                         {} and {:?}",
                        c.z_time_steps, decoder.input_keys
                    );
                    return Err(Error::model("encoder", detail));
                }
            }
            None if hears_z => {
                let detail = "expected one for the decoder's input `z`, found none".to_owned();
                return Err(Error::model("encoder", detail));
            }
            None => check("decoder.z_dims", decoder.z_dims, 0, 0)?,
        }
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
                ProcessorConfig::ExpDecayReverb(c) => {
                    check("reverb.ir_size", c.ir_size, 1, 60 * self.sample_rate as usize)?;
                }
                ProcessorConfig::FilteredNoiseReverb(c) => {
                    check("reverb.ir_size", c.ir_size, 1, 60 * self.sample_rate as usize)?;
                    check("reverb.n_frames", c.n_frames, 1, c.ir_size)?;
                    check("reverb.n_noise_bands", c.n_noise_bands, 3, 16_385)?;
                    if !(-100.0..=100.0).contains(&c.initial_bias) {
                        let detail = format!("expected -100 to 100, found {}", c.initial_bias);
                        return Err(Error::model("reverb.initial_bias", detail));
                    }
                    if c.window_size != 0 {
                        check("reverb.window_size", c.window_size, 3, usize::MAX)?;
                    }
                    let frame_size = c.ir_size.div_ceil(c.n_frames);
                    let n_frames = c.ir_size.div_ceil(frame_size);
                    check("reverb.n_frames", c.n_frames, n_frames, n_frames)?;
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
