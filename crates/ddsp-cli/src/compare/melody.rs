//! Whether the transfer plays the melody of the recording.

use ddsp_core::feature::f0::F0Track;
use serde::Serialize;

use crate::eval_pitch::score::{Distance, cents};

/// Shares of the frames that are voiced in both; none if there are no such frames.
#[derive(Debug, Serialize, PartialEq)]
pub(super) struct Melody {
    /// Frames voiced in both.
    pub(super) n_voiced_frames: usize,
    /// Within 50 cents of the recording's pitch, shifted by the octaves that were asked for.
    pub(super) f0_agreement: Option<f64>,
    /// The same, whatever the octave.
    pub(super) f0_agreement_modulo_octave: Option<f64>,
    /// Off by one octave or more, and right but for that.
    pub(super) octave_error: Option<f64>,
    /// The median distance.
    pub(super) f0_median_cents: Option<f64>,
}

impl Melody {
    /// Compares two tracks frame by frame, as far as the shorter goes.
    pub(super) fn measure(input: &F0Track, output: &F0Track, octave_shift: f64) -> Self {
        let n_frames = input.f0_hz.len().min(output.f0_hz.len());
        let both = (0..n_frames).filter(|&i| input.voiced[i] && output.voiced[i]);
        let factor = octave_shift.exp2();
        let pairs: Vec<(f64, f64)> = both
            .map(|i| (f64::from(input.f0_hz[i]) * factor, f64::from(output.f0_hz[i])))
            .collect();
        let share = |of: &[Distance]| {
            let is_of = |(a, b): &&(f64, f64)| of.contains(&Distance::between(*a, *b));
            let n = pairs.iter().filter(is_of).count();
            (!pairs.is_empty()).then(|| n as f64 / pairs.len() as f64)
        };
        let mut distances: Vec<f64> = pairs.iter().map(|(a, b)| cents(*a, *b).abs()).collect();
        distances.sort_by(f64::total_cmp);
        Self {
            n_voiced_frames: pairs.len(),
            f0_agreement: share(&[Distance::Right]),
            f0_agreement_modulo_octave: share(&[Distance::Right, Distance::Octaves]),
            octave_error: share(&[Distance::Octaves]),
            f0_median_cents: distances.get(distances.len() / 2).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(f0_hz: &[f32], voiced: &[bool]) -> F0Track {
        let f0_confidence = vec![0.9; f0_hz.len()];
        F0Track { f0_hz: f0_hz.to_vec(), f0_confidence, voiced: voiced.to_vec() }
    }

    #[test]
    fn only_frames_voiced_in_both_count() {
        let a = track(&[220.0, 220.0, 220.0, 220.0, 220.0], &[true, true, true, false, true]);
        let b = track(&[220.0, 440.0, 300.0, 220.0], &[true; 4]);
        let melody = Melody::measure(&a, &b, 0.0);
        assert_eq!(melody.n_voiced_frames, 3);
        assert_eq!(melody.f0_agreement, Some(1.0 / 3.0));
        assert_eq!(melody.f0_agreement_modulo_octave, Some(2.0 / 3.0));
        assert_eq!(melody.octave_error, Some(1.0 / 3.0));
    }

    #[test]
    fn a_shift_that_was_asked_for_is_no_error() {
        let (a, b) = (track(&[220.0], &[true]), track(&[311.127], &[true]));
        assert_eq!(Melody::measure(&a, &b, 0.5).f0_agreement, Some(1.0));
        assert_eq!(Melody::measure(&a, &b, 0.0).f0_agreement, Some(0.0));
        let nothing = Melody::measure(&a, &F0Track::default(), 0.0);
        assert_eq!((nothing.f0_agreement, nothing.f0_median_cents), (None, None));
    }
}
