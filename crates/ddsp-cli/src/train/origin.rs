//! What a run began with: its settings, its model, its data. The same command goes on; another one is refused.

use std::path::{Path, PathBuf};

use ddsp::train::{ModelSizes, ReverbKind, TrainConfig, describe, fit_to};
use ddsp_core::model::{Model, ModelConfig, Weights};
use ddsp_io::atomic::write_bytes;
use ddsp_io::dataset::{Dataset, DatasetInfo};
use ddsp_io::import::{AdamSlots, adam_slots, import_to_train};
use ddsp_io::run_folder::RunFolder;

use super::gin::FromGin;
use super::{model_of, named, settings};
use crate::args::TrainArgs;
use crate::failure::{Cause, Failure};
use crate::instruments;

/// Everything that a run is made from.
pub(super) struct Origin {
    pub(super) config: TrainConfig,
    pub(super) description: ModelConfig,
    pub(super) info: DatasetInfo,
    /// The folder of the data set, for people.
    pub(super) dataset: String,
    /// The weights to warm up from.
    pub(super) weights: Option<Weights>,
    /// What Adam had gathered for them.
    pub(super) slots: Option<AdamSlots>,
    pub(super) notices: Vec<String>,
}

impl Origin {
    /// What the command line asks for.
    pub(super) fn wanted(args: &TrainArgs, dataset: &Dataset) -> Result<Self, Failure> {
        let info = dataset.info().clone();
        let from = args.from.as_deref().map(load).transpose()?;
        let room_s = from.as_ref().and_then(|from| {
            let sizes = ModelSizes::of(from.model.config(), info.frame_rate);
            (sizes.reverb != ReverbKind::None).then_some(sizes.reverb_s)
        });
        let FromGin { mut config, model, mut notices } = settings::resolve(args, &info, room_s)?;
        let given = from.as_ref().map(|from| from.model.config()).or(model.as_ref());
        if let Some(given) = given {
            let asked = config.clone();
            config.model = ModelSizes::of(given, info.frame_rate);
            refuse_other_sizes(args, &config, &asked)?;
        }
        let description = match &from {
            None => match model {
                Some(model) => model,
                None => describe(&config.model).map_err(super::unusable)?,
            },
            Some(from) => {
                notices.extend(from.notice.clone());
                notices.extend(strange(&from.model, &info));
                from.model.config().clone()
            }
        };
        let description =
            fit_to(named(description, &args.output), &info).map_err(super::unusable)?;
        let (weights, slots) = match from {
            Some(from) => (Some(from.model.weights().clone()), from.slots),
            None => (None, None),
        };
        let dataset = args.dataset.display().to_string();
        Ok(Self { config, description, info, dataset, weights, slots, notices })
    }

    /// The same, if it is what the run in this folder began with; a run that has no checkpoint yet begins with it.
    pub(super) fn settled(
        wanted: Self,
        folder: &RunFolder,
        path: &Path,
        has_checkpoint: bool,
    ) -> Result<Self, Failure> {
        let file = folder.file("config.toml");
        if !has_checkpoint || !file.exists() {
            let write = |name: &str, text: String| write_bytes(&folder.file(name), text.as_bytes());
            let json = |value: serde_json::Result<String>| value.expect("it is plain JSON");
            write("dataset.json", json(serde_json::to_string_pretty(&wanted.info)))?;
            write("description.json", json(serde_json::to_string_pretty(&wanted.description)))?;
            // Last: a folder with settings has everything else.
            write("config.toml", settings::to_toml(&wanted.config))?;
            return Ok(wanted);
        }
        let other_version = |e: String| {
            let sentence = format!(
                "expected a run of this version of ddsp, found another: {e}; train anew with --restart, or go on with the version that \
                 began it"
            );
            Failure::file(Cause::Usage, path, sentence)
        };
        let text = read(&file)?;
        let before: TrainConfig =
            toml::from_str(&text).map_err(|e| other_version(e.to_string()))?;
        let differences = settings::differences(&before, &wanted.config);
        if !differences.is_empty() {
            let sentence = format!(
                "was begun with other settings: {}; give the same ones, another folder, or --restart to train anew",
                differences.join("; ")
            );
            return Err(Failure::file(Cause::Usage, path, sentence));
        }
        let json = |name: &str| read(&folder.file(name));
        let info: DatasetInfo = serde_json::from_str(&json("dataset.json")?)
            .map_err(|e| other_version(e.to_string()))?;
        // The same recordings, prepared again, are the same data set, whenever they were copied.
        let content = |info: &DatasetInfo| DatasetInfo { made_from: String::new(), ..info.clone() };
        if content(&info) != content(&wanted.info) {
            let sentence = "was begun on another data set: give the same one, another folder, or --restart to train anew";
            return Err(Failure::file(Cause::Usage, path, sentence));
        }
        let description: ModelConfig = serde_json::from_str(&json("description.json")?)
            .map_err(|e| other_version(e.to_string()))?;
        Ok(Self { description, ..wanted })
    }
}

/// A model that is given has its sizes.
fn refuse_other_sizes(
    args: &TrainArgs,
    given: &TrainConfig,
    asked: &TrainConfig,
) -> Result<(), Failure> {
    let is_set = |difference: &&String| {
        let key = difference.split(' ').next().unwrap_or_default();
        args.set.iter().any(|set| set.split('=').next().unwrap_or_default().trim() == key)
    };
    match settings::differences(given, asked).iter().find(is_set) {
        None => Ok(()),
        Some(difference) => {
            let sentence = format!(
                "--set: {difference}; the model is given, and has its sizes: leave that out"
            );
            Err(Failure::new(Cause::Usage, sentence))
        }
    }
}

/// A model to start from.
struct Start {
    model: Model,
    /// What Adam had gathered, of a checkpoint of Magenta's that has it.
    slots: Option<AdamSlots>,
    /// Why it is not used.
    notice: Option<String>,
}

fn load(name: &str) -> Result<Start, Failure> {
    let path = model_of(name);
    let is_checkpoint =
        path.is_dir() || path.extension().is_some_and(|e| e == "gin" || e == "index");
    if !is_checkpoint {
        let model = instruments::load(&path.to_string_lossy())?;
        return Ok(Start { model, slots: None, notice: None });
    }
    let model = import_to_train(&path)?.model;
    // Whatever is wrong with Adam's numbers, the weights are good.
    let (slots, notice) = match adam_slots(&path) {
        Ok(slots) => (slots, None),
        Err(e) => (None, Some(format!("{e}; Adam begins anew"))),
    };
    Ok(Start { model, slots, notice })
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|e| Failure::file(Cause::Usage, path, format!("cannot be read: {e}")))
}

/// Where a model was trained with other features than it will hear now.
fn strange(model: &Model, info: &DatasetInfo) -> Vec<String> {
    let config = model.config();
    let mut notices = Vec::new();
    if config.f0.tracker != info.f0_tracker {
        notices.push(format!(
            "the model to start from heard pitch by {}, the data set was heard by {}: it will get used to that",
            config.f0.tracker, info.f0_tracker
        ));
    }
    if config.loudness != info.loudness {
        notices.push(format!(
            "the model to start from heard loudness as {:?}, the data set holds {:?}: it will get used to that",
            config.loudness, info.loudness
        ));
    }
    notices
}

/// Removes a run from its folder.
pub(super) fn clear(folder: &RunFolder) -> Result<(), Failure> {
    let entries = std::fs::read_dir(folder.path()).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    // First: settings without a checkpoint are a run that has not begun.
    paths.sort_by_key(|path| !path.ends_with("checkpoints"));
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_ours = name.starts_with("events.out.tfevents")
            || [
                "config.toml",
                "dataset.json",
                "description.json",
                "status.json",
                "metrics.jsonl",
                "model.ddsp",
                "checkpoints",
                "previews",
            ]
            .contains(&name.as_str());
        if !is_ours {
            continue;
        }
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed
            .map_err(|e| Failure::file(Cause::Output, &path, format!("cannot be removed: {e}")))?;
    }
    Ok(())
}
