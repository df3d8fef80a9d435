//! Tuning: pitch drawn to the notes of a scale.

use crate::real::Real;

/// Which notes autotune knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TuneForm {
    /// Those of the major scale that the notes are nearest to, in concert pitch.
    #[default]
    MajorScale,
    /// All twelve, as far off concert pitch as the singer is on the whole.
    Chromatic,
}

/// The steps of a major scale over its tonic, in semitones.
const MAJOR_STEPS: [f64; 7] = [0.0, 2.0, 4.0, 5.0, 7.0, 9.0, 11.0];
const N_OCTAVES: u8 = 10;

/// A major scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Semitones of its tonic over C, 0 to 11.
    tonic: u8,
}

impl Scale {
    /// The scale whose notes are nearest to those of the frames in `mask_on`, on average; of several the lowest.
    ///
    /// *Shapes*: `f0_midi` and `mask_on` `[n_frames]`.
    pub fn inferred<R: Real>(f0_midi: &[R], mask_on: &[bool]) -> Self {
        let distance = |scale: Self| {
            let on = f0_midi.iter().zip(mask_on).filter(|(_, on)| **on);
            on.map(|(midi, _)| (midi.widen() - scale.nearest(midi.widen())).abs()).sum::<f64>()
        };
        let scales = (0..12).map(|tonic| Self { tonic });
        let nearest = scales.min_by(|a, b| distance(*a).total_cmp(&distance(*b)));
        nearest.expect("there are twelve")
    }

    /// Its name, as `D major`.
    pub fn name(self) -> &'static str {
        const NAMES: [&str; 12] = [
            "C major", "C# major", "D major", "D# major", "E major", "F major", "F# major",
            "G major", "G# major", "A major", "A# major", "B major",
        ];
        NAMES[usize::from(self.tonic)]
    }

    /// The note that is nearest to a pitch, both as MIDI numbers; of two the lower. Notes are known over ten octaves.
    pub fn nearest(self, midi: f64) -> f64 {
        let octave = ((midi - f64::from(self.tonic)) / 12.0).floor();
        let mut nearest = f64::INFINITY;
        for octave in [octave - 1.0, octave, octave + 1.0] {
            let octave = octave.clamp(0.0, f64::from(N_OCTAVES - 1));
            for step in MAJOR_STEPS {
                let note = 12.0 * octave + f64::from(self.tonic) + step;
                if (note - midi).abs() < (nearest - midi).abs() {
                    nearest = note;
                }
            }
        }
        nearest
    }
}

/// By how many semitones, -0.5 to 0.5, the frames in `mask_on` are above concert pitch on the whole: at which of 101
/// tunings they are nearest to semitones and change from one to another least often. 0 without a frame.
///
/// *Shapes*: `[n_frames]` each.
///
/// *Reference*: Magenta `colab_utils.get_tuning_factor`.
pub fn tuning_factor<R: Real>(f0_midi: &[R], f0_confidence: &[R], mask_on: &[bool]) -> R {
    let on = || (0..f0_midi.len()).filter(|&i| mask_on[i]);
    let midi: Vec<f64> = on().map(|i| f0_midi[i].widen()).collect();
    let weights: Vec<f64> = on().map(|i| f0_confidence[i].widen()).collect();
    if midi.is_empty() {
        return R::narrow(0.0);
    }
    let factor = |k: usize| -0.5 + 0.01 * k as f64;
    let (mut off, mut changes) = (Vec::new(), Vec::new());
    for tuning in (0..101).map(factor) {
        let from_semitone: Vec<f64> =
            midi.iter().map(|midi| from_semitone(midi - tuning)).collect();
        let weighted = from_semitone.iter().zip(&weights).map(|(d, w)| d.abs() * w);
        off.push(weighted.sum::<f64>() / midi.len() as f64);
        let note = |i: usize| midi[i] - from_semitone[i];
        // Magenta compares what it has computed, so that pitches whose rounding differs count as a change, too.
        let moved = (1..midi.len()).filter(|&i| note(i) != note(i - 1));
        changes.push(moved.map(|i| weights[i - 1]).sum::<f64>() / (midi.len() - 1).max(1) as f64);
    }
    let (off, changes) = (standard(&off), standard(&changes));
    let cost = |k: &usize| off[*k] + changes[*k];
    let best = (0..101).min_by(|a, b| cost(a).total_cmp(&cost(b)));
    R::narrow(factor(best.expect("there are 101")))
}

/// Without their mean, in units of their deviation; zeros if they are all equal.
fn standard(values: &[f64]) -> Vec<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    values.iter().map(|x| if deviation > 0.0 { (x - mean) / deviation } else { 0.0 }).collect()
}

/// How far a pitch is above the nearest semitone, more than -0.5 and at most 0.5.
fn from_semitone(midi: f64) -> f64 {
    let above = midi.rem_euclid(1.0);
    if above > 0.5 { above - 1.0 } else { above }
}

/// Draws each pitch to the nearest note, by `amount` of the way. The tuning counts in the chromatic form alone. Without
/// a frame in the mask there is no scale to find, and the pitch stays.
///
/// *Shapes*: `f0_midi` and `mask_on` `[n_frames]`.
///
/// *Reference*: Magenta `colab_utils.auto_tune`.
pub fn auto_tune<R: Real>(
    f0_midi: &[R],
    tuning_factor: R,
    mask_on: &[bool],
    amount: f64,
    form: TuneForm,
) -> Vec<R> {
    let scale = Scale::inferred(f0_midi, mask_on);
    let off = |midi: f64| match form {
        TuneForm::Chromatic => from_semitone(midi - tuning_factor.widen()),
        TuneForm::MajorScale => midi - scale.nearest(midi),
    };
    if !mask_on.contains(&true) {
        return f0_midi.to_vec();
    }
    f0_midi.iter().map(|midi| R::narrow(midi.widen() - amount * off(midi.widen()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const D_MAJOR: [f64; 8] = [62.0, 64.0, 66.0, 67.0, 69.0, 71.0, 73.0, 74.0];

    #[test]
    fn a_scale_is_found_and_snaps() {
        let sung: Vec<f64> = D_MAJOR.iter().map(|midi| midi + 0.2).collect();
        let on = [true; 8];
        let scale = Scale::inferred(&sung, &on);
        assert_eq!(scale.name(), "D major");
        assert_eq!(scale.nearest(64.9), 64.0);
        assert_eq!(scale.nearest(-3.0), 2.0);
        assert_eq!(auto_tune(&sung, 0.0, &on, 1.0, TuneForm::MajorScale), D_MAJOR);
        let half = auto_tune(&sung, 0.0, &on, 0.5, TuneForm::MajorScale);
        assert!((half[0] - 62.1).abs() < 1e-9);
        assert_eq!(auto_tune(&sung, 0.0, &[false; 8], 1.0, TuneForm::MajorScale), sung);
    }

    #[test]
    fn a_singer_who_is_flat_is_found_out() {
        let sung: Vec<f64> =
            (0..400).map(|i| D_MAJOR[i / 50] - 0.3 + 0.05 * (0.3 * i as f64).sin()).collect();
        let tuning = tuning_factor(&sung, &[1.0; 400], &[true; 400]);
        assert!((tuning + 0.3).abs() < 0.06, "{tuning}");
        let tuned = auto_tune(&sung, tuning, &[true; 400], 1.0, TuneForm::Chromatic);
        assert!(tuned.iter().all(|midi| from_semitone(midi - tuning).abs() < 1e-9));
    }
}
