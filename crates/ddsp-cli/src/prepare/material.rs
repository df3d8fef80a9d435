//! What recordings are good for, in sentences and as a picture.
//!
//! Every measure is one of loudness, pitch and confidence, which are there anyway; a sentence says what was found and what to do.

use ddsp_core::feature::f0::UNVOICED_CONFIDENCE;
use ddsp_core::scale::{hz_to_midi, midi_to_hz};

use super::Recording;
use super::hear::Heard;
use super::settings::Settings;
use crate::plot::{Chart, Kind};
use crate::text::{duration, note_name};

/// A good instrument hears at least this much,
const ENOUGH_S: f64 = 480.0;
/// and something comes of this much.
const LEAST_S: f64 = 120.0;
/// Frames below this are silent.
const SILENT_DB: f32 = -60.0;
/// A pause is so much below the notes; a room or a noise that fills it stands higher.
const PAUSE_DB: f32 = 30.0;
/// A note sounds at least this long somewhere, to be learned.
const NOTE_S: f64 = 1.0;
/// Between the soft and the loud notes there should be as much.
const DYNAMICS_DB: f32 = 15.0;
/// Half of all sounds take longer than this to fall by 60 dB in a room that is heard.
const ROOM_S: f64 = 0.33;
/// A frame below this confidence has no clear pitch,
const CLEAR_CONFIDENCE: f32 = 0.9;
/// and so many loud ones are more than attacks.
const UNCLEAR_SHARE: f64 = 0.2;
/// So many notes are named.
const MAX_NAMED: usize = 8;

/// The grade.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Material {
    pub(super) sentences: Vec<String>,
    /// How long the room rings, if there is one.
    pub(super) reverberation_s: Option<f64>,
}

/// All frames of all recordings.
struct Frames<'a> {
    heard: &'a [Heard],
    frame_rate: f64,
    /// Loudness of the notes, sorted.
    notes_db: Vec<f32>,
}

impl<'a> Frames<'a> {
    fn new(heard: &'a [Heard], settings: &Settings) -> Self {
        let notes = |h: &'a Heard| {
            let all = h.features.loudness_db.iter().zip(h.voiced());
            all.filter(|(db, voiced)| *voiced && **db > SILENT_DB).map(|(db, _)| *db)
        };
        let mut notes_db: Vec<f32> = heard.iter().flat_map(notes).collect();
        notes_db.sort_by(f32::total_cmp);
        Self { heard, frame_rate: f64::from(settings.frame_rate), notes_db }
    }

    fn n(&self) -> usize {
        self.heard.iter().map(|h| h.features.f0_hz.len()).sum()
    }

    fn note_db(&self, share: f64) -> f32 {
        quantile(&self.notes_db, share).unwrap_or(SILENT_DB)
    }

    /// Loudness, confidence and pitch of every frame.
    fn iter(&self) -> impl Iterator<Item = (f32, f32, f32)> {
        self.heard.iter().flat_map(|h| {
            let f = &h.features;
            let both = f.loudness_db.iter().zip(&f.f0_confidence).zip(&f.f0_hz);
            both.map(|((&db, &confidence), &hz)| (db, confidence, hz))
        })
    }

    /// Seconds on each note, by MIDI number.
    fn seconds_on_notes(&self) -> [f64; 128] {
        let mut seconds = [0.0; 128];
        for (db, confidence, hz) in self.iter() {
            let midi = hz_to_midi(f64::from(hz)).round();
            if confidence > UNVOICED_CONFIDENCE && db > SILENT_DB && (0.0..128.0).contains(&midi) {
                seconds[midi as usize] += 1.0 / self.frame_rate;
            }
        }
        seconds
    }

    /// How long a sound takes to fall by 60 dB: the median over all frames behind which it falls freely, from 10 to 30 dB below; where
    /// notes follow each other too fast for that, by the fastest falls in a tenth of a second.
    fn decay_s(&self) -> Option<f64> {
        let n = (0.1 * self.frame_rate) as usize;
        let loud = self.note_db(0.25);
        let (mut free_s, mut falls): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
        for h in self.heard {
            let db = &h.features.loudness_db;
            let pairs = db.iter().zip(db.iter().skip(n));
            falls.extend(pairs.filter(|(a, _)| **a > loud).map(|(a, b)| a - b));
            let is_loud = |i: &usize| db[*i] > loud;
            let times = (0..db.len()).filter(is_loud).filter_map(|i| free_fall(&db[i..]));
            free_s.extend(times.map(|n| 3.0 * n as f32 / self.frame_rate as f32));
        }
        free_s.sort_by(f32::total_cmp);
        if free_s.len() as f64 > 0.1 * self.frame_rate {
            return quantile(&free_s, 0.5).map(f64::from);
        }
        falls.sort_by(f32::total_cmp);
        let fastest = f64::from(quantile(&falls, 0.995)?);
        (fastest > 0.5).then(|| 6.0 / fastest)
    }
}

/// The frames in which loudness falls from 10 to 30 dB below the first, if nothing rises in between.
fn free_fall(db: &[f32]) -> Option<usize> {
    /// It falls within this many frames, or not at all.
    const LONGEST: usize = 400;
    let db = &db[..db.len().min(LONGEST)];
    let start = db.iter().position(|x| *x < db[0] - 10.0)?;
    let fall = &db[start..];
    let n = fall.iter().position(|x| *x < db[0] - 30.0 || *x > fall[0] + 3.0)?;
    (fall[n] < db[0] - 30.0).then_some(n)
}

fn quantile(sorted: &[f32], share: f64) -> Option<f32> {
    sorted.get(((sorted.len().checked_sub(1)?) as f64 * share).round() as usize).copied()
}

/// Grades what was heard.
pub(super) fn grade(recordings: &[Recording], heard: &[Heard], settings: &Settings) -> Material {
    let frames = Frames::new(heard, settings);
    let mut sentences = Vec::new();
    let seconds = frames.n() as f64 / frames.frame_rate;
    sentences.push(match seconds {
        s if s >= ENOUGH_S => format!("{}: enough for a good instrument", duration(s)),
        s if s >= LEAST_S => {
            format!("warning: {} is little: 10 to 20 minutes make a good instrument", duration(s))
        }
        s => format!("warning: {} is very little: record at least 5 minutes", duration(s)),
    });
    pitches(&frames, &mut sentences);
    dynamics(&frames, &mut sentences);
    for recording in recordings.iter().filter(|r| r.scan.n_clipped > 0) {
        sentences.push(format!(
            "warning: {} is clipped: {} samples stand at full scale; record it softer",
            recording.path.display(),
            recording.scan.n_clipped
        ));
    }
    silence_and_noise(&frames, &mut sentences);
    polyphony(&frames, &mut sentences);
    let reverberation_s = frames.decay_s().filter(|s| *s > ROOM_S);
    if let Some(s) = reverberation_s {
        sentences.push(format!(
            "warning: a room is heard: sounds take {s:.1} s to fall by 60 dB; record nearer and in a dry room, or let the room be \
             learned, which takes longer"
        ));
    }
    Material { sentences, reverberation_s }
}

fn pitches(frames: &Frames<'_>, sentences: &mut Vec<String>) {
    let on_notes = frames.seconds_on_notes();
    let all: f64 = on_notes.iter().sum();
    let share = 100.0 * all / (frames.n() as f64 / frames.frame_rate);
    let mut seen = 0.0;
    let mut at = |share: f64| {
        seen = 0.0;
        on_notes.iter().position(|s| {
            seen += s;
            seen > share * all
        })
    };
    let (Some(low), Some(high)) = (at(0.02), at(0.98)) else {
        sentences.push(
            "warning: no pitch was found anywhere: an instrument needs notes to learn".to_owned(),
        );
        return;
    };
    let name = |midi: usize| note_name(midi_to_hz(midi as f64));
    sentences.push(format!(
        "pitch in {share:.0}% of frames, from {} to {} ({} semitones)",
        name(low),
        name(high),
        high - low + 1
    ));
    let missing: Vec<String> =
        (low..=high).filter(|&midi| on_notes[midi] < NOTE_S).map(name).collect();
    if !missing.is_empty() {
        let more = missing.len().saturating_sub(MAX_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named = &missing[..missing.len().min(MAX_NAMED)];
        sentences.push(format!(
            "missing: less than a second of {}{more}; such notes are guessed from their neighbours",
            named.join(", ")
        ));
    }
}

fn dynamics(frames: &Frames<'_>, sentences: &mut Vec<String>) {
    let (soft, loud) = (frames.note_db(0.05), frames.note_db(0.95));
    sentences.push(format!("loudness of notes mostly {soft:.0} to {loud:.0} dB"));
    if loud - soft < DYNAMICS_DB {
        sentences.push(format!(
            "missing: soft and loud notes: they lie within {:.0} dB; play everything softly once and loudly once",
            loud - soft
        ));
    }
}

fn silence_and_noise(frames: &Frames<'_>, sentences: &mut Vec<String>) {
    let n = frames.n().max(1) as f64;
    let n_silent = frames.iter().filter(|(db, ..)| *db <= SILENT_DB).count() as f64;
    if n_silent / n > 0.4 {
        sentences.push(format!(
            "warning: {:.0}% is silence, which teaches little: cut it out",
            100.0 * n_silent / n
        ));
    }
    // What sounds between the notes, where nothing has a pitch.
    let middle = frames.note_db(0.5);
    let is_gap = |c: f32, db: f32| c <= UNVOICED_CONFIDENCE && db > SILENT_DB;
    let mut gaps: Vec<f32> =
        frames.iter().filter(|&(db, c, _)| is_gap(c, db)).map(|(db, ..)| db).collect();
    gaps.sort_by(f32::total_cmp);
    let share = gaps.len() as f64 / n;
    if let Some(level) = quantile(&gaps, 0.25)
        && share > 0.05
        && level > middle - PAUSE_DB
    {
        sentences.push(format!(
            "warning: noise between the notes, {:.0} dB below them in {:.0}% of the time: record in a quieter place, or cut it out",
            middle - level,
            100.0 * share
        ));
    }
}

fn polyphony(frames: &Frames<'_>, sentences: &mut Vec<String>) {
    let loud = frames.note_db(0.5);
    let (mut n_loud, mut n_unclear) = (0.0, 0.0);
    for (_, confidence, _) in frames.iter().filter(|(db, ..)| *db >= loud) {
        n_loud += 1.0;
        n_unclear += f64::from(u8::from(confidence < CLEAR_CONFIDENCE));
    }
    let share = n_unclear / f64::max(n_loud, 1.0);
    if share > UNCLEAR_SHARE {
        sentences.push(format!(
            "warning: {:.0}% of the loud frames have no clear pitch: several notes at once, or a noisy sound; one note at a time can be \
             learned",
            100.0 * share
        ));
    }
}

/// Seconds on each note, seconds at each loudness, and both together.
pub(super) fn picture(heard: &[Heard], settings: &Settings) -> Vec<Chart> {
    let frames = Frames::new(heard, settings);
    let on_notes = frames.seconds_on_notes();
    let low = on_notes.iter().position(|s| *s > 0.0).unwrap_or(48);
    let high = on_notes.iter().rposition(|s| *s > 0.0).unwrap_or(72) + 1;
    let (quietest, loudest) = (-60_i32, 20_i32);
    let n_levels = ((loudest - quietest) / 2) as usize;
    let mut levels = vec![0.0; n_levels];
    let mut both = vec![vec![0.0_f64; n_levels]; high - low];
    for (db, confidence, hz) in frames.iter() {
        let level = (db - quietest as f32) / 2.0;
        if level < 0.0 || level >= n_levels as f32 || confidence <= UNVOICED_CONFIDENCE {
            continue;
        }
        levels[level as usize] += 1.0 / frames.frame_rate;
        let midi = hz_to_midi(f64::from(hz)).round() as usize;
        if (low..high).contains(&midi) {
            both[midi - low][level as usize] += 1.0 / frames.frame_rate;
        }
    }
    let place = |midi: usize| (midi - low) as f64 + 0.5;
    let notes: Vec<(f64, String)> = (low..high)
        .filter(|midi| midi % 12 == 0 || (high - low < 24 && midi % 12 == 7))
        .map(|midi| (place(midi) / (high - low) as f64, note_name(midi_to_hz(midi as f64))))
        .collect();
    let span = f64::from(loudest - quietest);
    let levels_at: Vec<(f64, String)> = (quietest..=loudest)
        .step_by(20)
        .map(|db| (f64::from(db - quietest) / span, format!("{db}")))
        .collect();
    let scaled = |values: &[f64]| {
        let most = values.iter().copied().fold(1e-9, f64::max);
        (values.iter().map(|x| x / most).collect::<Vec<f64>>(), most)
    };
    let (note_bars, most_note) = scaled(&on_notes[low..high]);
    let (level_bars, most_level) = scaled(&levels);
    let seconds = |most: f64| vec![(0.0, "0 s".to_owned()), (1.0, format!("{most:.0} s"))];
    let most = both.iter().flatten().copied().fold(1e-9, f64::max);
    // The root shows what was played seldom, too.
    both.iter_mut().flatten().for_each(|x| *x = (*x / most).sqrt());
    vec![
        Chart {
            title: "Seconds on each note".to_owned(),
            kind: Kind::Bars(note_bars),
            x_labels: notes.clone(),
            y_labels: seconds(most_note),
        },
        Chart {
            title: "Seconds at each loudness, dB".to_owned(),
            kind: Kind::Bars(level_bars),
            x_labels: levels_at.clone(),
            y_labels: seconds(most_level),
        },
        Chart {
            title: "Which notes were played how loudly: dark is never".to_owned(),
            kind: Kind::Map(both),
            x_labels: notes,
            y_labels: levels_at,
        },
    ]
}
