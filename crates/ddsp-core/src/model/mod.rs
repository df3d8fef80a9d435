//! The model: everything that one instrument is, in one file.
//!
//! [`ModelConfig`] says what the instrument is made of and what it was trained on; [`Weights`] are
//! its numbers; [`Model`] is both, read from and written to the bytes of a `.ddsp` file.

mod config;
mod file;
mod variant;
mod weights;

pub use config::{
    DecoderConfig, EncoderConfig, F0Description, FORMAT_VERSION, ModelConfig, ProcessorConfig,
    Provenance,
};
pub use file::{Model, Precision};
pub use weights::Weights;
