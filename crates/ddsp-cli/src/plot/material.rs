//! The picture of a data set: which notes it holds for how long, how loud they are, both at once, and when.

use std::ops::Range;

use super::axis::{Axis, Tick, decibel_ticks, note_ticks, time_ticks};
use super::canvas::{Canvas, Rect, Rgb, colour};
use super::spectrogram::heat;
use super::text::{Align, Lettering};

/// What is drawn.
pub(crate) struct Material<'a> {
    /// What stands above.
    pub title: &'a str,
    /// Pitch in MIDI note numbers and loudness in dB of every frame with a note.
    pub notes: &'a [(f32, f32)],
    /// Loudness of every frame, one recording after the other.
    pub loudness_db: &'a [f32],
    /// Frames a second.
    pub frame_rate: f64,
    /// The frames that are held out.
    pub held_out: &'a [Range<usize>],
}

const WIDTH: i32 = 1600;
const HEIGHT: i32 = 1010;
const LEFT: i32 = 70;
const TITLE_SIZE: f32 = 19.0;
const HEADING_SIZE: f32 = 15.0;
const LABEL_SIZE: f32 = 13.0;
const HEADING_HEIGHT: i32 = 30;

/// Notes over loudness; how long notes are heard, above; how long levels are, at the right; the time line, below.
const COVERAGE: Rect = Rect { x: LEFT, y: 270, width: 1060, height: 400 };
const PITCH: Rect = Rect { x: LEFT, y: 80, width: 1060, height: 150 };
const LOUDNESS: Rect = Rect { x: 1200, y: 270, width: 330, height: 400 };
const TIME: Rect = Rect { x: LEFT, y: 770, width: 1460, height: 150 };

/// Wide enough for one note, and for one level.
const MARGIN_SEMITONES: f64 = 2.5;
const MARGIN_DB: f64 = 3.0;

/// The picture of a data set, as the bytes of a PNG file.
pub(crate) fn render(material: &Material<'_>) -> Result<Vec<u8>, super::Error> {
    draw(material).into_png().map_err(super::Error::Encode)
}

fn draw(material: &Material<'_>) -> Canvas {
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let letters = Lettering::new();
    let title = letters.fit(material.title, TITLE_SIZE, (WIDTH - 2 * LEFT) as f32);
    letters.draw(&mut canvas, &title, TITLE_SIZE, (LEFT as f32, 28.0), Align::Left, colour::INK);
    let notes: Vec<(f64, f64)> = material
        .notes
        .iter()
        .filter(|(midi, db)| (0.0..=140.0).contains(midi) && (-200.0..=200.0).contains(db))
        .map(|(midi, db)| (f64::from(*midi), f64::from(*db)))
        .collect();
    let pitch = around(notes.iter().map(|(midi, _)| *midi), MARGIN_SEMITONES, (57.0, 69.0));
    let loudness = around(notes.iter().map(|(_, db)| *db), MARGIN_DB, (-60.0, 0.0));
    let seconds = 1.0 / material.frame_rate.max(1e-3);

    draw_coverage(&mut canvas, &notes, pitch, loudness);
    // One column a semitone, and one row a decibel.
    let by_note = histogram(notes.iter().map(|(midi, _)| *midi), pitch, seconds);
    draw_columns(&mut canvas, &letters, &by_note, pitch);
    let by_level = histogram(notes.iter().map(|(_, db)| *db), loudness, seconds);
    draw_rows(&mut canvas, &letters, &by_level, loudness);
    draw_time(&mut canvas, &letters, material);

    for (rect, text) in [
        (PITCH, "Seconds of each note"),
        (COVERAGE, "Notes (across) at loudness in dB (up): the brighter, the longer"),
        (LOUDNESS, "Seconds at each loudness (dB)"),
        (TIME, "Loudness (dB) over time; green is held out"),
    ] {
        canvas.frame(rect, colour::BORDER);
        let at = (rect.x as f32, (rect.y - HEADING_HEIGHT / 2) as f32);
        letters.draw(&mut canvas, text, HEADING_SIZE, at, Align::Left, colour::INK);
    }
    for tick in note_ticks(pitch, COVERAGE.width / 2) {
        let at = (pitch.x(COVERAGE, tick.value), (COVERAGE.bottom() + 15) as f32);
        letters.draw(&mut canvas, &tick.label, LABEL_SIZE, at, Align::Centre, colour::INK);
    }
    for rect in [COVERAGE, LOUDNESS] {
        left_labels(&mut canvas, &letters, rect, loudness, &decibel_ticks(loudness, rect.height));
    }
    canvas
}

/// An axis around values; `instead` without any.
fn around(values: impl Iterator<Item = f64>, margin: f64, instead: (f64, f64)) -> Axis {
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(x), h.max(x)));
    let (low, high) = if low <= high { (low, high) } else { instead };
    Axis { low: (low - margin).floor() - 0.5, high: (high + margin).ceil() + 0.5 }
}

/// How long values round to each whole number of an axis.
fn histogram(values: impl Iterator<Item = f64>, axis: Axis, seconds: f64) -> Vec<f64> {
    let first = axis.low.ceil();
    let mut bars = vec![0.0; (axis.high - first).floor().max(0.0) as usize + 1];
    for value in values {
        if let Some(bar) = bars.get_mut((value.round() - first).max(0.0) as usize) {
            *bar += seconds;
        }
    }
    bars
}

fn draw_coverage(canvas: &mut Canvas, notes: &[(f64, f64)], pitch: Axis, loudness: Axis) {
    const CELL: i32 = 5;
    let (n_columns, n_rows) = (COVERAGE.width / CELL, COVERAGE.height / CELL);
    let mut cells = vec![0.0_f32; (n_columns * n_rows) as usize];
    for (midi, db) in notes {
        let column = (pitch.x(COVERAGE, *midi) as i32 - COVERAGE.x) / CELL;
        let row = (loudness.y(COVERAGE, *db) as i32 - COVERAGE.y) / CELL;
        if (0..n_columns).contains(&column) && (0..n_rows).contains(&row) {
            cells[(row * n_columns + column) as usize] += 1.0;
        }
    }
    let most = cells.iter().copied().fold(1.0_f32, f32::max);
    for (i, n) in cells.iter().enumerate() {
        let (column, row) = (i as i32 % n_columns, i as i32 / n_columns);
        let (x, y) = (COVERAGE.x + column * CELL, COVERAGE.y + row * CELL);
        // A single frame is seen beside ten thousand.
        let level = if *n > 0.0 { 0.15 + 0.85 * (1.0 + n).ln() / (1.0 + most).ln() } else { 0.0 };
        canvas.fill(Rect { x, y, width: CELL, height: CELL }, heat(level));
    }
}

fn draw_columns(canvas: &mut Canvas, letters: &Lettering, bars: &[f64], pitch: Axis) {
    let most = bars.iter().copied().fold(1e-9, f64::max);
    let axis = Axis { low: 0.0, high: most * 1.05 };
    for (bar, midi) in bars.iter().zip(pitch.low.ceil() as i64..) {
        let edge = |offset: f64| pitch.x(PITCH, midi as f64 + offset) as i32;
        let (x, top) = (edge(-0.5), axis.y(PITCH, *bar) as i32);
        let width = (edge(0.5) - x - 1).max(1);
        canvas.fill(Rect { x, y: top, width, height: PITCH.bottom() - top }, colour::BLUE);
    }
    left_labels(canvas, letters, PITCH, axis, &whole(most));
}

fn draw_rows(canvas: &mut Canvas, letters: &Lettering, bars: &[f64], loudness: Axis) {
    let most = bars.iter().copied().fold(1e-9, f64::max);
    let axis = Axis { low: 0.0, high: most * 1.05 };
    for (bar, db) in bars.iter().zip(loudness.low.ceil() as i64..) {
        let edge = |offset: f64| loudness.y(LOUDNESS, db as f64 + offset) as i32;
        let y = edge(0.5);
        let height = (edge(-0.5) - y - 1).max(1);
        let width = axis.x(LOUDNESS, *bar) as i32 - LOUDNESS.x;
        canvas.fill(Rect { x: LOUDNESS.x, y, width, height }, colour::BLUE);
    }
    for tick in whole(most) {
        let at = (axis.x(LOUDNESS, tick.value), (LOUDNESS.bottom() + 15) as f32);
        letters.draw(canvas, &tick.label, LABEL_SIZE, at, Align::Centre, colour::INK);
    }
}

fn draw_time(canvas: &mut Canvas, letters: &Lettering, material: &Material<'_>) {
    let Material { loudness_db, frame_rate, held_out, .. } = material;
    let n_frames = loudness_db.len().max(1);
    let axis = Axis { low: -80.0, high: 20.0 };
    let of_column = |x: i32| (i64::from(x) * n_frames as i64 / i64::from(TIME.width)) as usize;
    for x in 0..TIME.width {
        let frames = of_column(x)..(of_column(x + 1)).max(of_column(x) + 1).min(n_frames);
        let is_held_out = held_out.iter().any(|held| held.contains(&frames.start));
        let (ground, ink): (Rgb, Rgb) = if is_held_out {
            (colour::PALE_GREEN, colour::GREEN)
        } else {
            (colour::WHITE, colour::BLUE)
        };
        let column = Rect { x: TIME.x + x, width: 1, ..TIME };
        canvas.fill(column, ground);
        let values = loudness_db.get(frames).unwrap_or_default();
        let (low, high) =
            values.iter().fold((f32::MAX, f32::MIN), |(l, h), db| (l.min(*db), h.max(*db)));
        if low <= high {
            let (top, bottom) = (axis.y(TIME, high.into()), axis.y(TIME, low.into()));
            canvas.column(TIME.x + x, top, bottom, TIME, ink);
        }
    }
    left_labels(canvas, letters, TIME, axis, &decibel_ticks(axis, TIME.height));
    let time = Axis { low: 0.0, high: (n_frames as f64 / frame_rate).max(0.01) };
    for tick in time_ticks(time, TIME.width) {
        let at = (time.x(TIME, tick.value), (TIME.bottom() + 15) as f32);
        letters.draw(canvas, &tick.label, LABEL_SIZE, at, Align::Centre, colour::INK);
    }
    let unit = if time.high < 60.0 { "time (s)" } else { "time (m:ss)" };
    let at = ((TIME.x + TIME.width / 2) as f32, (TIME.bottom() + 37) as f32);
    letters.draw(canvas, unit, LABEL_SIZE, at, Align::Centre, colour::QUIET_INK);
}

/// Ticks of seconds: none, half and all of the most.
fn whole(most: f64) -> Vec<Tick> {
    let decimals = if most < 10.0 { 1 } else { 0 };
    let tick = |value: f64| Tick { value, label: format!("{value:.decimals$}") };
    [0.0, most / 2.0, most].map(tick).into()
}

fn left_labels(canvas: &mut Canvas, letters: &Lettering, rect: Rect, axis: Axis, ticks: &[Tick]) {
    for tick in ticks {
        let at = ((rect.x - 10) as f32, axis.y(rect, tick.value));
        letters.draw(canvas, &tick.label, LABEL_SIZE, at, Align::Right, colour::INK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn material<'a>(notes: &'a [(f32, f32)], loudness_db: &'a [f32]) -> Material<'a> {
        Material { title: "a name", notes, loudness_db, frame_rate: 250.0, held_out: &[] }
    }

    #[test]
    fn the_longest_note_has_the_highest_column_and_odd_material_is_drawn() {
        let notes = [vec![(60.0, -20.0); 500], vec![(64.2, -10.0); 250]].concat();
        let axis = around(notes.iter().map(|n| f64::from(n.0)), 2.5, (0.0, 1.0));
        let bars = histogram(notes.iter().map(|n| f64::from(n.0)), axis, 0.004);
        let at = |midi: f64| bars[(midi - axis.low.ceil()) as usize];
        assert!((at(60.0) - 2.0).abs() < 1e-9 && (at(64.0) - 1.0).abs() < 1e-9);
        assert_eq!(bars.iter().filter(|bar| **bar > 0.0).count(), 2);
        for notes in [&notes[..], &[], &[(f32::NAN, 0.0)], &[(f32::MAX, -1e9)]] {
            for loudness_db in [&[][..], &[-20.0; 3], &[f32::NAN; 2000]] {
                assert!(render(&material(notes, loudness_db)).unwrap().len() > 1000);
            }
        }
    }
}
