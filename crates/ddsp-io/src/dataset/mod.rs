//! Data sets: examples of a few seconds with their features, as an instrument is trained on.
//!
//! A data set is a folder of record files with Magenta's keys and a description, `dataset.json` ([`DatasetInfo`]).
//! [`Dataset::open`] also takes what Magenta's `ddsp_prepare_tfrecord` writes, which has no description: rates then come from
//! lengths, and a held-out part is split off. Neighbouring examples overlap; [`Dataset::clips`] joins them again, so that
//! audio is held once. [`ShardWriter`] writes the record files. `docs/dataset.md` tells the format.

mod clips;
mod example;
mod files;
mod index;
mod infer;
mod info;
mod open;
mod shards;

pub use example::{Example, Placed};
pub use files::INFO_FILE;
pub use info::{DATASET_VERSION, DatasetInfo, Reverberation, SourceInfo};
pub use open::{Dataset, Examples};
pub use shards::ShardWriter;

/// The parts of a data set, which share no sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// What is learned from.
    Train,
    /// What is measured with.
    HeldOut,
}

impl Part {
    /// The beginning of the names of its files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::HeldOut => "held_out",
        }
    }
}
