//! A training in memory: what one step does.

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Tensor};
use ddsp_core::model::{ModelConfig, Weights};

use crate::Autoencoder;
use crate::loss::spectral_loss;
use crate::nn::Parameters;
use crate::optim::{Adam, gradient_norm};
use crate::train::batch::{Batch, Clips};
use crate::train::{Checkpoint, Error, Plan, Progress, TrainConfig, learning_rate, start_weights};

/// A model, its weights, and what the optimiser remembers.
#[derive(Debug, Clone)]
pub struct Session {
    config: TrainConfig,
    model: Autoencoder,
    device: Device,
    parameters: Parameters,
    /// The average of the weights, flat, by name; empty where there is none.
    average: BTreeMap<String, Tensor<1>>,
    adam: Adam,
    step: u64,
}

/// What a step found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Its number, counted from 1.
    pub step: u64,
    /// The multi-scale spectral loss.
    pub spectral_loss: f64,
    /// All losses together.
    pub total_loss: f64,
    /// Norm of the gradient before it was cut.
    pub gradient_norm: f64,
    /// Size of the step.
    pub learning_rate: f64,
    /// Whether loss or gradient was no number, and the weights were left as they are.
    pub is_skipped: bool,
}

impl Session {
    /// A new one of a model that [`describe`](crate::train::describe) and [`fit_to`](crate::train::fit_to) made, or one that warms up
    /// from the weights of another model of the same shape.
    ///
    /// *Errors*: a setting is out of range, or the weights have other names or shapes.
    pub fn new(
        config: TrainConfig,
        description: ModelConfig,
        from: Option<&Weights>,
        device: &Device,
    ) -> Result<Self, Error> {
        config.validate()?;
        let weights = match from {
            None => start_weights(&description, config.seed, config.model.plausible_start),
            Some(from) => {
                check_shapes(&description, from)?;
                from.clone()
            }
        };
        let mut adam = Adam::new(config.optimizer.learning_rate);
        adam.ir_rate = Some(config.optimizer.ir_rate).filter(|rate| *rate != 1.0);
        adam.clip_norm = Some(config.optimizer.clip_norm).filter(|norm| *norm > 0.0);
        let parameters = Parameters::new(&weights, device, DType::F32);
        Ok(Self {
            model: Autoencoder::new(description)?,
            average: averages(&config, &parameters),
            device: device.clone(),
            config,
            parameters,
            adam,
            step: 0,
        })
    }

    /// Goes on from a checkpoint.
    ///
    /// *Errors*: as [`Self::new`].
    pub fn resume(
        config: TrainConfig,
        description: ModelConfig,
        checkpoint: &Checkpoint,
        device: &Device,
    ) -> Result<Self, Error> {
        let mut session = Self::new(config, description, Some(&checkpoint.weights), device)?;
        let Checkpoint { adam_steps, means, squares, average, progress, .. } = checkpoint;
        session.adam = session.adam.remembering(*adam_steps, means, squares, device);
        session.step = progress.step;
        if !session.average.is_empty() {
            let average = Parameters::new(average, &device.clone().without_autodiff(), DType::F32);
            let values = average.iter().map(|(name, _, values)| (name.to_owned(), values.clone()));
            session.average = values.collect();
        }
        Ok(session)
    }

    /// Lets the optimiser go on from what another one remembers.
    pub fn remember(&mut self, n_steps: u64, means: &Weights, squares: &Weights) {
        self.adam = self.adam.clone().remembering(n_steps, means, squares, &self.device);
    }

    /// Everything that another session needs to go on from here.
    pub fn checkpoint(&self, plan: Option<Plan>, progress: Progress) -> Checkpoint {
        let (adam_steps, means, squares) = self.adam.memory();
        let progress = Progress { step: self.step, ..progress };
        let (weights, average) = (self.parameters.to_weights(), self.played_weights());
        Checkpoint { weights, average, means, squares, adam_steps, plan, progress }
    }

    /// The settings.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The model.
    pub fn model(&self) -> &Autoencoder {
        &self.model
    }

    /// Steps made.
    pub fn step_number(&self) -> u64 {
        self.step
    }

    /// The weights that are evaluated and played: their average, where there is one.
    pub fn played_weights(&self) -> Weights {
        let mut played = Parameters::default();
        for (name, shape, values) in self.parameters.iter() {
            let values = self.average.get(name).unwrap_or(values).clone();
            played.insert(name, shape.to_vec(), values);
        }
        played.to_weights()
    }

    /// Makes a step on what it draws of `clips`, in a run of `n_steps`.
    ///
    /// *Errors*: those of the model.
    pub fn step(&mut self, clips: &Clips, n_steps: u64) -> Result<StepReport, Error> {
        let seed = self.config.seed.wrapping_mul(0x9e37_79b9).wrapping_add(self.step);
        let windows = clips.draw(&self.config, self.step);
        let batch = Batch::new(&windows, self.model.config(), seed, &self.device);
        self.step_on(&batch, n_steps)
    }

    /// Makes a step on this batch.
    ///
    /// *Errors*: those of the model.
    pub fn step_on(&mut self, batch: &Batch, n_steps: u64) -> Result<StepReport, Error> {
        let signal = self.model.forward(&batch.features, &batch.noise, &self.parameters)?.signal;
        let lead_in = self.config.lead_in_frames() * self.config.hop_size();
        let heard = |x: Tensor<2>| {
            let n = x.dims()[1] - lead_in;
            if lead_in == 0 { x } else { x.narrow(1, lead_in, n) }
        };
        let target = heard(batch.target.clone());
        let loss = spectral_loss(&self.config.loss, target, heard(signal))?;
        let gradients = self.parameters.gradients(&loss.backward());
        let spectral_loss = number(loss);
        let norm = gradient_norm(&gradients).map_or(f64::NAN, number);
        let rate = learning_rate(&self.config.optimizer, self.step, n_steps);
        let is_skipped = !(spectral_loss.is_finite() && norm.is_finite());
        self.step += 1;
        if !is_skipped {
            self.adam.learning_rate = rate;
            self.parameters = self.adam.step(&self.parameters, &gradients);
            self.update_average();
        }
        Ok(StepReport {
            step: self.step,
            spectral_loss,
            total_loss: spectral_loss,
            gradient_norm: norm,
            learning_rate: rate,
            is_skipped,
        })
    }

    /// The first steps are forgotten sooner, so that the average is never behind by more than it has seen.
    fn update_average(&mut self) {
        let n = self.step as f64;
        let decay = self.config.optimizer.average_decay.min((1.0 + n) / (10.0 + n));
        for (name, _, values) in self.parameters.iter() {
            if let Some(average) = self.average.remove(name) {
                let average = average * decay + values.clone().inner() * (1.0 - decay);
                self.average.insert(name.to_owned(), average);
            }
        }
    }
}

fn averages(config: &TrainConfig, parameters: &Parameters) -> BTreeMap<String, Tensor<1>> {
    if config.optimizer.average_decay == 0.0 {
        return BTreeMap::new();
    }
    parameters.iter().map(|(name, _, x)| (name.to_owned(), x.clone().inner())).collect()
}

fn number(x: Tensor<1>) -> f64 {
    let values = x.into_data().convert::<f32>().try_to_vec::<f32>();
    values.map_or(f64::NAN, |values| f64::from(values[0]))
}

/// Whether weights are those of a description.
fn check_shapes(description: &ModelConfig, weights: &Weights) -> Result<(), Error> {
    let mut left = weights.clone();
    for (name, shape) in description.weight_shapes() {
        left.take::<f32>(&name, &shape).map_err(|e| {
            let detail = format!("{e}: the model to start from has other sizes than this one");
            Error::setting("from", detail)
        })?;
    }
    match left.iter().next() {
        None => Ok(()),
        Some((name, shape, _)) => Err(Error::setting(
            "from",
            format!(
                "expected no weight {name} {shape:?}: the model to start from has other parts than this one"
            ),
        )),
    }
}
