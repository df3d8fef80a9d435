//! One example, and how a record holds it.

use std::collections::BTreeMap;
use std::path::Path;

use super::DatasetInfo;
use crate::error::{Error, Result};
use crate::tfrecord::{Feature, Features};

/// Magenta's names of what a record holds, and ours of where it comes from.
pub(super) const AUDIO: &str = "audio";
pub(super) const AUDIO_16K: &str = "audio_16k";
pub(super) const F0_HZ: &str = "f0_hz";
pub(super) const F0_CONFIDENCE: &str = "f0_confidence";
pub(super) const LOUDNESS_DB: &str = "loudness_db";
pub(super) const SOURCE: &str = "source";
pub(super) const START_S: &str = "start_s";

/// A stretch of audio with its features: an example, or a clip of joined ones.
///
/// *Shapes*: `audio` `[n_hops × hop_size]`; the others `[n_hops]`, or `[n_hops + 1]` where frames are centred.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Example {
    /// Mono audio.
    pub audio: Vec<f32>,
    /// Fundamental frequency; through unpitched gaps it is interpolated. Magenta's files hold 0 in digital silence.
    pub f0_hz: Vec<f32>,
    /// How sure the pitch is, 0 to 1.
    pub f0_confidence: Vec<f32>,
    /// Loudness by the definition of the data set.
    pub loudness_db: Vec<f32>,
}

/// Where an example was taken from.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The recording's name.
    pub source: String,
    /// Where in it the example begins.
    pub start_s: f32,
}

impl Example {
    /// The record of this example. `audio_16k` is its audio at 16 kHz, which Magenta's reader asks for.
    pub fn to_features(&self, audio_16k: &[f32], placed: &Placed) -> Features {
        let floats = |values: &[f32]| Feature::Floats(values.to_vec());
        Features(BTreeMap::from([
            (AUDIO.to_owned(), floats(&self.audio)),
            (AUDIO_16K.to_owned(), floats(audio_16k)),
            (F0_HZ.to_owned(), floats(&self.f0_hz)),
            (F0_CONFIDENCE.to_owned(), floats(&self.f0_confidence)),
            (LOUDNESS_DB.to_owned(), floats(&self.loudness_db)),
            (SOURCE.to_owned(), Feature::Bytes(vec![placed.source.clone().into_bytes()])),
            (START_S.to_owned(), floats(&[placed.start_s])),
        ]))
    }

    /// The example of a record of the file `path`, of the data set `info`. What is not a finite number becomes 0, and loudness
    /// the bottom of its scale.
    pub(super) fn from_features(
        path: &Path,
        features: &mut Features,
        info: &DatasetInfo,
    ) -> Result<Self> {
        let n_hops = info.example_hops();
        let (n_samples, n_frames) = (n_hops * info.hop_size(), info.n_frames(n_hops));
        let mut take = |name: &str, n_expected: usize, instead: f32| {
            let mut values = match features.0.remove(name) {
                Some(Feature::Floats(values)) => values,
                _ => return Err(lacks(path, name)),
            };
            if values.len() != n_expected {
                let detail = format!(
                    "expected {n_expected} values of {name} in each example, found {}: files of one data set have one \
                     rate",
                    values.len()
                );
                return Err(Error::dataset(path, detail));
            }
            values.iter_mut().filter(|x| !x.is_finite()).for_each(|x| *x = instead);
            Ok(values)
        };
        Ok(Self {
            audio: take(AUDIO, n_samples, 0.0)?,
            f0_hz: take(F0_HZ, n_frames, 0.0)?,
            f0_confidence: take(F0_CONFIDENCE, n_frames, 0.0)?,
            loudness_db: take(LOUDNESS_DB, n_frames, info.loudness.floor_db() as f32)?,
        })
    }
}

/// The error of a record without a name.
pub(super) fn lacks(path: &Path, name: &str) -> Error {
    let detail = format!(
        "expected numbers named {name} in each example, found none; a data set for training holds {AUDIO}, {F0_HZ}, \
         {F0_CONFIDENCE} and {LOUDNESS_DB}"
    );
    Error::dataset(path, detail)
}
