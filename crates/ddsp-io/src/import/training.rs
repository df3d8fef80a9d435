//! What a gin file says of training.

use std::path::Path;

use ddsp_core::model::ModelConfig;

use super::bundle::file_name;
use super::folder::find_gin;
use super::gin::{Found, Gin, Object};
use super::magenta::config;
use super::part::Part;
use super::recipe::{Crop, Purpose, read_recipe};
use crate::error::{Error, Result};

/// Windows of a spectral loss: no more of them, and none longer.
const MAX_FFT_SIZES: usize = 32;
const MAX_FFT_SIZE: usize = 1 << 16;
/// Clips of a batch: no more than this.
const MAX_BATCH: usize = 1 << 16;

/// How Magenta's library would train: what its gin file binds. What is `None` is not bound there; the library's own defaults for it are
/// those of its `optimization/base.gin`, which a run includes unless told otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingRecipe {
    /// The model, if the file describes one.
    pub model: Option<ModelConfig>,
    /// What is cut off the model's sound before it is compared.
    pub crop: Option<Crop>,
    /// Whether loudness or power is taken from the audio, whatever the data set says; as the model does.
    pub recomputes_loudness: Option<bool>,
    /// What is compared, if the file describes a model.
    pub spectral_loss: Option<SpectralLossRecipe>,
    /// The size of a step at the beginning.
    pub learning_rate: Option<f64>,
    /// After how many steps it has been multiplied once by [`Self::lr_decay_rate`]; it shrinks at every step.
    pub lr_decay_steps: Option<f64>,
    /// What the learning rate is multiplied by.
    pub lr_decay_rate: Option<f64>,
    /// The largest norm of the whole gradient.
    pub gradient_clip_norm: Option<f64>,
    /// Clips of a step.
    pub batch_size: Option<usize>,
    /// Steps in all.
    pub n_steps: Option<u64>,
    /// Steps between two reports.
    pub steps_per_summary: Option<u64>,
    /// Steps between two checkpoints.
    pub steps_per_save: Option<u64>,
    /// How many checkpoints stay.
    pub checkpoints_to_keep: Option<usize>,
    /// Where the data set lies.
    pub file_pattern: Option<String>,
    /// Samples a second of the data set.
    pub sample_rate: Option<u32>,
    /// Frames a second of the data set.
    pub frame_rate: Option<f64>,
    /// Seconds of a clip.
    pub example_secs: Option<f64>,
    /// Whether the data set's frames are centred, one more than else.
    pub centered: Option<bool>,
}

/// A spectral loss, with the library's defaults for what is not bound.
#[derive(Debug, Clone, PartialEq)]
pub struct SpectralLossRecipe {
    /// Window sizes of the spectrograms.
    pub fft_sizes: Vec<usize>,
    /// How spectrograms are compared.
    pub loss_type: LossType,
    /// Weight of the magnitudes.
    pub mag_weight: f64,
    /// Weight of their changes from frame to frame.
    pub delta_time_weight: f64,
    /// Weight of their changes from bin to bin.
    pub delta_freq_weight: f64,
    /// Weight of their sums up to each bin.
    pub cumsum_freq_weight: f64,
    /// Weight of their logarithms.
    pub logmag_weight: f64,
    /// Weight of loudness in dB.
    pub loudness_weight: f64,
}

/// How spectrograms are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossType {
    /// The mean of the difference's absolute values.
    L1,
    /// The mean of its squares.
    L2,
    /// One less the mean product.
    Cosine,
}

/// Reads a gin file of training: one of the library's own, with the files beside it that it includes, an `operative_config-N.gin`, or
/// the folder of one.
///
/// *Errors*: the file cannot be read; it describes a model that cannot be trained here; a binding would change training and is not
/// known here, which names it.
pub fn training_recipe(path: &Path) -> Result<TrainingRecipe> {
    let gin = Gin::read(&find_gin(path)?)?;
    refuse_unknown(&gin)?;
    let recipe = match gin.get(&Object::of("get_model"), "model")? {
        Some(_) => Some(read_recipe(&gin, Purpose::Training, None)?),
        None => None,
    };
    let model = match &recipe {
        Some(recipe) => {
            let model = config(recipe, &name_of(gin.path()));
            model.validate().map_err(|e| Error::checkpoint(gin.path(), e.to_string()))?;
            Some(model)
        }
        None => None,
    };
    let spectral_loss = recipe.as_ref().map(|_| read_losses(&gin)).transpose()?;
    let trainer = Part::new(&gin, Object::of("Trainer"), TRAINER)?;
    trainer.fixed("restore_keys", "None")?;
    let train = Part::new(&gin, Object::of("train"), TRAIN)?;
    train.fixed("early_stop_loss_value", "None")?;
    let provider = read_provider(&train)?;
    let rate = |found: &Found<'_>| -> Result<u32> {
        let rate = found.size()?;
        u32::try_from(rate)
            .ok()
            .filter(|rate| *rate > 0)
            .ok_or_else(|| found.expected("a rate in Hz"))
    };
    let sample_rate = provider.get("sample_rate")?.map(|found| rate(&found)).transpose()?;
    Ok(TrainingRecipe {
        crop: recipe.as_ref().and_then(|recipe| recipe.crop),
        recomputes_loudness: recipe.as_ref().map(|recipe| recipe.recomputes_loudness),
        model,
        spectral_loss,
        learning_rate: positive(&trainer, "learning_rate")?,
        lr_decay_steps: positive(&trainer, "lr_decay_steps")?,
        lr_decay_rate: positive(&trainer, "lr_decay_rate")?,
        gradient_clip_norm: positive(&trainer, "grad_clip_norm")?,
        batch_size: count(&train, "batch_size", MAX_BATCH)?,
        n_steps: count(&train, "num_steps", usize::MAX)?.map(|n| n as u64),
        steps_per_summary: count(&train, "steps_per_summary", usize::MAX)?.map(|n| n as u64),
        steps_per_save: count(&train, "steps_per_save", usize::MAX)?.map(|n| n as u64),
        checkpoints_to_keep: count(&trainer, "checkpoints_to_keep", usize::MAX)?,
        file_pattern: match provider.get("file_pattern")?.filter(|found| !found.is_none()) {
            Some(found) => Some(found.text()?.to_owned()),
            None => None,
        },
        sample_rate,
        frame_rate: positive(&provider, "frame_rate")?,
        example_secs: positive(&provider, "example_secs")?,
        centered: provider.get("centered")?.map(|found| found.flag()).transpose()?,
    })
}

const TRAINER: &[&str] = &[
    "learning_rate",
    "lr_decay_steps",
    "lr_decay_rate",
    "grad_clip_norm",
    "checkpoints_to_keep",
    "restore_keys",
    "name",
];

const TRAIN: &[&str] = &[
    "data_provider",
    "batch_size",
    "num_steps",
    "steps_per_summary",
    "steps_per_save",
    "early_stop_loss_value",
    // Where files go, and who is told.
    "save_dir",
    "restore_dir",
    "report_loss_to_hypertune",
];

/// Classes and functions whose parameters are read, here or with the model.
const READ: &[&str] = &[
    "get_model",
    "Autoencoder",
    "F0LoudnessPreprocessor",
    "OnlineF0PowerPreprocessor",
    "MfccTimeDistributedRnnEncoder",
    "RnnFcDecoder",
    "ProcessorGroup",
    "Harmonic",
    "FilteredNoise",
    "Reverb",
    "FilteredNoiseReverb",
    "Crop",
    "exp_sigmoid",
    "SpectralLoss",
    "Trainer",
    "train",
    "TFRecordProvider",
];

/// Those whose parameters leave training as it is: a name, other programs, what is printed.
const HARMLESS: &[(&str, &[&str])] = &[
    ("Add", &["name"]),
    ("run_dag", &["verbose"]),
    ("get_trainer_class", &[]),
    ("evaluate", EVERY),
    ("sample", EVERY),
    ("oscillator_bank", &["sum_sinusoids", "use_angular_cumsum"]),
];

/// Every parameter.
const EVERY: &[&str] = &["*"];

/// Refuses bindings of what is not known here. A class that some value of the file mentions is refused where it is used, and is no matter
/// where it is not: a file that includes another often leaves parts of that one unused.
fn refuse_unknown(gin: &Gin) -> Result<()> {
    for (class, parameter) in gin.bound() {
        if let Some((_, parameters)) = HARMLESS.iter().find(|(known, _)| *known == class) {
            if *parameters != EVERY {
                Part::new(gin, Object::of(class), parameters)?;
            }
        } else if !READ.contains(&class) && !gin.mentions(class) {
            let detail = format!(
                "`{class}.{parameter}` is not known here and may change training: take it out of the \
                 file to train without it"
            );
            return Err(gin.get(&Object::of(class), parameter)?.map_or_else(
                || Error::checkpoint(gin.path(), detail.clone()),
                |found| found.wrong(&detail),
            ));
        }
    }
    // Of the sum of phases Harmonic has a say of its own in 3.x; of sinusoids only the sum is heard.
    let bank = Part { gin, object: Object::of("oscillator_bank") };
    bank.fixed("sum_sinusoids", "True")?;
    bank.fixed("use_angular_cumsum", "False")
}

/// The provider of the data set, whose parameters count although nothing else is bound.
fn read_provider<'a>(train: &Part<'a>) -> Result<Part<'a>> {
    let known = ["file_pattern", "example_secs", "sample_rate", "frame_rate", "centered", "name"];
    let object = match train.get("data_provider")? {
        Some(_) => train.class("data_provider", "TFRecordProvider")?,
        None => Object::of("TFRecordProvider"),
    };
    Part::new(train.gin, object, &known)
}

fn read_losses(gin: &Gin) -> Result<SpectralLossRecipe> {
    let model = Part { gin, object: Object::of("get_model") };
    let autoencoder = Part { gin, object: model.class("model", "Autoencoder")? };
    let losses = autoencoder.need("losses")?;
    let items = losses.items()?;
    let [loss] = &items[..] else {
        return Err(losses.expected("one loss, @losses.SpectralLoss()"));
    };
    let object = loss.object()?;
    if object.class != "SpectralLoss" {
        let detail = format!("{} cannot be imported: expected SpectralLoss only", object.class);
        return Err(loss.wrong(detail));
    }
    let known = [
        "fft_sizes",
        "loss_type",
        "mag_weight",
        "delta_time_weight",
        "delta_freq_weight",
        "cumsum_freq_weight",
        "logmag_weight",
        "loudness_weight",
        "name",
    ];
    let part = Part::new(gin, object, &known)?;
    let fft_sizes = match part.get("fft_sizes")? {
        None => vec![2048, 1024, 512, 256, 128, 64],
        Some(found) => {
            let sizes: Vec<usize> =
                found.items()?.iter().map(|size| size.size()).collect::<Result<_>>()?;
            let fits = |size: &usize| (4..=MAX_FFT_SIZE).contains(size);
            if sizes.is_empty() || sizes.len() > MAX_FFT_SIZES || !sizes.iter().all(fits) {
                let what = format!("1 to {MAX_FFT_SIZES} sizes of 4 to {MAX_FFT_SIZE}");
                return Err(found.expected(&what));
            }
            sizes
        }
    };
    let loss_type = match part.get("loss_type")? {
        None => LossType::L1,
        Some(found) => match found.text()? {
            text if text.eq_ignore_ascii_case("L1") => LossType::L1,
            text if text.eq_ignore_ascii_case("L2") => LossType::L2,
            text if text.eq_ignore_ascii_case("COSINE") => LossType::Cosine,
            _ => return Err(found.expected("'L1', 'L2' or 'COSINE'")),
        },
    };
    let weight = |parameter: &str, default: f64| -> Result<f64> {
        let Some(found) = part.get(parameter)? else { return Ok(default) };
        let weight = found.number()?;
        if weight.is_finite() && weight >= 0.0 {
            Ok(weight)
        } else {
            Err(found.expected("a weight from 0 on"))
        }
    };
    Ok(SpectralLossRecipe {
        fft_sizes,
        loss_type,
        mag_weight: weight("mag_weight", 1.0)?,
        delta_time_weight: weight("delta_time_weight", 0.0)?,
        delta_freq_weight: weight("delta_freq_weight", 0.0)?,
        cumsum_freq_weight: weight("cumsum_freq_weight", 0.0)?,
        logmag_weight: weight("logmag_weight", 0.0)?,
        loudness_weight: weight("loudness_weight", 0.0)?,
    })
}

/// A number above 0, if it is bound.
fn positive(part: &Part<'_>, parameter: &str) -> Result<Option<f64>> {
    let Some(found) = part.get(parameter)? else { return Ok(None) };
    let number = found.number()?;
    if number.is_finite() && number > 0.0 {
        return Ok(Some(number));
    }
    Err(found.expected("a number above 0"))
}

/// A count from 1 on, if it is bound.
fn count(part: &Part<'_>, parameter: &str, most: usize) -> Result<Option<usize>> {
    let Some(found) = part.get(parameter)? else { return Ok(None) };
    let n = found.size()?;
    if (1..=most).contains(&n) {
        return Ok(Some(n));
    }
    let most = if most == usize::MAX { "on".to_owned() } else { format!("to {most}") };
    Err(found.expected(&format!("a whole number from 1 {most}")))
}

/// The gin file's name without its ending, as a short name.
fn name_of(path: &Path) -> String {
    let name = file_name(path);
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = name.trim_end_matches(".gin").chars().map(safe).take(64).collect();
    if name.trim_matches('_').is_empty() { "imported".to_owned() } else { name }
}
