//! Notes: which frames belong to one.

use crate::real::Real;

/// When a frame belongs to a note. The default is Magenta's, for 250 frames a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoteDetection {
    /// A frame whose ratio reaches this is a note.
    pub note_threshold: f64,
    /// To which power confidence counts.
    pub exponent: f64,
    /// Over how many frames it is averaged.
    pub smoothing_frames: usize,
    /// The confidence at which a frame of mean loudness is just a note.
    pub f0_confidence_threshold: f64,
    /// Where the scale of loudness ends.
    pub min_db: f64,
}

impl Default for NoteDetection {
    fn default() -> Self {
        Self {
            note_threshold: 1.0,
            exponent: 2.0,
            smoothing_frames: 40,
            f0_confidence_threshold: 0.7,
            min_db: -80.0,
        }
    }
}

/// The notes of a clip, one value a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Notes<R> {
    /// Whether the frame belongs to a note.
    pub mask_on: Vec<bool>,
    /// How near it is to one: 1 where it just is one, 0 in silence.
    pub note_on_ratio: Vec<R>,
}

/// Tells notes from gaps by confidence and loudness together: what is as loud as the clip is on average must be as sure
/// as `f0_confidence_threshold`, what is softer must be surer. A whole-clip function. A clip at `min_db` throughout has
/// no notes.
///
/// *Shapes*: `loudness_db` and `f0_confidence` `[n_frames]`.
///
/// *Reference*: Magenta `postprocessing.detect_notes`, which divides by zero in such a clip.
pub fn detect_notes<R: Real>(
    loudness_db: &[R],
    f0_confidence: &[R],
    detection: &NoteDetection,
) -> Notes<R> {
    let sum: f64 = loudness_db.iter().map(|db| db.widen()).sum();
    notes_about(sum / loudness_db.len().max(1) as f64, loudness_db, f0_confidence, detection)
}

/// [`detect_notes`] of a part of a recording, or of a data set, whose mean loudness is `mean_db`.
pub(super) fn notes_about<R: Real>(
    mean_db: f64,
    loudness_db: &[R],
    f0_confidence: &[R],
    detection: &NoteDetection,
) -> Notes<R> {
    let NoteDetection { note_threshold, exponent, f0_confidence_threshold, min_db, .. } =
        *detection;
    let sure: Vec<f64> = f0_confidence.iter().map(|c| c.widen().powf(exponent)).collect();
    let threshold = (mean_db - min_db) * f0_confidence_threshold.powf(exponent);
    let smoothed = smooth(&sure, detection.smoothing_frames);
    let ratio = |(sure, db): (&f64, &R)| {
        if threshold > 0.0 { sure * (db.widen() - min_db) / threshold } else { 0.0 }
    };
    let ratios: Vec<f64> = smoothed.iter().zip(loudness_db).map(ratio).collect();
    Notes {
        mask_on: ratios.iter().map(|&r| threshold > 0.0 && r >= note_threshold).collect(),
        note_on_ratio: ratios.into_iter().map(R::narrow).collect(),
    }
}

/// The mean of `filter_size` values around each, zeros beyond the ends, so that these fade. An even size takes one more
/// value after than before.
///
/// *Panics*: `filter_size` is 0.
///
/// *Reference*: Magenta `postprocessing.smooth`, a convolution padded to the `SAME` length.
pub fn smooth<R: Real>(x: &[R], filter_size: usize) -> Vec<R> {
    assert!(filter_size > 0, "a mean needs a value");
    let (before, after) = ((filter_size - 1) / 2, filter_size / 2);
    (0..x.len())
        .map(|i| {
            let around = &x[i.saturating_sub(before)..x.len().min(i + after + 1)];
            let sum: f64 = around.iter().map(|x| x.widen()).sum();
            R::narrow(sum / filter_size as f64)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_mean_looks_further_ahead_and_ends_fade() {
        assert_eq!(smooth(&[0.0, 0.0, 0.0, 4.0, 0.0, 0.0], 4), [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
        assert_eq!(smooth(&[3.0, 3.0, 3.0], 3), [2.0, 3.0, 2.0]);
    }

    #[test]
    fn sure_and_loud_is_a_note_and_either_alone_is_not() {
        let confidence = [vec![0.9; 100], vec![0.1; 100], vec![0.9; 100]].concat();
        let loudness = [vec![-20.0; 100], vec![-20.0; 100], vec![-75.0; 100]].concat();
        let notes = detect_notes(&loudness, &confidence, &NoteDetection::default());
        assert!(notes.mask_on[50] && !notes.mask_on[150] && !notes.mask_on[250]);
        assert!(notes.note_on_ratio[150] < 0.1);
    }

    #[test]
    fn silence_has_no_notes() {
        let notes = detect_notes(&[-80.0; 9], &[1.0; 9], &NoteDetection::default());
        assert_eq!(notes, Notes { mask_on: vec![false; 9], note_on_ratio: vec![0.0; 9] });
        let none: [f32; 0] = [];
        assert!(detect_notes(&none, &none, &NoteDetection::default()).mask_on.is_empty());
    }
}
