//! A data set measured: what auto adjust goes by.

use super::notes::notes_about;
use super::{DatasetStatistics, Features, N_QUANTILES, NoteDetection, QuantileTransform};
use crate::error::Error;
use crate::scale::hz_to_midi;

/// How pitch is described: at shares of 0, 0.05, ... 1.
const N_PITCH_QUANTILES: usize = 21;

/// One feature over the examples of a data set.
///
/// *Reference*: Magenta `postprocessing.compute_dataset_statistics`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeatureStatistics {
    /// Mean over all frames.
    pub mean: f64,
    /// Largest of all frames.
    pub max: f64,
    /// Least of all frames.
    pub min: f64,
    /// Mean over the examples of their largest.
    pub mean_max: f64,
    /// Mean over the examples of their least.
    pub mean_min: f64,
    /// Standard deviation over all frames.
    pub std: f64,
}

impl FeatureStatistics {
    /// The statistics of these examples, each the values of its frames; examples without frames do not count. None
    /// without a frame.
    pub fn of(examples: &[Vec<f64>]) -> Option<Self> {
        let examples = || examples.iter().filter(|example| !example.is_empty());
        let frames = || examples().flatten().copied();
        let (n, n_examples) = (frames().count() as f64, examples().count() as f64);
        if n == 0.0 {
            return None;
        }
        let largest = |example: &Vec<f64>| example.iter().copied().fold(f64::MIN, f64::max);
        let least = |example: &Vec<f64>| example.iter().copied().fold(f64::MAX, f64::min);
        let mean = frames().sum::<f64>() / n;
        Some(Self {
            mean,
            max: frames().fold(f64::MIN, f64::max),
            min: frames().fold(f64::MAX, f64::min),
            mean_max: examples().map(largest).sum::<f64>() / n_examples,
            mean_min: examples().map(least).sum::<f64>() / n_examples,
            std: (frames().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt(),
        })
    }
}

/// The frames of each example that belong to a note, by the mean loudness of all examples. In Magenta all frames count
/// of an example without one: let whoever compares with it fill these.
pub fn note_masks(examples: &[Features], detection: &NoteDetection) -> Vec<Vec<bool>> {
    let all_db = || examples.iter().flat_map(|example| &example.loudness_db);
    let mean_db = all_db().map(|&db| f64::from(db)).sum::<f64>() / all_db().count().max(1) as f64;
    let mask = |example: &Features| {
        notes_about(mean_db, &example.loudness_db, &example.f0_confidence, detection).mask_on
    };
    examples.iter().map(mask).collect()
}

/// The frames of each example that its mask holds, in f64.
pub fn masked(examples: &[&[f32]], masks: &[Vec<bool>]) -> Vec<Vec<f64>> {
    let kept = |(values, mask): (&&[f32], &Vec<bool>)| {
        let on = values.iter().zip(mask).filter(|(_, on)| **on);
        on.map(|(value, _)| f64::from(*value)).collect()
    };
    examples.iter().zip(masks).map(kept).collect()
}

impl DatasetStatistics {
    /// Measures a data set: its examples, each a few seconds long, at `frame_rate` frames a second. The frames are those
    /// with a note and a pitch.
    ///
    /// *Errors*: no frame has a note.
    ///
    /// *Reference*: Magenta `postprocessing.compute_dataset_statistics`, whose mean pitch is that of all frames.
    pub fn of(
        examples: &[Features],
        frame_rate: f64,
        detection: &NoteDetection,
    ) -> Result<Self, Error> {
        let mut masks = note_masks(examples, detection);
        for (mask, example) in masks.iter_mut().zip(examples) {
            mask.iter_mut().zip(&example.f0_hz).for_each(|(on, hz)| *on &= *hz > 0.0);
        }
        let of = |feature: fn(&Features) -> &[f32]| {
            masked(&examples.iter().map(feature).collect::<Vec<_>>(), &masks)
        };
        let mut pitch_midi = of(|example| &example.f0_hz);
        pitch_midi.iter_mut().flatten().for_each(|hz| *hz = hz_to_midi(*hz));
        let loudness_db = of(|example| &example.loudness_db);
        let (pitch, loudness) =
            (FeatureStatistics::of(&pitch_midi), FeatureStatistics::of(&loudness_db));
        let (Some(pitch), Some(loudness)) = (pitch, loudness) else {
            let detail = "expected recordings with notes, found none in them: neither silence nor noise tells what an \
                          instrument plays";
            return Err(Error::config("dataset_statistics", detail));
        };
        let quantiles = |values: &[Vec<f64>], n: usize| {
            let q = QuantileTransform::fit(&values.concat(), N_QUANTILES);
            (0..n).map(|i| q.inverse(i as f64 / (n - 1) as f64) as f32).collect()
        };
        Ok(Self {
            frame_rate,
            mean_pitch_midi: pitch.mean,
            mean_loudness_db: loudness.mean,
            mean_max_loudness_db: loudness.mean_max,
            pitch_quantiles_midi: Some(quantiles(&pitch_midi, N_PITCH_QUANTILES)),
            loudness_quantiles_db: quantiles(&loudness_db, N_QUANTILES),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(midi: f32, loudness_db: f32) -> Features {
        let hz = crate::scale::midi_to_hz(midi);
        Features {
            f0_hz: vec![hz; 100],
            f0_confidence: [vec![0.9; 60], vec![0.0; 40]].concat(),
            loudness_db: [vec![loudness_db; 60], vec![-70.0; 40]].concat(),
        }
    }

    #[test]
    fn gaps_do_not_count() {
        let examples = [example(60.0, -20.0), example(72.0, -10.0)];
        let detection = NoteDetection { smoothing_frames: 3, ..NoteDetection::default() };
        let statistics = DatasetStatistics::of(&examples, 250.0, &detection).unwrap();
        assert!((statistics.mean_pitch_midi - 66.0).abs() < 1e-3);
        assert_eq!(
            (statistics.mean_loudness_db, statistics.mean_max_loudness_db),
            (-15.0, -10.0 - 5.0)
        );
        assert_eq!(statistics.validate(), Ok(()));
        let silent = [Features { loudness_db: vec![-80.0; 100], ..example(60.0, 0.0) }];
        let error = DatasetStatistics::of(&silent, 250.0, &detection).unwrap_err();
        assert!(error.to_string().contains("found none"), "{error}");
    }
}
