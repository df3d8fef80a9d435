//! Data sets: recordings with their pitch and loudness, cut into examples, as TFRecord files.
//!
//! The records are those of Magenta's `ddsp_prepare_tfrecord` (`audio`, `f0_hz`, `f0_confidence`, `loudness_db`), and either side reads
//! the other's. Ours say in two keys more where an example comes from, so that examples which overlap are held in memory once, and lie
//! beside a `dataset.json` that says what was extracted, and how. No path is kept: the folder may be moved.

mod clip;
mod info;
mod read;
mod write;

pub use clip::Clip;
pub use info::{DatasetInfo, FORMAT_VERSION, SourceInfo};
pub use read::{Dataset, Part};
pub use write::{ExampleWriter, finish_shards};
