//! Charts below each other: bars and maps, for what is no sound.

use super::axis::{Axis, Tick};
use super::canvas::{Canvas, Rect, colour};
use super::spectrogram::heat;
use super::text::{Align, Lettering};

const WIDTH: i32 = 1000;
const LEFT: i32 = 70;
const RIGHT: i32 = 30;
const HEIGHT: i32 = 200;
const HEADING: i32 = 36;
const FOOT: i32 = 34;
const HEADING_SIZE: f32 = 15.0;
const LABEL_SIZE: f32 = 13.0;

/// One chart.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// What stands above it.
    pub(crate) title: String,
    /// What is drawn.
    pub(crate) kind: Kind,
    /// Labels along the foot, by position from 0 to 1.
    pub(crate) x_labels: Vec<(f64, String)>,
    /// Labels at the left, by position from 0, the foot, to 1.
    pub(crate) y_labels: Vec<(f64, String)>,
}

/// What a chart shows.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Heights from 0 to 1.
    Bars(Vec<f64>),
    /// Brightnesses from 0 to 1 in columns, each from the foot to the top.
    Map(Vec<Vec<f64>>),
}

/// The picture of charts, as the bytes of a PNG file.
///
/// *Errors*: the encoder fails.
pub(crate) fn charts(charts: &[Chart]) -> Result<Vec<u8>, png::EncodingError> {
    let each = HEADING + HEIGHT + FOOT;
    let mut canvas = Canvas::new(WIDTH, each * charts.len() as i32 + 10);
    let lettering = Lettering::new();
    for (i, chart) in (0..).zip(charts) {
        let y = i * each + HEADING;
        let rect = Rect { x: LEFT, y, width: WIDTH - LEFT - RIGHT, height: HEIGHT };
        chart.draw(&mut canvas, &lettering, rect);
    }
    canvas.into_png()
}

const UNIT: Axis = Axis { low: 0.0, high: 1.0 };

impl Chart {
    fn draw(&self, canvas: &mut Canvas, lettering: &Lettering, rect: Rect) {
        let at = (rect.x as f32, rect.y as f32 - HEADING as f32 / 2.0);
        let title = lettering.fit(&self.title, HEADING_SIZE, rect.width as f32);
        lettering.draw(canvas, &title, HEADING_SIZE, at, Align::Left, colour::INK);
        let ticks = |labels: &[(f64, String)]| -> Vec<Tick> {
            let tick =
                |(value, label): &(f64, String)| Tick { value: *value, label: label.clone() };
            labels.iter().map(tick).collect()
        };
        for tick in ticks(&self.y_labels) {
            let y = UNIT.y(rect, tick.value);
            canvas.fill(Rect { y: y as i32, height: 1, ..rect }, colour::GRID);
            let at = ((rect.x - 8) as f32, y);
            lettering.draw(canvas, &tick.label, LABEL_SIZE, at, Align::Right, colour::INK);
        }
        for tick in ticks(&self.x_labels) {
            let at = (UNIT.x(rect, tick.value), (rect.bottom() + 15) as f32);
            lettering.draw(canvas, &tick.label, LABEL_SIZE, at, Align::Centre, colour::INK);
        }
        match &self.kind {
            Kind::Bars(heights) => bars(canvas, rect, heights),
            Kind::Map(columns) => map(canvas, rect, columns),
        }
        canvas.frame(rect, colour::BORDER);
    }
}

fn bars(canvas: &mut Canvas, rect: Rect, heights: &[f64]) {
    let edge = |i: usize| UNIT.x(rect, i as f64 / heights.len() as f64) as i32;
    for (i, height) in heights.iter().enumerate() {
        let top = UNIT.y(rect, height.clamp(0.0, 1.0)) as i32;
        let (x, width) = (edge(i) + 1, edge(i + 1) - edge(i) - 1);
        let bar = Rect { x, y: top, width: width.max(1), height: rect.bottom() - top };
        canvas.fill(bar, colour::BLUE);
    }
}

fn map(canvas: &mut Canvas, rect: Rect, columns: &[Vec<f64>]) {
    let x = |i: usize| UNIT.x(rect, i as f64 / columns.len() as f64) as i32;
    for (i, column) in columns.iter().enumerate() {
        let y = |k: usize| UNIT.y(rect, k as f64 / column.len() as f64) as i32;
        for (k, &level) in column.iter().enumerate() {
            let cell =
                Rect { x: x(i), y: y(k + 1), width: x(i + 1) - x(i), height: y(k) - y(k + 1) };
            canvas.fill(cell, heat(level.clamp(0.0, 1.0) as f32));
        }
    }
}
