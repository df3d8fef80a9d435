//! Where everything stands: columns, rows, headings, ticks and legends.

use super::Panel;
use super::axis::{Axis, Tick, amplitude_ticks, decibel_ticks, midi_to_hz, note_ticks, time_ticks};
use super::canvas::{Canvas, Rect, Rgb, colour};
use super::loudness::{self, Loudness};
use super::pitch::{self, Pitch};
use super::spectrogram::{self, Spectrogram};
use super::text::{Align, Lettering};
use super::waveform::{self, Waveform};

/// Sizes of lettering, in pixels per em.
const TITLE_SIZE: f32 = 19.0;
const HEADING_SIZE: f32 = 15.0;
const LABEL_SIZE: f32 = 13.0;

/// Margins and gaps, in pixels.
const LEFT: i32 = 60;
const RIGHT: i32 = 84;
const COLUMN_GAP: i32 = 48;
const TITLE_HEIGHT: i32 = 46;
const HEADING_HEIGHT: i32 = 30;
const ROW_GAP: i32 = 12;
const FOOT: i32 = 58;

/// Heights of waveform, spectrogram, f0 and loudness.
const ROW_HEIGHTS: [i32; 4] = [120, 330, 220, 130];

/// The shortest time shown, so that one sample has an axis too.
const MIN_DURATION_S: f64 = 0.01;

/// Draws one or two panels that have been checked.
pub(super) fn draw(panels: &[Panel<'_>], width: i32) -> Canvas {
    let mut picture = Picture::new(panels, width);
    picture.draw_titles(panels);
    picture.draw_waveforms(panels);
    picture.draw_spectrograms(panels);
    picture.draw_pitches(panels);
    picture.draw_loudnesses(panels);
    picture.draw_times();
    picture.canvas
}

/// The canvas, with what all rows share.
struct Picture {
    canvas: Canvas,
    lettering: Lettering,
    n_columns: i32,
    column_width: i32,
    time: Axis,
    time_ticks: Vec<Tick>,
}

impl Picture {
    fn new(panels: &[Panel<'_>], width: i32) -> Self {
        let n_columns = panels.len() as i32;
        let column_width = (width - LEFT - RIGHT - (n_columns - 1) * COLUMN_GAP) / n_columns;
        let rows: i32 = ROW_HEIGHTS.iter().map(|height| height + HEADING_HEIGHT + ROW_GAP).sum();
        let time = Axis { low: 0.0, high: panels.iter().fold(MIN_DURATION_S, longer) };
        Self {
            canvas: Canvas::new(width, TITLE_HEIGHT + rows - ROW_GAP + FOOT),
            lettering: Lettering::new(),
            n_columns,
            column_width,
            time,
            time_ticks: time_ticks(time, column_width),
        }
    }

    fn rect(&self, row: usize, column: usize) -> Rect {
        let above: i32 = ROW_HEIGHTS[..row].iter().sum();
        Rect {
            x: LEFT + column as i32 * (self.column_width + COLUMN_GAP),
            y: TITLE_HEIGHT + HEADING_HEIGHT + row as i32 * (HEADING_HEIGHT + ROW_GAP) + above,
            width: self.column_width,
            height: ROW_HEIGHTS[row],
        }
    }

    fn rects(&self, row: usize) -> Vec<Rect> {
        (0..self.n_columns as usize).map(|column| self.rect(row, column)).collect()
    }

    fn last_rect(&self, row: usize) -> Rect {
        self.rect(row, self.n_columns as usize - 1)
    }

    fn draw_titles(&mut self, panels: &[Panel<'_>]) {
        for (rect, panel) in self.rects(0).into_iter().zip(panels) {
            let title = self.lettering.fit(panel.title, TITLE_SIZE, rect.width as f32);
            let middle = rect.x as f32 + rect.width as f32 / 2.0;
            let y = TITLE_HEIGHT as f32 / 2.0 + 4.0;
            self.text(&title, TITLE_SIZE, (middle, y), Align::Centre, colour::INK);
        }
    }

    fn draw_waveforms(&mut self, panels: &[Panel<'_>]) {
        let rects = self.rects(0);
        let measure = |(panel, rect)| Waveform::measure(panel, self.time, rect);
        let waveforms: Vec<_> = panels.iter().zip(rects.iter().copied()).map(measure).collect();
        let axis = Waveform::axis(&waveforms);
        self.ground(0, axis, &amplitude_ticks(axis));
        for (waveform, rect) in waveforms.iter().zip(rects) {
            waveform.draw(&mut self.canvas, rect, axis);
        }
        self.heading(0, "Waveform");
        let mut legend = Vec::new();
        if waveforms.iter().any(Waveform::shows_envelopes) {
            legend.push((waveform::PEAK, "peak".into()));
            legend.push((waveform::RMS, "RMS".into()));
        }
        let clipped: Vec<usize> = waveforms.iter().map(Waveform::n_clipped).collect();
        match *clipped {
            [n] if n > 0 => legend.push((waveform::CLIPPED, format!("clipped: {n} samples"))),
            [a, b] if a + b > 0 => {
                legend.push((waveform::CLIPPED, format!("clipped: {a} and {b} samples")));
            }
            _ => {}
        }
        self.legend(0, &legend);
    }

    fn draw_spectrograms(&mut self, panels: &[Panel<'_>]) {
        let rates = panels.iter().map(|panel| f64::from(panel.sample_rate));
        let high_hz = rates.fold(0.0, f64::max) / 2.0;
        let rects = self.rects(1);
        let measure = |(panel, rect)| Spectrogram::measure(panel, self.time, rect, high_hz);
        let spectrograms: Vec<_> = panels.iter().zip(rects.iter().copied()).map(measure).collect();
        let top_db = Spectrogram::top_db(&spectrograms);
        let axis = spectrogram::axis(high_hz);
        let ticks = spectrogram::frequency_ticks(axis, rects[0]);
        self.ground(1, axis, &ticks);
        for (spectrogram, rect) in spectrograms.iter().zip(rects) {
            spectrogram.draw(&mut self.canvas, rect, top_db);
        }
        self.heading(1, "Spectrogram (Hz)");
        self.colour_bar();
    }

    fn draw_pitches(&mut self, panels: &[Panel<'_>]) {
        let pitches: Vec<_> = panels.iter().map(Pitch::measure).collect();
        let axis = Pitch::axis(&pitches);
        let last = self.last_rect(2);
        let ticks = note_ticks(axis, last.height);
        self.ground(2, axis, &ticks);
        for (pitch, rect) in pitches.iter().zip(self.rects(2)) {
            pitch.draw(&mut self.canvas, rect, self.time, axis);
            if pitch.is_empty() {
                self.remark(rect, "no f0");
            }
        }
        for tick in &ticks {
            let at = ((last.right() + 8) as f32, axis.y(last, tick.value));
            let label = format!("{:.0} Hz", midi_to_hz(tick.value));
            self.text(&label, LABEL_SIZE, at, Align::Left, colour::QUIET_INK);
        }
        self.heading(2, "Fundamental frequency");
        let kinds = [
            (true, pitch::VOICED, "voiced"),
            (false, pitch::UNVOICED, "unvoiced (confidence below 0.5)"),
        ];
        let shown = kinds.iter().filter(|kind| pitches.iter().any(|pitch| pitch.has(kind.0)));
        let legend: Vec<_> = shown.map(|kind| (kind.1, kind.2.to_owned())).collect();
        self.legend(2, &legend);
    }

    fn draw_loudnesses(&mut self, panels: &[Panel<'_>]) {
        let loudnesses: Vec<_> = panels.iter().map(Loudness::measure).collect();
        let axis = Loudness::axis(&loudnesses);
        self.ground(3, axis, &decibel_ticks(axis, ROW_HEIGHTS[3]));
        for (loudness, rect) in loudnesses.iter().zip(self.rects(3)) {
            loudness.draw(&mut self.canvas, rect, self.time, axis);
            if loudness.is_empty() {
                self.remark(rect, "no loudness");
            }
        }
        self.heading(3, "Loudness (dB)");
        let last = self.last_rect(3);
        if loudnesses.iter().any(|loudness| loudness.shows_spread(self.time, last)) {
            let legend = [(loudness::BAND, "range".into()), (loudness::LINE, "mean".into())];
            self.legend(3, &legend);
        }
    }

    fn draw_times(&mut self) {
        let unit = if self.time.high < 60.0 { "time (s)" } else { "time (m:ss)" };
        for rect in self.rects(3) {
            for tick in self.time_ticks.clone() {
                let at = (self.time.x(rect, tick.value), (rect.bottom() + 15) as f32);
                self.text(&tick.label, LABEL_SIZE, at, Align::Centre, colour::INK);
            }
            let middle = rect.x as f32 + rect.width as f32 / 2.0;
            let at = (middle, (rect.bottom() + 37) as f32);
            self.text(unit, LABEL_SIZE, at, Align::Centre, colour::QUIET_INK);
        }
    }

    /// Frames of a row's cells, grid lines at its ticks and at those of time, and labels at the left.
    fn ground(&mut self, row: usize, axis: Axis, ticks: &[Tick]) {
        for rect in self.rects(row) {
            for tick in &self.time_ticks {
                let x = (self.time.x(rect, tick.value) as i32).min(rect.right() - 1);
                self.canvas.fill(Rect { x, width: 1, ..rect }, colour::GRID);
            }
            for tick in ticks {
                let y = (axis.y(rect, tick.value) as i32).min(rect.bottom() - 1);
                self.canvas.fill(Rect { y, height: 1, ..rect }, colour::GRID);
                let x = rect.x - 5;
                self.canvas.fill(Rect { x, y, width: 4, height: 1 }, colour::BORDER);
            }
            self.canvas.frame(rect, colour::BORDER);
        }
        let first = self.rect(row, 0);
        for tick in ticks {
            let at = ((first.x - 10) as f32, axis.y(first, tick.value));
            self.text(&tick.label, LABEL_SIZE, at, Align::Right, colour::INK);
        }
    }

    fn heading(&mut self, row: usize, text: &str) {
        let rect = self.rect(row, 0);
        let at = (rect.x as f32, rect.y as f32 - HEADING_HEIGHT as f32 / 2.0);
        self.text(text, HEADING_SIZE, at, Align::Left, colour::INK);
    }

    /// A word in the middle of an empty cell.
    fn remark(&mut self, rect: Rect, text: &str) {
        let (x, y) = (rect.x + rect.width / 2, rect.y + rect.height / 2);
        let size = self.lettering.width(text, HEADING_SIZE).ceil() as i32 + 16;
        let ground = Rect { x: x - size / 2, y: y - 12, width: size, height: 24 };
        self.canvas.fill(ground, colour::WHITE);
        self.text(text, HEADING_SIZE, (x as f32, y as f32), Align::Centre, colour::QUIET_INK);
    }

    /// Swatches with their meaning, at the right end of the heading.
    fn legend(&mut self, row: usize, entries: &[(Rgb, String)]) {
        const SWATCH: i32 = 12;
        let rect = self.last_rect(row);
        let y = rect.y - HEADING_HEIGHT / 2;
        let mut right = rect.right();
        for (colour, meaning) in entries.iter().rev() {
            let at = (right as f32, y as f32);
            self.text(meaning, LABEL_SIZE, at, Align::Right, colour::QUIET_INK);
            let x = right - self.lettering.width(meaning, LABEL_SIZE).ceil() as i32 - SWATCH - 6;
            let swatch = Rect { x, y: y - SWATCH / 2, width: SWATCH, height: SWATCH };
            self.canvas.fill(swatch, *colour);
            right = x - 18;
        }
    }

    /// What the spectrogram's colours mean.
    fn colour_bar(&mut self) {
        let row = self.last_rect(1);
        let bar = Rect { x: row.right() + 16, width: 14, ..row };
        let axis = Axis { low: -f64::from(spectrogram::RANGE_DB), high: 0.0 };
        for y in bar.y..bar.bottom() {
            let level = (bar.bottom() - 1 - y) as f32 / (bar.height - 1) as f32;
            self.canvas.fill(Rect { y, height: 1, ..bar }, spectrogram::heat(level));
        }
        self.canvas.frame(bar, colour::BORDER);
        for tick in decibel_ticks(axis, bar.height / 2) {
            let at = ((bar.right() + 7) as f32, axis.y(bar, tick.value));
            self.text(&tick.label, LABEL_SIZE, at, Align::Left, colour::INK);
        }
        let at = (row.right() as f32, row.y as f32 - HEADING_HEIGHT as f32 / 2.0);
        let meaning = "dB relative to the loudest point";
        self.text(meaning, LABEL_SIZE, at, Align::Right, colour::QUIET_INK);
    }

    fn text(&mut self, text: &str, size: f32, at: (f32, f32), align: Align, colour: Rgb) {
        self.lettering.draw(&mut self.canvas, text, size, at, align, colour);
    }
}

/// The longer of a duration and what a panel holds, in seconds.
fn longer(duration_s: f64, panel: &Panel<'_>) -> f64 {
    let n_frames = panel.f0_hz.len().max(panel.loudness_db.len());
    let features_s = n_frames.saturating_sub(1) as f64 / panel.frame_rate;
    let audio_s = panel.samples.len() as f64 / f64::from(panel.sample_rate);
    duration_s.max(audio_s).max(features_s)
}
