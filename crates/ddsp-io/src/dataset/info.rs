//! What a data set says of itself.

use ddsp_core::condition::DatasetStatistics;
use ddsp_core::feature::loudness::LoudnessConfig;
use serde::{Deserialize, Serialize};

/// The version of `dataset.json` that this crate writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// The content of `dataset.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetInfo {
    /// [`FORMAT_VERSION`] of the folder.
    pub format_version: u32,
    /// Samples a second.
    pub sample_rate: u32,
    /// Frames a second; a frame is a whole number of samples.
    pub frame_rate: u32,
    /// Whether examples hold one frame more than they have hops, as Magenta's `--center` makes them.
    pub center: bool,
    /// Length of an example.
    pub example_s: f64,
    /// From the beginning of one example to that of the next.
    pub hop_s: f64,
    /// The peak that every recording was scaled to; none if they were left as they were.
    pub input_peak: Option<f32>,
    /// Name of the pitch tracker.
    pub f0_tracker: String,
    /// Its settings, for people.
    pub f0_detail: String,
    /// The definition of loudness.
    pub loudness: LoudnessConfig,
    /// What auto adjust goes by.
    pub statistics: Option<DatasetStatistics>,
    /// How long a sound takes to fall by 60 dB, if that is long enough to be a room.
    pub reverberation_s: Option<f64>,
    /// Seconds to train on.
    pub train_s: f64,
    /// Seconds held out.
    pub held_out_s: f64,
    /// The recordings, in order.
    pub sources: Vec<SourceInfo>,
    /// What the recordings are good for, in sentences.
    pub grade: Vec<String>,
}

/// A recording in a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceInfo {
    /// The name of its file, without a folder.
    pub name: String,
    /// Its length.
    pub duration_s: f64,
    /// Size and time of the file, and all settings: what tells whether it must be heard anew.
    pub fingerprint: String,
}

impl DatasetInfo {
    /// Samples of a frame.
    pub fn hop_size(&self) -> usize {
        (self.sample_rate / self.frame_rate.max(1)) as usize
    }

    /// Frames of an example, without the one that `center` adds.
    pub fn example_frames(&self) -> usize {
        (self.example_s * f64::from(self.frame_rate)).round() as usize
    }
}
