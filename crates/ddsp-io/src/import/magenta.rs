//! A folder of Magenta's to a model.

use std::path::{Path, PathBuf};

use ddsp_core::condition::DatasetStatistics;
use ddsp_core::model::{
    DecoderConfig, EncoderConfig, F0Description, FORMAT_VERSION, Model, ModelConfig, Precision,
    Provenance, Weights,
};

use super::bundle::{Bundle, file_name};
use super::folder::{Choice, Folder, step};
use super::gin::Gin;
use super::object_graph::{OBJECT_GRAPH_NAME, ObjectGraph};
use super::recipe::{Purpose, Recipe, read_recipe};
use super::statistics;
use super::variables::{Match, Slot, find_variables};
use crate::error::{Error, Result};

/// A name longer than this is cut.
const MAX_NAME_CHARS: usize = 64;

/// What was imported, and how.
#[derive(Debug)]
pub struct Imported {
    /// The instrument, its weights in f32.
    pub model: Model,
    /// What was taken and what was left.
    pub report: Report,
    /// What Adam had gathered, for whoever trains on; [`read_slot`](Self::read_slot) reads one.
    pub slots: Vec<Slot>,
    /// What the optimizer counts.
    pub(super) n_iterations: Option<u64>,
    bundle: Bundle,
    recipe: Recipe,
}

/// What was taken from a folder and what was left.
#[derive(Debug, Clone)]
pub struct Report {
    /// The gin file.
    pub gin: PathBuf,
    /// The checkpoint's index.
    pub index: PathBuf,
    /// Why this checkpoint.
    pub choice: Choice,
    /// The folder's other checkpoints, as `ckpt-100`.
    pub others: Vec<String>,
    /// The steps of training, if the checkpoint counts them.
    pub n_steps: Option<u64>,
    /// The variables that became weights.
    pub n_matched: usize,
    /// The names of tensors that the model has no place for.
    pub unmatched: Vec<String>,
    /// The statistics of the data set, if they could be read.
    pub statistics: Option<PathBuf>,
    /// What tells which loudness the model wants.
    pub loudness_from: &'static str,
    /// Whether training took loudness from the audio, whatever the data set said.
    pub recomputes_loudness: bool,
    /// What else its owner should know.
    pub notes: Vec<String>,
}

/// Imports a checkpoint of Magenta's library, 3.x or 1.x.
///
/// `path` is its folder, its gin file or its index. In a folder of several checkpoints the one that
/// the file `checkpoint` names is taken, or else that of the highest step.
///
/// *Errors*: something is missing or damaged, or the gin file describes a model that the model file
/// has no place for; the message names the file and the binding or tensor.
pub fn import(path: &Path) -> Result<Imported> {
    import_for(path, Purpose::Playing)
}

/// Imports a checkpoint to train it further: as [`import`], and models that the engine does not play as the library does, with an encoder,
/// of power instead of loudness, with a `FilteredNoiseReverb`.
///
/// What a `Crop` cuts off is no part of a model: [`training_recipe`](super::training_recipe) tells.
///
/// *Errors*: those of [`import`].
pub fn import_to_train(path: &Path) -> Result<Imported> {
    import_for(path, Purpose::Training)
}

fn import_for(path: &Path, purpose: Purpose) -> Result<Imported> {
    let Folder { gin, index, choice, others, statistics } = Folder::find(path)?;
    let bundle = Bundle::open(&index)?;
    let gin = Gin::read(&gin)?;
    let mut notes = Vec::new();
    // Their frame rate is the model's, which is known further down.
    let statistics = match statistics.map(|path| (statistics::read(&path, 0.0), path)) {
        None => None,
        Some((Ok(read), path)) => Some((read, path)),
        Some((Err(e), _)) => {
            notes.push(format!("no auto adjust: {e}"));
            None
        }
    };
    let older = statistics.as_ref().map(|(read, _)| read.are_older);
    let recipe = read_recipe(&gin, purpose, older)?;
    notes.extend(recipe.notes.iter().cloned());
    let damaged = |detail: String| Error::checkpoint(&index, detail);
    let graph = ObjectGraph::read(&bundle.read_text(OBJECT_GRAPH_NAME)?).map_err(damaged)?;
    let variables = find_variables(&bundle, &graph, &recipe).map_err(damaged)?;

    let mut weights = Weights::default();
    for found in &variables.matches {
        let (shape, values) = read_weight(&bundle, &gin, &recipe, found)?;
        weights.insert(found.weight.clone(), shape, values);
    }
    let n_iterations = match &variables.step_key {
        Some(key) => u64::try_from(bundle.read_i64(key)?).ok(),
        None => None,
    };
    let n_steps = match &variables.step_key {
        Some(_) => n_iterations,
        None => step(&file_name(&index)).0,
    };
    let mut config = config(&recipe, &name_of(&index));
    config.description = "imported from a Magenta checkpoint; licence not stated".to_owned();
    config.provenance.training = training(n_steps, &index);
    let (statistics, path) = statistics.map(|(read, path)| (read.statistics, path)).unzip();
    config.dataset_statistics =
        statistics.map(|read| DatasetStatistics { frame_rate: config.frame_rate(), ..read });
    let model = Model::new(config, weights, Precision::F32);
    let model = model.map_err(|e| Error::checkpoint(gin.path(), e.to_string()))?;
    let report = Report {
        gin: gin.path().to_owned(),
        index: index.clone(),
        choice,
        others,
        n_steps,
        n_matched: variables.matches.len(),
        unmatched: variables.unmatched,
        statistics: path,
        loudness_from: recipe.loudness_from,
        recomputes_loudness: recipe.recomputes_loudness,
        notes,
    };
    Ok(Imported { model, report, slots: variables.slots, n_iterations, bundle, recipe })
}

impl Imported {
    /// The values of a slot, in the order of the model's weight if it belongs to one.
    ///
    /// *Errors*: the data file is damaged.
    pub fn read_slot(&self, slot: &Slot) -> Result<Vec<f32>> {
        let values = self.bundle.read_f32(&slot.key)?;
        Ok(match &slot.weight {
            Some(weight) => ordered(weight, values, &self.recipe),
            None => values,
        })
    }

    /// The checkpoint itself.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }
}

/// Shape and values of a weight as the model has them.
fn read_weight(
    bundle: &Bundle,
    gin: &Gin,
    recipe: &Recipe,
    found: &Match,
) -> Result<(Vec<usize>, Vec<f32>)> {
    let Match { weight, key, shape } = found;
    let entry = bundle.entry(key).ok_or_else(|| {
        Error::checkpoint(bundle.index(), format!("expected a tensor `{key}`, found none"))
    })?;
    if entry.shape != *shape {
        let detail = format!(
            "`{key}`: expected shape {shape:?}, as {} says, found {:?}: is the gin file that of \
             another model?",
            file_name(gin.path()),
            entry.shape
        );
        return Err(Error::checkpoint(bundle.index(), detail));
    }
    let mut shape = shape.clone();
    let values = ordered(weight, bundle.read_f32(key)?, recipe);
    if weight.starts_with("z_encoder/normalize/") {
        // The library normalises a picture of one pixel.
        shape.drain(..shape.len() - 1);
    }
    if let (true, Some(last)) = (has_columns(weight), shape.last_mut()) {
        *last = recipe.columns.len();
    }
    Ok((shape, values))
}

/// Whether the last dimension of a weight is the decoder's outputs.
fn has_columns(weight: &str) -> bool {
    weight.starts_with("dense_out/")
}

/// Puts the columns of the last dense layer into the order in which our processors take them.
fn ordered(weight: &str, values: Vec<f32>, recipe: &Recipe) -> Vec<f32> {
    if !has_columns(weight) {
        return values;
    }
    let rows = values.chunks_exact(recipe.n_columns.max(1));
    rows.flat_map(|row| recipe.columns.iter().map(|&column| row[column])).collect()
}

/// The folder's name as a short name that is safe in a file name.
fn name_of(index: &Path) -> String {
    let folder = index.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize().unwrap_or_default();
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = file_name(&folder).chars().map(safe).take(MAX_NAME_CHARS).collect();
    let name = name.trim_matches('_');
    if name.is_empty() { "imported".to_owned() } else { name.to_owned() }
}

fn training(n_steps: Option<u64>, index: &Path) -> String {
    let steps = n_steps.map_or("an unknown number of".to_owned(), |n| n.to_string());
    let checkpoint = file_name(index).trim_end_matches(".index").to_owned();
    format!("Magenta's DDSP library 3.x, {steps} steps ({checkpoint})")
}

/// The description of a model that nothing is known of but its recipe.
pub(super) fn config(recipe: &Recipe, name: &str) -> ModelConfig {
    let frame_rate = f64::from(recipe.sample_rate) / recipe.hop_size as f64;
    ModelConfig {
        format_version: FORMAT_VERSION,
        name: name.to_owned(),
        description: String::new(),
        licence: "not stated".to_owned(),
        sample_rate: recipe.sample_rate,
        hop_size: recipe.hop_size,
        // The library leaves the level of recordings as it is.
        input_peak: None,
        f0: F0Description {
            tracker: "crepe_full".to_owned(),
            detail: format!(
                "CREPE full with Viterbi, {frame_rate} frames/s, as the library prepares data unless \
                 told otherwise; the checkpoint does not say"
            ),
        },
        loudness: recipe.loudness.clone(),
        encoder: recipe.encoder.clone().map(EncoderConfig::MfccRnn),
        decoder: DecoderConfig::RnnFc(recipe.decoder.clone()),
        processors: recipe.processors.clone(),
        dataset_statistics: None,
        provenance: Provenance {
            dataset: match &recipe.dataset {
                Some(pattern) => format!("not stated; TFRecordProvider.file_pattern = {pattern}"),
                None => "not stated".to_owned(),
            },
            training: String::new(),
        },
    }
}
