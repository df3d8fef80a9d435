//! The material in plain words: how much of it there is, what it covers, what is wrong with it and what is missing.

mod noise;
pub(super) mod polyphony;
mod spectra;
pub(super) mod tails;
mod words;

use ddsp_core::scale::hz_to_midi;
use ddsp_io::dataset::Reverberation;

use super::Ready;
use super::settings::Settings;
use super::split::Stretch;

/// What is said of the material.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Grade {
    /// How much, how high, how loud.
    pub(super) facts: Vec<String>,
    /// What is wrong.
    pub(super) warnings: Vec<String>,
    /// What would make a better instrument of it.
    pub(super) missing: Vec<String>,
    pub(super) reverberation: Option<Reverberation>,
}

impl Grade {
    /// All of it, one sentence a line.
    pub(super) fn lines(&self) -> Vec<String> {
        let warnings = self.warnings.iter().map(|line| format!("warning: {line}"));
        let missing = self.missing.iter().map(|line| format!("for a good instrument: {line}"));
        self.facts.iter().cloned().chain(warnings).chain(missing).collect()
    }
}

/// Grades the material.
pub(super) fn grade(ready: &[Ready], stretches: &[Stretch], settings: &Settings) -> Grade {
    let measured: Vec<Measured> =
        ready.iter().map(|recording| Measured::new(recording, settings)).collect();
    words::put(&measured, stretches, settings)
}

/// A frame is a note if it is at least this sure.
const SURE: f32 = 0.5;

/// Pitch and loudness of the frames of a recording with a note.
pub(super) fn notes(recording: &Ready) -> Vec<(f32, f32)> {
    let heard = &recording.heard;
    let is_note = |i: &usize| heard.voiced[*i] && heard.f0_confidence[*i] >= SURE;
    let note = |i: usize| (hz_to_midi(heard.f0_hz[i]), heard.loudness_db[i]);
    (0..n_own(recording)).filter(is_note).map(note).collect()
}

/// The frames of a recording without those of silence that was added, which says nothing.
fn n_own(recording: &Ready) -> usize {
    recording.converted.sizes.n_hops - recording.converted.sizes.n_added
}

/// What is measured of a recording.
#[derive(Debug, Clone, PartialEq)]
struct Measured {
    name: String,
    /// Its own length, and what silence was added.
    duration_s: f64,
    added_s: f64,
    sample_rate: u32,
    n_frames: usize,
    /// Pitch and loudness of the frames with a note.
    notes: Vec<(f32, f32)>,
    n_clipped: u64,
    /// The share of notes with a second one beside them.
    several: f64,
    /// How far gaps are below notes; none without gaps.
    gap_db: Option<f32>,
    tails: Vec<tails::Tail>,
}

impl Measured {
    fn new(recording: &Ready, settings: &Settings) -> Self {
        let Ready { found, survey, converted, heard } = recording;
        let n_own = n_own(recording);
        let notes = notes(recording);
        let loudness_db = &heard.loudness_db[..n_own];
        Self {
            name: found.name.clone(),
            duration_s: survey.duration_s,
            added_s: settings.seconds(converted.sizes.n_added),
            sample_rate: survey.sample_rate,
            n_frames: n_own,
            n_clipped: survey.n_clipped,
            several: heard.voices.share(),
            gap_db: noise::gap_db(loudness_db, &notes, settings),
            tails: heard.tails.clone(),
            notes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;
    use std::ops::Range;

    use ddsp_core::feature::f0::{F0Config, F0Track, track};
    use ddsp_core::feature::framing::Padding;
    use ddsp_core::feature::loudness::{LoudnessConfig, loudness_db};

    use super::*;

    /// 16 kHz, 250 frames a second.
    pub(super) fn settings() -> Settings {
        Settings {
            sample_rate: 16_000,
            frame_rate: 250,
            hop_size: 64,
            tracker: F0Config::default(),
            loudness: LoudnessConfig::magenta_3(),
            example_hops: 1000,
            step_hops: 250,
        }
    }

    /// A note with harmonics that fall by 6 dB an octave.
    pub(super) fn note(hz: f64, seconds: f64) -> Vec<f32> {
        let sample = |n: usize| {
            let harmonics = (1..).take_while(|k| f64::from(*k) * hz < 7_500.0).take(12);
            let sum: f64 = harmonics
                .map(|k| (TAU * f64::from(k) * hz * n as f64 / 16e3).sin() / f64::from(k))
                .sum();
            0.4 * sum as f32
        };
        (0..(seconds * 16e3) as usize).map(sample).collect()
    }

    /// Sixteen notes with pauses between them.
    pub(super) fn melody(note_s: f64, pause_s: f64) -> Vec<f32> {
        let semitones = [0, 4, 7, 2, 5, 9, 11, 3, 8, 1, 6, 10, 0, 7, 3, 9];
        let note = |semitone: i32| {
            let mut note = note(220.0 * 2f64.powf(f64::from(semitone) / 12.0), note_s);
            let n = note.len();
            // As short as a tongue's.
            for k in 0..160 {
                note[k] *= k as f32 / 160.0;
                note[n - 1 - k] *= k as f32 / 160.0;
            }
            note.resize(n + (pause_s * 16e3) as usize, 0.0);
            note
        };
        semitones.into_iter().flat_map(note).collect()
    }

    /// What is measured of audio, once it is listened to.
    pub(super) fn heard<R>(
        audio: &[f32],
        measure: impl FnOnce(&[f32], &F0Track, &[f32], Range<usize>) -> R,
    ) -> R {
        let n_frames = audio.len() / 64 + 1;
        let track = track(audio, 16_000, 64, n_frames, &F0Config::default()).unwrap();
        let config = LoudnessConfig::magenta_3();
        let db = loudness_db(audio, 16_000, 64, n_frames, Padding::Center, &config);
        measure(audio, &track, &db, 0..n_frames - 1)
    }

    #[test]
    fn noise_between_notes_is_heard() {
        let gap = |noise: f32| {
            let mut audio = melody(0.5, 0.3);
            let hiss: Vec<f32> = ddsp_core::effect::reverb_noise(audio.len());
            audio.iter_mut().zip(hiss).for_each(|(x, n)| *x += noise * n);
            heard(&audio, |_, track, db, frames| {
                let notes: Vec<(f32, f32)> =
                    frames.filter(|i| track.voiced[*i]).map(|i| (track.f0_hz[i], db[i])).collect();
                noise::gap_db(db, &notes, &settings()).unwrap()
            })
        };
        assert!(gap(1e-4) > 45.0, "{}", gap(1e-4));
        assert!(gap(0.1) < noise::NOISY_DB, "{}", gap(0.1));
    }
}
