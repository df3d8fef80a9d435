//! What a gin file says a model is made of.

use ddsp_core::effect::CropLocation;
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::model::ProcessorConfig;
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{MfccEncoderConfig, RnnFcDecoderConfig};
use ddsp_core::synth::PhaseMode;

use super::bundle::file_name;
use super::folder::STATISTICS_NAME;
use super::gin::{Gin, Object};
use super::part::Part;
use super::processors::{read_crop, read_reverb, read_synth};
use super::wiring::read_dag;
use crate::error::{Error, Result};

/// The decoder may have so many outputs; Magenta's largest have less than a hundredth.
const MAX_OUTPUTS: usize = 1 << 16;

/// What a model is read for. The engine plays fewer models than can be trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Playing,
    Training,
}

/// What is cut off the sound, because frames were padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop {
    /// Where.
    pub location: CropLocation,
    /// How many samples; an odd number counts as one less.
    pub frame_size: usize,
}

/// A model as its gin file describes it, in the terms of the model file.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) sample_rate: u32,
    pub(super) hop_size: usize,
    pub(super) encoder: Option<MfccEncoderConfig>,
    pub(super) decoder: RnnFcDecoderConfig,
    pub(super) processors: Vec<ProcessorConfig>,
    /// What the library cuts off behind the processors, which have no place for it.
    pub(super) crop: Option<Crop>,
    /// Which column of the checkpoint's last dense layer each of our raw outputs is.
    pub(super) columns: Vec<usize>,
    /// How many columns that layer has.
    pub(super) n_columns: usize,
    /// What the part of the processor group that holds the impulse response is called.
    pub(super) reverb_name: Option<String>,
    /// Whether training took loudness from the audio, not from the data set.
    pub(super) recomputes_loudness: bool,
    /// What the library that wrote it calls loudness.
    pub(super) loudness: LoudnessConfig,
    /// What tells so.
    pub(super) loudness_from: &'static str,
    /// What the gin file says of the recordings.
    pub(super) dataset: Option<String>,
    /// Sentences for the owner.
    pub(super) notes: Vec<String>,
}

/// Reads what a gin file describes. Where it does not say which version of the library it is of, the statistics
/// beside it may.
///
/// *Errors*: the binding that cannot be imported, and what can.
pub(super) fn read_recipe(
    gin: &Gin,
    purpose: Purpose,
    older_statistics: Option<bool>,
) -> Result<Recipe> {
    let model = Part::new(gin, Object::of("get_model"), &["model"])?;
    let autoencoder = model.class("model", "Autoencoder")?;
    let known = ["preprocessor", "encoder", "decoder", "processor_group", "losses", "name"];
    let autoencoder = Part::new(gin, autoencoder, &known)?;
    let preprocessor = read_preprocessor(&autoencoder, purpose)?;
    let hears_power = preprocessor.class == POWER;
    let encoder = read_encoder(&autoencoder, purpose)?;
    let decoder = autoencoder.class("decoder", "RnnFcDecoder")?;
    let group = autoencoder.class("processor_group", "ProcessorGroup")?;

    let group = Part::new(gin, group, &["dag", "name"])?;
    let wiring = read_dag(gin, &group.need("dag")?, purpose)?;
    let exp_sigmoid =
        Part::new(gin, Object::of("exp_sigmoid"), &["exponent", "max_value", "threshold"])?;
    for (parameter, supported) in [("exponent", 10.0), ("max_value", 2.0), ("threshold", 1e-7)] {
        if exp_sigmoid.number(parameter, supported)? != supported {
            return Err(exp_sigmoid.need(parameter)?.expected(&format!("{supported}")));
        }
    }

    let (decoder, splits) = read_decoder(gin, decoder, hears_power, encoder.as_ref())?;
    let harmonic = wiring.synths.iter().find(|synth| synth.object.class == "Harmonic");
    let harmonic = harmonic.ok_or_else(|| {
        Error::checkpoint(gin.path(), "expected a Harmonic in `ProcessorGroup.dag`, found none")
    })?;
    let time = if hears_power {
        read_time_of_power(gin, &harmonic.object, preprocessor)?
    } else {
        read_time(gin, &harmonic.object, preprocessor, older_statistics)?
    };

    let (mut processors, mut columns) = (Vec::new(), Vec::new());
    for synth in &wiring.synths {
        processors.push(read_synth(gin, synth, &splits, time.n_samples, &mut columns)?);
    }
    if let Some((object, _)) = &wiring.reverb {
        processors.push(read_reverb(gin, object)?);
    }
    let mut notes: Vec<String> = Vec::new();
    if time.older {
        // Timbre transfer switched the bank's sum to chunks, which 1.x heeded.
        for processor in &mut processors {
            if let ProcessorConfig::Harmonic(harmonic) = processor {
                harmonic.phase_mode = PhaseMode::MagentaAngular;
            }
        }
    }
    notes.extend(time.disagrees.then(|| {
        format!("{STATISTICS_NAME} was written by the other version of the library: the gin file is believed")
    }));
    let unused = splits.iter().filter(|split| !columns.contains(&split.first));
    notes.extend(unused.map(|split| {
        format!("the decoder's output '{}' goes nowhere and is left out", split.name)
    }));
    let provider = Object::of("TFRecordProvider");
    let dataset = gin.get(&provider, "file_pattern")?.map(|pattern| pattern.shown());
    let n_columns = splits.iter().map(|split| split.n).sum();
    Ok(Recipe {
        sample_rate: time.sample_rate,
        hop_size: time.hop_size,
        crop: wiring.crop.map(|object| read_crop(gin, object)).transpose()?,
        encoder,
        decoder: RnnFcDecoderConfig { n_outputs: columns.len(), ..decoder },
        processors,
        columns,
        n_columns,
        reverb_name: wiring.reverb.map(|(_, name)| name),
        recomputes_loudness: time.recomputes_loudness,
        loudness_from: time.older_from,
        loudness: time.loudness,
        dataset,
        notes,
    })
}

/// The preprocessor that hears power instead of loudness.
const POWER: &str = "OnlineF0PowerPreprocessor";

fn read_preprocessor(autoencoder: &Part<'_>, purpose: Purpose) -> Result<Object> {
    let found = autoencoder.need("preprocessor")?.object()?;
    if purpose == Purpose::Training && found.class == POWER {
        return Ok(found);
    }
    autoencoder.class("preprocessor", "F0LoudnessPreprocessor")
}

fn read_encoder(autoencoder: &Part<'_>, purpose: Purpose) -> Result<Option<MfccEncoderConfig>> {
    let Some(found) = autoencoder.get("encoder")?.filter(|encoder| !encoder.is_none()) else {
        return Ok(None);
    };
    let object = found.object()?;
    if purpose == Purpose::Playing {
        let detail = format!(
            "{} cannot be imported: expected no encoder (None), because there is none here that \
             hears a z",
            object.class
        );
        return Err(found.wrong(detail));
    }
    let object = autoencoder.class("encoder", "MfccTimeDistributedRnnEncoder")?;
    let known = ["rnn_channels", "rnn_type", "z_dims", "z_time_steps", "name"];
    let part = Part::new(autoencoder.gin, object, &known)?;
    part.fixed("rnn_type", "'gru'")?;
    let size = |parameter| part.need(parameter)?.size();
    Ok(Some(MfccEncoderConfig {
        gru_units: size("rnn_channels")?,
        z_dims: size("z_dims")?,
        z_time_steps: size("z_time_steps")?,
    }))
}

/// Columns of the last dense layer that have a name.
pub(super) struct Split {
    pub(super) name: String,
    pub(super) first: usize,
    pub(super) n: usize,
}

fn read_decoder(
    gin: &Gin,
    object: Object,
    hears_power: bool,
    encoder: Option<&MfccEncoderConfig>,
) -> Result<(RnnFcDecoderConfig, Vec<Split>)> {
    let known = [
        "rnn_channels",
        "rnn_type",
        "ch",
        "layers_per_stack",
        "stateless",
        "input_keys",
        "output_splits",
        "name",
    ];
    let part = Part::new(gin, object, &known)?;
    part.fixed("rnn_type", "'gru'")?;
    part.fixed("stateless", "False")?;

    // The library's default has a z, so that leaving it out asks for one.
    let inputs = part.need("input_keys")?;
    let mut input_keys = Vec::new();
    let loudness = if hears_power { "pw_scaled" } else { "ld_scaled" };
    for key in inputs.items()? {
        let known = match key.text()? {
            "f0_scaled" => InputKey::F0Scaled,
            "z" if encoder.is_some() => InputKey::Z,
            text if text == loudness => InputKey::LoudnessScaled,
            _ => {
                let z = if encoder.is_some() { ", 'z'" } else { "" };
                return Err(key.expected(&format!("'f0_scaled' and '{loudness}'{z} only")));
            }
        };
        if input_keys.contains(&known) {
            return Err(key.wrong(format!("expected each input once, found {} twice", key.shown())));
        }
        input_keys.push(known);
    }

    let found = part.need("output_splits")?;
    let (mut splits, mut first) = (Vec::<Split>::new(), 0);
    for item in found.items()? {
        let pair = item.items()?;
        let [name, n] = &pair[..] else { return Err(item.expected("a name and a size")) };
        let (name, n) = (name.text()?.to_owned(), n.size()?);
        if n == 0 || n > MAX_OUTPUTS - first || splits.iter().any(|split| split.name == name) {
            let what = format!("distinct names and 1 to {MAX_OUTPUTS} outputs in all");
            return Err(item.expected(&what));
        }
        splits.push(Split { name, first, n });
        first += n;
    }
    let hears_z = input_keys.contains(&InputKey::Z);
    if let (Some(_), false) = (encoder, hears_z) {
        return Err(inputs.expected("'z' among them, as there is an `Autoencoder.encoder`"));
    }
    let config = RnnFcDecoderConfig {
        input_keys,
        channels: part.size("ch", 512)?,
        gru_units: part.size("rnn_channels", 512)?,
        layers_per_stack: part.size("layers_per_stack", 3)?,
        n_outputs: first,
        z_dims: encoder.map_or(0, |encoder| encoder.z_dims),
    };
    Ok((config, splits))
}

/// How time passes in the model.
struct Time {
    sample_rate: u32,
    hop_size: usize,
    n_samples: usize,
    recomputes_loudness: bool,
    loudness: LoudnessConfig,
    /// Whether it was written before 3.x, what tells so, and whether something else says otherwise.
    older: bool,
    older_from: &'static str,
    disagrees: bool,
}

fn read_time(
    gin: &Gin,
    harmonic: &Object,
    preprocessor: Object,
    older_statistics: Option<bool>,
) -> Result<Time> {
    let known = ["time_steps", "frame_rate", "sample_rate", "compute_loudness"];
    let preprocessor = Part::new(gin, preprocessor, &known)?;
    let told = is_older(&preprocessor)?;
    // What the statistics show of 1.x is sure; that they show nothing of it is not.
    let disagrees = told == Some(false) && older_statistics == Some(true);
    let (older, older_from) = match (told, older_statistics) {
        (Some(true), _) => (true, "the operative config has no `compute_loudness`, as 1.x"),
        (Some(false), _) => (false, "the gin file names `compute_loudness`, as 3.x"),
        (None, Some(true)) => {
            (true, "the statistics are of 1.x, by their writer or by a loudness below -80 dB")
        }
        (None, Some(false)) => {
            (false, "the statistics name `ddsp.training.postprocessing`, as 3.x")
        }
        (None, None) => (false, "nothing tells, so that of 3.x"),
    };
    let harmonic = Part { gin, object: harmonic.clone() };
    let (n_samples, time_steps) =
        (harmonic.size("n_samples", 64_000)?, preprocessor.size("time_steps", 1000)?);
    let sample_rate = harmonic.size("sample_rate", 16_000)?;
    let hop_size = n_samples.checked_div(time_steps).unwrap_or(0);
    let refused = |detail: String| Err(Error::checkpoint(gin.path(), detail));
    if hop_size == 0 || hop_size * time_steps != n_samples {
        return refused(format!(
            "expected `Harmonic.n_samples` to be a multiple of `F0LoudnessPreprocessor.time_steps`, \
             found {n_samples} and {time_steps}"
        ));
    }
    let heard_at = preprocessor.size("sample_rate", 16_000)?;
    if heard_at != sample_rate {
        return refused(format!(
            "expected `F0LoudnessPreprocessor.sample_rate` to be `Harmonic.sample_rate`, found \
             {heard_at} and {sample_rate}: loudness was taken at a wrong rate"
        ));
    }
    let frame_rate = preprocessor.size("frame_rate", 250)?;
    if frame_rate.checked_mul(hop_size) != Some(sample_rate) {
        return refused(format!(
            "expected {sample_rate} Hz in frames of {hop_size} samples to be \
             `F0LoudnessPreprocessor.frame_rate`, found {frame_rate}"
        ));
    }
    let recomputes_loudness = preprocessor.flag("compute_loudness", !older)?;
    let sample_rate = u32::try_from(sample_rate).map_err(|_| {
        Error::checkpoint(gin.path(), "expected a `Harmonic.sample_rate` below 2^32")
    })?;
    let loudness = if older { LoudnessConfig::magenta_1() } else { LoudnessConfig::magenta_3() };
    Ok(Time {
        sample_rate,
        hop_size,
        n_samples,
        recomputes_loudness,
        loudness,
        older,
        older_from,
        disagrees,
    })
}

fn read_time_of_power(gin: &Gin, harmonic: &Object, preprocessor: Object) -> Result<Time> {
    let known = [
        "frame_rate",
        "frame_size",
        "padding",
        "compute_power",
        "compute_f0",
        "crepe_saved_model_path",
        "viterbi",
    ];
    let preprocessor = Part::new(gin, preprocessor, &known)?;
    preprocessor.fixed("padding", "'center'")?;
    preprocessor.fixed("compute_f0", "False")?;
    let harmonic = Part { gin, object: harmonic.clone() };
    let n_samples = harmonic.size("n_samples", 64_000)?;
    let sample_rate = harmonic.size("sample_rate", 16_000)?;
    let frame_rate = preprocessor.size("frame_rate", 250)?;
    let hop_size = sample_rate.checked_div(frame_rate).unwrap_or(0);
    if hop_size == 0 || hop_size * frame_rate != sample_rate || n_samples % hop_size != 0 {
        let detail = format!(
            "expected `Harmonic.n_samples` to be whole frames of `{POWER}.frame_rate`, found \
             {n_samples} samples at {sample_rate} Hz and {frame_rate} frames a second"
        );
        return Err(Error::checkpoint(gin.path(), detail));
    }
    let frame_size = preprocessor.size("frame_size", 1024)?;
    let sample_rate = u32::try_from(sample_rate).map_err(|_| {
        Error::checkpoint(gin.path(), "expected a `Harmonic.sample_rate` below 2^32")
    })?;
    Ok(Time {
        sample_rate,
        hop_size,
        n_samples,
        recomputes_loudness: preprocessor.flag("compute_power", true)?,
        loudness: LoudnessConfig::Power { frame_size, range_db: 80.0, ref_db: 0.0 },
        older: false,
        older_from: "the preprocessor hears power",
        disagrees: false,
    })
}

/// Whether a library older than 3.x wrote the gin file, if it tells. An operative config lists every parameter of a
/// class that was used, so that one without the parameters of 3.x is older.
fn is_older(preprocessor: &Part<'_>) -> Result<Option<bool>> {
    if preprocessor.get("compute_loudness")?.is_some() {
        return Ok(Some(false));
    }
    let is_operative = file_name(preprocessor.gin.path()).starts_with("operative_config");
    Ok((is_operative && preprocessor.get("time_steps")?.is_some()).then_some(true))
}
