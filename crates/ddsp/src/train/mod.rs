//! Training: from a data set to an instrument, with nothing lost on the way.
//!
//! A [`TrainConfig`] says everything: it comes from a [`Preset`], is changed by whoever trains, and is kept with the run.
//! [`Session`] is the run in memory: [`Clips`] drawn into batches, a forward pass, a gradient, a step of Adam. All of it is a function
//! of the configuration, the data and the number of the step, so that a [`Checkpoint`] continues to the last bit.
//! [`train`] drives a session through a folder: plan, checkpoints, evaluation on what was held out, and an end with a reason.

mod batch;
mod checkpoint;
mod checkpoints;
mod config;
mod description;
mod error;
mod metrics;
mod preset;
mod run;
mod schedule;
mod session;
mod start;

pub use batch::{Batch, Clips, Window};
pub use checkpoint::{Checkpoint, Plan, Progress};
pub use checkpoints::Checkpoints;
pub use config::{
    BudgetConfig, DataConfig, ModelSizes, OptimizerConfig, ReverbKind, Schedule, TrainConfig,
    UpkeepConfig,
};
pub use description::{describe, fit_to};
pub use error::Error;
pub use metrics::{Metrics, Preview, evaluate, lead_in_frames};
pub use preset::Preset;
pub use run::{Ending, Event, Run, train};
pub use schedule::learning_rate;
pub use session::{Session, StepReport};
pub use start::start_weights;
