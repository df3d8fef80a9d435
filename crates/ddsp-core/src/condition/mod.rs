//! Conditioning: features as they were heard to frames as the instrument wants them.
//!
//! [`condition`] walks through it: [`detect_notes`] tells notes from gaps, [`fit_quantile_transform`] gives their loudness
//! the distribution of the instrument's [`DatasetStatistics`], [`auto_tune`] draws their pitch to a scale, the shifts and
//! the confidence threshold of the [`Adjustments`] follow, and the scales of the network come last.

mod adjustments;
mod conditioning;
mod dataset;
mod fit;
mod frames;
mod notes;
mod quantile;
mod statistics;
mod tuning;

pub use adjustments::Adjustments;
pub use conditioning::{Adjusted, condition};
pub use dataset::{FeatureStatistics, masked, note_masks};
use fit::Fit;
pub use frames::{ConditionedFrames, Features, Frames};
pub use notes::{NoteDetection, Notes, detect_notes, smooth};
pub use quantile::{N_QUANTILES, OutputDistribution, QuantileTransform, fit_quantile_transform};
pub use statistics::DatasetStatistics;
pub use tuning::{Scale, TuneForm, auto_tune, tuning_factor};
