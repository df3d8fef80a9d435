//! Reference cases and the tolerance rule, for tests alone.
//!
//! A folder of cases is an `index.json` and the safetensors files that it names: `golden/core` in this
//! repository, or any other of the same layout that `DDSP_ORACLE` points at. Every failure here is a
//! panic with a sentence, because the caller is a test.

mod case;
mod table;
mod tiny_checkpoint;
mod tolerance;

use std::path::PathBuf;

pub use case::{Case, Tensors, read_cases};
pub use table::Table;
pub use tiny_checkpoint::{Data, Slots, TinyCheckpoint, Variable};
pub use tolerance::{CROSS_FORM, Distances, EXACT, GOLDEN, distance};

/// The folder `golden/` of this repository.
pub fn golden_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden")
}

/// The folder of material that is too large or not free enough for the repository: `DDSP_SHARED`, or
/// `../shared` beside it. `None` where it is absent.
pub fn shared_dir() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let dir = std::env::var_os("DDSP_SHARED").map_or_else(beside, PathBuf::from);
    dir.is_dir().then_some(dir)
}
