//! What an instrument is used to: statistics of the features it was trained on.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Statistics of the features that a model was trained on, over frames with a note.
///
/// *Reference*: `postprocessing.compute_dataset_statistics`, of whose numbers these are the ones that timbre transfer
/// reads; the quantiles of pitch are ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetStatistics {
    /// Frames a second of the features.
    pub frame_rate: f64,
    /// Mean pitch.
    pub mean_pitch_midi: f64,
    /// Mean loudness.
    pub mean_loudness_db: f64,
    /// Mean over the examples of their largest loudness.
    pub mean_max_loudness_db: f64,
    /// Pitch that the shares 0, 0.05, ... 1 of frames do not exceed; none where they were not kept.
    pub pitch_quantiles_midi: Option<Vec<f32>>,
    /// Loudness that equally spaced shares of frames, from 0 to 1, do not exceed.
    pub loudness_quantiles_db: Vec<f32>,
}

/// There are at most this many quantiles.
const MAX_QUANTILES: usize = 10_000;

impl DatasetStatistics {
    /// Checks every number.
    ///
    /// *Errors*: a number that is not finite, or quantiles that are too few, too many or fall.
    pub fn validate(&self) -> Result<(), Error> {
        let numbers = [
            ("frame_rate", self.frame_rate),
            ("mean_pitch_midi", self.mean_pitch_midi),
            ("mean_loudness_db", self.mean_loudness_db),
            ("mean_max_loudness_db", self.mean_max_loudness_db),
        ];
        for (name, value) in numbers {
            if !value.is_finite() || value.abs() > 1e6 {
                let detail = format!("expected a number within ±1e6, found {value}");
                return Err(Error::model(format!("dataset_statistics.{name}"), detail));
            }
        }
        let quantiles = [
            ("loudness_quantiles_db", Some(&self.loudness_quantiles_db)),
            ("pitch_quantiles_midi", self.pitch_quantiles_midi.as_ref()),
        ];
        for (name, quantiles) in quantiles {
            let Some(quantiles) = quantiles else { continue };
            let n = quantiles.len();
            let rise = quantiles.windows(2).all(|w| w[0] <= w[1]);
            let finite = quantiles.iter().all(|q| q.is_finite() && q.abs() <= 1e6);
            if !(2..=MAX_QUANTILES).contains(&n) || !rise || !finite {
                let detail = format!(
                    "expected 2 to {MAX_QUANTILES} finite numbers that never fall, found {n} others"
                );
                return Err(Error::model(format!("dataset_statistics.{name}"), detail));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statistics() -> DatasetStatistics {
        DatasetStatistics {
            frame_rate: 250.0,
            // A parser that is off by a last bit makes another number of this.
            mean_pitch_midi: 14.829037328432975,
            mean_loudness_db: -20.0,
            mean_max_loudness_db: -5.0,
            pitch_quantiles_midi: Some(vec![50.0, 60.0]),
            loudness_quantiles_db: vec![-40.0, -20.0, -20.0, 0.1],
        }
    }

    #[test]
    fn what_is_written_is_read_to_the_last_bit() {
        let text = serde_json::to_string(&statistics()).unwrap();
        assert_eq!(serde_json::from_str::<DatasetStatistics>(&text).unwrap(), statistics());
    }

    #[test]
    fn quantiles_that_fall_and_numbers_that_are_none_are_named() {
        assert_eq!(statistics().validate(), Ok(()));
        let falling = DatasetStatistics { loudness_quantiles_db: vec![0.0, -1.0], ..statistics() };
        let nan = DatasetStatistics { mean_pitch_midi: f64::NAN, ..statistics() };
        for (wrong, name) in [(falling, "loudness_quantiles_db"), (nan, "mean_pitch_midi")] {
            let error = wrong.validate().unwrap_err().to_string();
            assert!(error.starts_with(&format!("dataset_statistics.{name}")), "{error}");
        }
    }
}
