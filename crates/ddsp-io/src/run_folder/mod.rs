//! The folder of a training run, as the trainer leaves it to whoever watches.
//!
//! `status.json` says what is going on now and is replaced whole; `metrics.jsonl` says what happened, a line at a time;
//! `run.lock` is locked for as long as the trainer lives, however it dies. Watchers write nothing, so there may be any
//! number of them, on other machines too where the folder is shared.

mod folder;
mod metrics;
mod reader;
mod status;
mod writer;

pub use folder::{RunFolder, RunLock};
pub use metrics::Metric;
pub use reader::{MetricsReader, News};
pub use status::{Best, State, Status, now_s};
pub use writer::MetricsWriter;
