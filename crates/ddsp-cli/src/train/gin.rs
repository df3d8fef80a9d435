//! Magenta's gin files as settings.

use std::path::Path;

use ddsp::loss::{LossType, SpectralLossConfig};
use ddsp::train::{BudgetConfig, ModelSizes, Preset, Schedule, TrainConfig};
use ddsp_core::model::ModelConfig;
use ddsp_io::dataset::DatasetInfo;
use ddsp_io::import::{self, SpectralLossRecipe, TrainingRecipe, training_recipe};

use crate::failure::{Cause, Failure};

/// What a gin file asks for.
pub(super) struct FromGin {
    pub(super) config: TrainConfig,
    /// The model that it describes, if it does.
    pub(super) model: Option<ModelConfig>,
    /// Where this trainer does something else.
    pub(super) notices: Vec<String>,
}

/// Reads a gin file of Magenta's on top of the `solo` preset, which has the library's defaults.
pub(super) fn read(path: &Path, info: &DatasetInfo) -> Result<FromGin, Failure> {
    let recipe = training_recipe(path).map_err(|e| Failure::new(Cause::Usage, e.to_string()))?;
    let mut config = Preset::Solo.config(info.sample_rate, info.frame_rate);
    let TrainingRecipe { model, spectral_loss, .. } = &recipe;
    if let Some(model) = model {
        config.model = ModelSizes::of(model, info.frame_rate);
    }
    if let Some(loss) = spectral_loss {
        config.loss = loss_of(loss);
    }
    let optimizer = &mut config.optimizer;
    optimizer.schedule = Schedule::Exponential;
    for (place, found) in [
        (&mut optimizer.learning_rate, recipe.learning_rate),
        (&mut optimizer.decay_rate, recipe.lr_decay_rate),
        (&mut optimizer.decay_steps, recipe.lr_decay_steps),
        (&mut optimizer.clip_norm, recipe.gradient_clip_norm),
        (&mut config.data.window_s, recipe.example_secs),
    ] {
        *place = found.unwrap_or(*place);
    }
    config.data.batch_size = recipe.batch_size.unwrap_or(config.data.batch_size);
    if let Some(steps) = recipe.n_steps {
        config.budget = BudgetConfig { steps, minutes: 0.0 };
    }
    if let Some(n) = recipe.checkpoints_to_keep {
        config.upkeep.checkpoints_to_keep = n.max(1);
    }
    let notices = notices(&recipe, info);
    Ok(FromGin { config, model: recipe.model, notices })
}

fn loss_of(recipe: &SpectralLossRecipe) -> SpectralLossConfig {
    SpectralLossConfig {
        fft_sizes: recipe.fft_sizes.clone(),
        loss_type: match recipe.loss_type {
            import::LossType::L1 => LossType::L1,
            import::LossType::L2 => LossType::L2,
            import::LossType::Cosine => LossType::Cosine,
        },
        mag_weight: recipe.mag_weight,
        delta_time_weight: recipe.delta_time_weight,
        delta_freq_weight: recipe.delta_freq_weight,
        cumsum_freq_weight: recipe.cumsum_freq_weight,
        logmag_weight: recipe.logmag_weight,
        loudness_weight: recipe.loudness_weight,
    }
}

fn notices(recipe: &TrainingRecipe, info: &DatasetInfo) -> Vec<String> {
    let mut notices = Vec::new();
    if recipe.crop.is_some() {
        notices.push("the gin file crops the sound before it is compared; here windows are whole frames, and nothing is cropped".to_owned());
    }
    if recipe.recomputes_loudness == Some(true) {
        notices.push(
            "the gin file takes loudness from the audio again; here it is that of the data set"
                .to_owned(),
        );
    }
    if recipe.centered.is_some_and(|centered| centered != info.center) {
        notices.push("the gin file and the data set place frames differently; those of the data set are used".to_owned());
    }
    notices
}
