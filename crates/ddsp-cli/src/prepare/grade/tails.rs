//! Reverberation: what is left of a note while the next one sounds.
//!
//! After a change of note the harmonics of the old one that are none of the new one's should be gone. In a room they die away at
//! the room's pace: how loud they still are tells that there is one, the slope how long it rings.

use std::ops::Range;

use ddsp_core::feature::f0::F0Track;
use ddsp_core::scale::hz_to_midi;
use serde::{Deserialize, Serialize};

use super::spectra::Spectra;
use crate::prepare::settings::Settings;

/// What is left of one note.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::prepare) struct Tail {
    /// Its mean level in the time that is looked at, below that of the note.
    pub(in crate::prepare) level_db: f64,
    /// How long it takes to fall by 60 dB.
    pub(in crate::prepare) decay_s: f64,
}

/// So many changes of note at least tell something.
const LEAST_TAILS: usize = 8;
/// In a dry recording the old note is further down than this.
const DRY_DB: f64 = -30.0;
/// Nothing rings longer, as far as can be told.
const MOST_S: f64 = 5.0;

/// How long the room rings that these tails tell of; none if they are too few, or dry.
pub(super) fn decay_s(tails: &[Tail]) -> Option<f64> {
    let middle = |of: fn(&Tail) -> f64| {
        let mut values: Vec<f64> = tails.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let is_wet = tails.len() >= LEAST_TAILS && middle(|tail| tail.level_db)? > DRY_DB;
    is_wet.then(|| middle(|tail| tail.decay_s))?
}

/// When, around a change of note, the old and the new one are looked at for being steady.
const BEFORE_S: (f64, f64) = (-0.12, -0.016);
const AFTER_S: (f64, f64) = (0.024, 0.24);
const SURE: f32 = 0.6;
const STEADY_SEMITONES: f32 = 0.8;
/// A change is at least this much.
const CHANGE_SEMITONES: f32 = 1.5;
/// When the old note is measured, and when what is left of it is.
const NOTE_S: f64 = -0.048;
const TAIL_S: (f64, f64) = (0.06, 0.2);
const STEP_S: f64 = 0.008;
/// A spectrum spans this much.
const WINDOW_S: f64 = 0.05;
/// The harmonics that are followed: so many at most, below this, and at least this far from all of the new note's.
const N_HARMONICS: usize = 8;
const HIGHEST_HZ: f64 = 5_000.0;
const APART_HZ: f64 = 70.0;

/// Finds changes of note in these frames of a stretch of audio and measures what is left of the old ones.
pub(in crate::prepare) fn find_tails(
    audio: &[f32],
    track: &F0Track,
    frames: Range<usize>,
    settings: &Settings,
) -> Vec<Tail> {
    let midi: Vec<f32> = track.f0_hz.iter().map(|hz| hz_to_midi(*hz)).collect();
    let mut spectra = Spectra::new(audio, settings.sample_rate, WINDOW_S);
    let n = |seconds: f64| (seconds.abs() * f64::from(settings.frame_rate)).round() as usize;
    let (before, after) = (n(BEFORE_S.0), n(AFTER_S.1));
    let mut tails = Vec::new();
    let mut i = frames.start.max(before);
    while i < frames.end && i + after < midi.len() {
        let (old, new) = (i - before..i - n(BEFORE_S.1), i + n(AFTER_S.0)..i + after);
        let pitches = note_of(&midi[old.clone()], &track.f0_confidence[old])
            .zip(note_of(&midi[new.clone()], &track.f0_confidence[new]));
        let found = pitches.filter(|(old, new)| {
            // The change is here, not a little before or behind.
            (new - old).abs() > CHANGE_SEMITONES
                && (midi[i - 1] - old).abs() < 1.0
                && (midi[i + 1] - old).abs() > 1.0
        });
        if let Some((old, new)) = found {
            tails.extend(measure(&mut spectra, i, hz(old), hz(new), settings));
            i += before;
        }
        i += 1;
    }
    tails
}

/// The pitch of frames that are one steady note.
fn note_of(midi: &[f32], confidence: &[f32]) -> Option<f32> {
    let (low, high) = midi.iter().fold((f32::MAX, f32::MIN), |(l, h), x| (l.min(*x), h.max(*x)));
    let is_note = high - low < STEADY_SEMITONES && confidence.iter().all(|c| *c > SURE);
    is_note.then_some((low + high) / 2.0)
}

fn hz(midi: f32) -> f64 {
    ddsp_core::scale::midi_to_hz(f64::from(midi))
}

/// What is left of a note of `old_hz` after frame `i`, where one of `new_hz` begins.
fn measure(
    spectra: &mut Spectra<'_>,
    i: usize,
    old_hz: f64,
    new_hz: f64,
    settings: &Settings,
) -> Option<Tail> {
    let bins: Vec<usize> = (1..=N_HARMONICS)
        .map(|k| k as f64 * old_hz)
        .filter(|hz| *hz < HIGHEST_HZ && (hz - (hz / new_hz).round() * new_hz).abs() > APART_HZ)
        .map(|hz| (hz / spectra.bin_hz).round() as usize)
        .collect();
    if bins.is_empty() {
        return None;
    }
    let mut level_db = |seconds: f64| {
        let centre =
            i as f64 * settings.hop_size as f64 + seconds * f64::from(settings.sample_rate);
        let power = spectra.power(centre.max(0.0) as usize);
        let near = |bin: &usize| power[bin - 1..bin + 2].iter().sum::<f32>();
        10.0 * (f64::from(bins.iter().map(near).sum::<f32>()) + 1e-12).log10()
    };
    let note_db = level_db(NOTE_S);
    let n = ((TAIL_S.1 - TAIL_S.0) / STEP_S) as usize;
    let times: Vec<f64> = (0..=n).map(|k| TAIL_S.0 + k as f64 * STEP_S).collect();
    let levels: Vec<f64> = times.iter().map(|t| level_db(*t) - note_db).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_s, mean_db) = (mean(&times), mean(&levels));
    let along = times.iter().zip(&levels).map(|(t, db)| (t - mean_s) * (db - mean_db));
    let slope = along.sum::<f64>() / times.iter().map(|t| (t - mean_s).powi(2)).sum::<f64>();
    let decay_s = if slope < -60.0 / MOST_S { -60.0 / slope } else { MOST_S };
    Some(Tail { level_db: mean_db, decay_s })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::grade::tests::{heard, melody, settings};

    fn decay(audio: &[f32]) -> Option<f64> {
        let tails =
            heard(audio, |audio, track, _, frames| find_tails(audio, track, frames, &settings()));
        assert!(tails.len() >= LEAST_TAILS, "{} tails", tails.len());
        decay_s(&tails)
    }

    #[test]
    fn a_room_is_heard_and_timed_and_a_dry_melody_has_none() {
        let dry = melody(0.5, 0.0);
        assert_eq!(decay(&dry), None);
        for room_s in [0.5, 1.0] {
            let found = decay(&reverberant(&dry, room_s)).unwrap();
            assert!((found / room_s - 1.0).abs() < 0.4, "{found} s for {room_s} s");
        }
    }

    /// The melody in a room of noise that dies away by 60 dB in this time.
    fn reverberant(dry: &[f32], decay_s: f64) -> Vec<f32> {
        let noise: Vec<f32> = ddsp_core::effect::reverb_noise((decay_s * 16_000.0) as usize);
        let fall = |n: usize| 10.0_f64.powf(-3.0 * n as f64 / (decay_s * 16_000.0)) as f32;
        let mut ir: Vec<f32> = noise.iter().enumerate().map(|(n, x)| 0.05 * x * fall(n)).collect();
        ir[0] = 1.0;
        let mut wet = vec![0.0; dry.len()];
        // Sparse enough to be summed directly.
        for (n, gain) in ir.iter().enumerate().step_by(7) {
            wet[n..].iter_mut().zip(dry).for_each(|(y, x)| *y += gain * x);
        }
        wet
    }
}
