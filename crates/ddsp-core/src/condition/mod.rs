//! Conditioning: features as they were heard to frames as the instrument wants them.
//!
//! [`condition`] applies what a musician changes and scales for the network. [`DatasetStatistics`] say what the
//! instrument is used to.

mod frames;
mod statistics;

pub use frames::{Adjustments, ConditionedFrames, Features, Frames, condition};
pub use statistics::DatasetStatistics;
