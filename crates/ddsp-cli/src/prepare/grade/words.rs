//! The sentences.

use ddsp_core::scale::midi_to_hz;
use ddsp_io::dataset::{Part, Reverberation};

use super::noise::NOISY_DB;
use super::tails::{Tail, decay_s};
use super::{Grade, Measured};
use crate::prepare::settings::Settings;
use crate::prepare::split::Stretch;
use crate::text::{count, note_name, one_line};

/// A good instrument wants this much.
const GOOD_S: f64 = 600.0;
/// A note is known if it is heard for this long in all.
const KNOWN_S: f64 = 1.0;
/// Dynamics are wide if the loud notes are this much louder than the soft ones.
const WIDE_DB: f32 = 12.0;
/// Several voices are worth a word if this share of notes has a second beside it.
const SEVERAL: f64 = 0.2;
/// Little of it is pitched below this share of frames.
const PITCHED: f64 = 0.3;
/// A recording is clipped if it is cut flat this often a minute.
const CLIPPED_A_MINUTE: f64 = 6.0;

pub(super) fn put(measured: &[Measured], stretches: &[Stretch], settings: &Settings) -> Grade {
    let mut notes: Vec<(f32, f32)> = measured.iter().flat_map(|m| m.notes.clone()).collect();
    notes.sort_by(|a, b| a.1.total_cmp(&b.1));
    let loudness: Vec<f32> = notes.iter().map(|(_, db)| *db).collect();
    notes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let pitch: Vec<f32> = notes.iter().map(|(midi, _)| *midi).collect();
    let mut grade = Grade {
        facts: facts(measured, stretches, &pitch, &loudness, settings),
        ..Grade::default()
    };
    let tails: Vec<Tail> = measured.iter().flat_map(|m| m.tails.clone()).collect();
    let room = decay_s(&tails);
    grade.reverberation = room.map(|decay_s| Reverberation { decay_s });
    grade.warnings = warnings(measured, room, &pitch);
    grade.missing = missing(measured, room, &pitch, &loudness, settings);
    grade
}

fn facts(
    measured: &[Measured],
    stretches: &[Stretch],
    pitch: &[f32],
    loudness: &[f32],
    settings: &Settings,
) -> Vec<String> {
    let of = |part: Part| -> f64 {
        let hops = stretches.iter().filter(|s| s.part == part).map(|s| s.hops.len()).sum();
        settings.seconds(hops)
    };
    let mut facts = vec![format!(
        "{} in {}: {} to learn from, {} held out",
        duration(total_s(measured)),
        count(measured.len(), "recording"),
        duration(of(Part::Train)),
        duration(of(Part::HeldOut))
    )];
    if pitch.is_empty() {
        return facts;
    }
    let (low, high) = (at(pitch, 0.05), at(pitch, 0.95));
    let (lowest, highest) = (at(pitch, 0.005), at(pitch, 0.995));
    facts.push(format!(
        "a sure pitch in {:.0}% of frames: {} to {}, mostly {} to {}",
        100.0 * share_pitched(measured),
        name(lowest),
        name(highest),
        name(low),
        name(high)
    ));
    facts.push(format!(
        "notes mostly {:.0} to {:.0} dB loud, {:.0} dB in the middle",
        at(loudness, 0.05),
        at(loudness, 0.95),
        at(loudness, 0.5)
    ));
    facts
}

fn warnings(measured: &[Measured], room: Option<f64>, pitch: &[f32]) -> Vec<String> {
    let mut warnings = Vec::new();
    let names = |is: &dyn Fn(&&Measured) -> bool| -> Option<String> {
        let found: Vec<&str> = measured.iter().filter(is).map(|m| m.name.as_str()).collect();
        (!found.is_empty()).then(|| listed(&found))
    };
    let mut rates: Vec<u32> = measured.iter().map(|m| m.sample_rate).collect();
    rates.sort_unstable();
    rates.dedup();
    if let [low, .., high] = rates[..] {
        warnings.push(format!(
            "the recordings have different rates, {low} to {high} Hz: all were converted to one, and the brighter ones lose \
             highs if the lowest decides"
        ));
    }
    if pitch.is_empty() {
        warnings.push("no pitch was found anywhere: an instrument learns from notes".to_owned());
    } else if share_pitched(measured) < PITCHED {
        warnings.push(format!(
            "only {:.0}% of frames have a sure pitch: pauses, breath and noise teach little; cut long pauses, record closer",
            100.0 * share_pitched(measured)
        ));
    }
    let clips = |m: &&Measured| m.n_clipped as f64 > CLIPPED_A_MINUTE * m.duration_s / 60.0;
    if let Some(names) = names(&clips) {
        let n = measured.iter().filter(clips).map(|m| m.n_clipped).sum::<u64>();
        warnings.push(format!(
            "clipping: the wave is cut flat in {n} places of {names}; the instrument will learn that buzz, so record with less \
             gain"
        ));
    }
    if let Some(names) = names(&|m| m.several > SEVERAL) {
        let most = measured.iter().map(|m| m.several).fold(0.0, f64::max);
        warnings.push(format!(
            "several notes at once: in up to {:.0}% of the steady moments of {names}; an instrument plays one note at a time and \
             would learn a smear, so leave such passages out",
            100.0 * most
        ));
    }
    // In a room the quietest moments are what is left of notes.
    let is_noisy = |m: &&Measured| room.is_none() && m.gap_db.is_some_and(|db| db < NOISY_DB);
    if let Some(names) = names(&is_noisy) {
        let least = measured.iter().filter_map(|m| m.gap_db).fold(f32::INFINITY, f32::min);
        warnings.push(format!(
            "noise or no pauses: the quietest moments of {names} are only {least:.0} dB below the notes; a good take has {NOISY_DB:.0} \
             and more"
        ));
    }
    if let Some(decay_s) = room {
        warnings.push(format!(
            "reverberation: notes ring on while the next ones sound, as in a room of about {decay_s:.1} s, which the instrument \
             will have in its sound; record dry for one without"
        ));
    }
    if let Some(names) = names(&|m| m.added_s > 0.0) {
        warnings.push(format!("shorter than one example: silence was added to {names}"));
    }
    warnings
}

fn missing(
    measured: &[Measured],
    room: Option<f64>,
    pitch: &[f32],
    loudness: &[f32],
    settings: &Settings,
) -> Vec<String> {
    let mut missing = Vec::new();
    let total_s = total_s(measured);
    if total_s < 0.95 * GOOD_S {
        missing.push(format!(
            "more material: {} of the 10 minutes or more that it wants",
            duration(total_s)
        ));
    }
    if !pitch.is_empty() {
        let (low, high) = (at(pitch, 0.02).round() as i32, at(pitch, 0.98).round() as i32);
        let least = (KNOWN_S * f64::from(settings.frame_rate)) as usize;
        let n = |midi: i32| pitch.iter().filter(|m| m.round() as i32 == midi).count();
        let rare: Vec<String> =
            (low..=high).filter(|m| n(*m) < least).map(|m| name(m as f32)).collect();
        let rare: Vec<&str> = rare.iter().map(String::as_str).collect();
        if !rare.is_empty() {
            missing.push(format!("more of the notes {}, which are hardly heard", listed(&rare)));
        }
    }
    if !loudness.is_empty() && at(loudness, 0.9) - at(loudness, 0.1) < WIDE_DB {
        missing.push(format!(
            "softer and louder notes: nearly all are within {:.0} dB",
            at(loudness, 0.9) - at(loudness, 0.1)
        ));
    }
    if room.is_some() {
        missing.push("a dry recording, close to the instrument".to_owned());
    }
    missing
}

fn share_pitched(measured: &[Measured]) -> f64 {
    let n: usize = measured.iter().map(|m| m.notes.len()).sum();
    n as f64 / measured.iter().map(|m| m.n_frames).sum::<usize>().max(1) as f64
}

fn total_s(measured: &[Measured]) -> f64 {
    measured.iter().map(|m| m.duration_s).sum()
}

/// The value that this share of sorted ones does not exceed.
fn at(sorted: &[f32], share: f64) -> f32 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

fn name(midi: f32) -> String {
    note_name(f64::from(midi_to_hz(midi)))
}

/// Names in a row, at most some of them.
fn listed(names: &[&str]) -> String {
    const MOST: usize = 6;
    let shown: Vec<String> = names.iter().take(MOST).map(|name| one_line(name)).collect();
    let more = names.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &rest
}

/// A duration for people.
fn duration(seconds: f64) -> String {
    if seconds < 100.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{:.1} minutes", seconds / 60.0)
    }
}
