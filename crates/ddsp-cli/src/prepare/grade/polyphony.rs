//! Several notes at once: what sounds is no series of harmonics of the pitch that was found.
//!
//! A tracker of one pitch hears a chord as a note far below it, of which all its notes are harmonics: then the fundamental and
//! others of the first harmonics are missing. Or it follows one of the notes: then something strong lies between its
//! harmonics. Only steady moments tell: while a note moves, its harmonics are spread.

use std::ops::Range;

use ddsp_core::feature::f0::F0Track;
use serde::{Deserialize, Serialize};

use super::spectra::Spectra;
use crate::prepare::settings::Settings;

/// Moments that were looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::prepare) struct Voices {
    /// Moments with a sure and steady pitch, well above silence.
    pub(in crate::prepare) n_checked: u64,
    /// Those with a second note.
    pub(in crate::prepare) n_several: u64,
}

/// Fewer moments than this tell nothing.
const LEAST_CHECKED: u64 = 20;

impl Voices {
    /// The share of moments with a second note.
    pub(in crate::prepare) fn share(&self) -> f64 {
        if self.n_checked < LEAST_CHECKED {
            return 0.0;
        }
        self.n_several as f64 / self.n_checked as f64
    }
}

/// How many moments a second are looked at.
const MOMENTS_A_SECOND: u32 = 20;
/// Those that are at least this sure, at most this much below the loudest frame, and in which pitch moves by less than this.
const SURE: f32 = 0.5;
const RANGE_DB: f32 = 30.0;
const STEADY_OCTAVES: f64 = 0.7 / 12.0;
const STEADY_S: f64 = 0.064;
/// A spectrum spans this much.
const WINDOW_S: f64 = 0.09;
/// What is looked at.
const BAND_HZ: (f64, f64) = (50.0, 4_000.0);
/// How far from every harmonic a peak must lie to belong to another note, a share of the pitch and bins; and up to which harmonic.
const APART: f64 = 0.2;
const APART_BINS: f64 = 3.0;
const N_HARMONICS: usize = 8;
const HIGHEST: f64 = 6.5;
/// How near in power to the strongest harmonic it must be.
const STRONG: f32 = 0.2;
/// A harmonic is missing if its power is below this share of the strongest peak's; so many must be.
const MISSING: f32 = 1e-3;
const N_MISSING: usize = 3;

/// Looks at moments of these frames of a stretch of audio.
pub(in crate::prepare) fn count_voices(
    audio: &[f32],
    track: &F0Track,
    loudness_db: &[f32],
    frames: Range<usize>,
    settings: &Settings,
) -> Voices {
    let mut spectra = Spectra::new(audio, settings.sample_rate, WINDOW_S);
    let loudest = loudness_db[frames.clone()].iter().copied().fold(f32::MIN, f32::max);
    let around = (STEADY_S * f64::from(settings.frame_rate)) as usize;
    let mut voices = Voices::default();
    for i in frames.step_by((settings.frame_rate / MOMENTS_A_SECOND).max(1) as usize) {
        let near = i.saturating_sub(around)..(i + around + 1).min(track.f0_hz.len());
        let is_sure = track.voiced[i] && track.f0_confidence[i] >= SURE;
        if is_sure && loudness_db[i] >= loudest - RANGE_DB && is_steady(&track.f0_hz[near]) {
            let power = spectra.power(i * settings.hop_size);
            voices.n_checked += 1;
            voices.n_several +=
                u64::from(has_second(&power, spectra.bin_hz, track.f0_hz[i].into()));
        }
    }
    voices
}

fn is_steady(f0_hz: &[f32]) -> bool {
    let octaves = f0_hz.iter().map(|hz| f64::from(*hz).log2());
    let (low, high) =
        octaves.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
    high - low <= STEADY_OCTAVES
}

fn has_second(power: &[f32], bin_hz: f64, f0_hz: f64) -> bool {
    let bins =
        (BAND_HZ.0 / bin_hz).ceil() as usize..((BAND_HZ.1 / bin_hz) as usize).min(power.len() - 1);
    let is_peak = |k: &usize| power[*k] > power[k - 1] && power[*k] >= power[k + 1];
    let apart_hz = (APART * f0_hz).max(APART_BINS * bin_hz);
    // Where harmonics lie too near to each other nothing can be told from what lies between.
    let can_tell = apart_hz < 0.4 * f0_hz;
    let (mut harmonic, mut other) = (0.0_f32, 0.0_f32);
    let mut harmonics = [0.0_f32; N_HARMONICS];
    for k in bins.filter(is_peak) {
        let hz = k as f64 * bin_hz;
        let number = (hz / f0_hz).round().max(1.0);
        let distance_hz = (hz - number * f0_hz).abs();
        if distance_hz < (0.04 * hz).max(2.0 * bin_hz)
            && let Some(found) = harmonics.get_mut(number as usize - 1)
        {
            *found = found.max(power[k]);
        }
        let is_other = can_tell && distance_hz > apart_hz && hz < HIGHEST * f0_hz;
        let largest = if is_other { &mut other } else { &mut harmonic };
        *largest = largest.max(power[k]);
    }
    let strongest = harmonic.max(other);
    let in_band = |number: usize| number as f64 * f0_hz < BAND_HZ.1;
    let is_missing = |number: usize| in_band(number) && harmonics[number - 1] < MISSING * strongest;
    let n_missing = (1..=N_HARMONICS).filter(|number| is_missing(*number)).count();
    (is_missing(1) && n_missing >= N_MISSING) || other > STRONG * harmonic
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::grade::tests::{heard, note, settings};

    fn share(notes_hz: &[f64]) -> f64 {
        let mut audio = vec![0.0; 48_000];
        for hz in notes_hz {
            audio.iter_mut().zip(note(*hz, 3.0)).for_each(|(x, y)| *x += y / notes_hz.len() as f32);
        }
        heard(&audio, |audio, track, db, frames| {
            count_voices(audio, track, db, frames, &settings())
        })
        .share()
    }

    #[test]
    fn chords_and_double_stops_are_several_notes_and_one_note_is_one() {
        for hz in [70.0, 220.0, 660.0, 1500.0] {
            assert!(share(&[hz]) < 0.01, "{hz} Hz: {}", share(&[hz]));
        }
        for notes in [&[261.6, 329.6, 392.0][..], &[293.7, 440.0], &[440.0, 554.4]] {
            assert!(share(notes) > 0.5, "{notes:?}: {}", share(notes));
        }
    }
}
