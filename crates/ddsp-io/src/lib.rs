//! Files and formats of the outside world.
//!
//! Every byte read here was written by someone else: lengths are checked before memory is asked for,
//! nothing panics, and each error is one sentence that names the file. Nothing here prints.

pub mod atomic;
pub mod audio;
pub mod crc32c;
pub mod dataset;
pub mod error;
pub mod events;
mod host;
pub mod import;
pub mod instrument;
pub mod pitch_table;
pub mod run_folder;
pub mod tfrecord;
mod wire;

pub use error::{Error, ErrorKind, Result};
