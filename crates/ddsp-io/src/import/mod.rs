//! Import of checkpoints that Magenta's DDSP library (Python, TensorFlow; 3.x and 1.x) has written.
//!
//! A checkpoint is a folder: an index and data files (`ckpt-N.index`, `ckpt-N.data-00000-of-00001`),
//! a gin file that says what the model is made of (`operative_config-N.gin`), and often a file
//! `checkpoint` that names the newest. The way through: `folder` chooses the files, [`Bundle`] reads
//! the tensors (`sstable` is its format, over `crate::wire` and `crate::crc32c`), `object_graph` says which part of the
//! model each belongs to, `gin` and `recipe` what the parts are, `variables` brings the two together,
//! and [`import`] makes a model of it. [`training_recipe`] and [`adam_slots`] tell how it was trained,
//! for whoever trains on.
//!
//! All of it was written by someone else: lengths and checksums are compared before they are
//! believed, and what is not understood is refused with a sentence rather than guessed.

mod adam;
mod bundle;
mod folder;
mod gin;
mod magenta;
mod object_graph;
mod part;
mod pickle;
mod processors;
mod recipe;
mod sstable;
mod statistics;
mod training;
mod variables;
mod wiring;

pub use adam::{AdamSlots, Moments, adam_slots};
pub use bundle::{Bundle, Entry};
pub use folder::Choice;
pub use magenta::{Imported, Report, import, import_to_train};
pub use recipe::Crop;
pub use statistics::read_statistics;
pub use training::{LossType, SpectralLossRecipe, TrainingRecipe, training_recipe};
pub use variables::Slot;
