//! The loudness row: a filled curve.

use super::Panel;
use super::axis::Axis;
use super::canvas::{Canvas, Mask, Rect, Rgb, colour};

pub(super) const LINE: Rgb = colour::GREEN;
pub(super) const BAND: Rgb = colour::MID_GREEN;
const AREA: Rgb = colour::PALE_GREEN;

/// The axis reaches at most this far below the loudest frame.
const RANGE_DB: f64 = 100.0;

/// One panel's loudness.
pub(super) struct Loudness<'a> {
    frame_rate: f64,
    frames_db: &'a [f32],
}

impl<'a> Loudness<'a> {
    pub(super) fn measure(panel: &Panel<'a>) -> Self {
        Self { frame_rate: panel.frame_rate, frames_db: panel.loudness_db }
    }

    /// The axis on which all frames fit, down to [`RANGE_DB`] below the loudest.
    pub(super) fn axis(loudnesses: &[Self]) -> Axis {
        let frames = loudnesses.iter().flat_map(|loudness| loudness.frames_db);
        let finite = frames.copied().filter(|db| db.is_finite()).map(f64::from);
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), db| {
            (low.min(db), high.max(db))
        });
        if low > high {
            return Axis { low: -80.0, high: 0.0 };
        }
        let high = ((high + 1.0) / 10.0).ceil() * 10.0;
        let low = ((low - 1.0) / 10.0).floor() * 10.0;
        Axis { low: low.clamp(high - RANGE_DB, high - 20.0), high }
    }

    /// Whether there is nothing to draw.
    pub(super) fn is_empty(&self) -> bool {
        self.frames_db.iter().all(|db| db.is_nan())
    }

    /// Whether a column of pixels holds enough frames to show how they spread.
    pub(super) fn shows_spread(&self, time: Axis, rect: Rect) -> bool {
        time.high * self.frame_rate > 2.0 * f64::from(rect.width)
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, rect: Rect, time: Axis, axis: Axis) {
        let frames_per_px = time.high * self.frame_rate / f64::from(rect.width);
        let y = |db: f32| axis.y(rect, f64::from(db));
        let foot = rect.bottom() as f32;
        let mut line = Mask::new(rect);
        let mut previous = None;
        for x in rect.x..rect.right() {
            let from = f64::from(x - rect.x) * frames_per_px;
            let spread = self.spread(from, from + frames_per_px, axis.low as f32);
            let point = spread.map(|spread| (x as f32 + 0.5, y(spread.mean)));
            if let (Some(spread), Some(point)) = (spread, point) {
                canvas.column(x, y(spread.high), foot, rect, AREA);
                canvas.column(x, y(spread.high), y(spread.low), rect, BAND);
                line.stroke(previous.unwrap_or(point), point, 2.0);
            }
            previous = point;
        }
        canvas.paint(&line, LINE);
    }

    /// A frame, no lower than `floor_db`; nothing where it is not a number or missing.
    fn frame(&self, index: usize, floor_db: f32) -> Option<f32> {
        let db = *self.frames_db.get(index)?;
        (!db.is_nan()).then(|| db.clamp(floor_db, f32::MAX))
    }

    /// What the curve does between two positions, counted in frames.
    fn spread(&self, from: f64, to: f64, floor_db: f32) -> Option<Spread> {
        let between = |position: f64| {
            let index = position as usize;
            let here = self.frame(index, floor_db)?;
            let fraction = (position - index as f64) as f32;
            if fraction == 0.0 {
                return Some(here);
            }
            Some(here + (self.frame(index + 1, floor_db)? - here) * fraction)
        };
        let inside = (from.ceil() as usize)..=(to as usize).min(self.frames_db.len());
        let inside = inside.filter_map(|index| self.frame(index, floor_db));
        let values = [between(from), between(to)].into_iter().flatten().chain(inside);
        let (mut low, mut high, mut sum, mut count) = (f32::MAX, f32::MIN, 0.0, 0.0);
        for db in values {
            (low, high, sum, count) = (low.min(db), high.max(db), sum + db, count + 1.0);
        }
        (count > 0.0).then(|| Spread { low, mean: sum / count, high })
    }
}

/// The curve under one column of pixels, in dB.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    low: f32,
    mean: f32,
    high: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loudness(frames_db: &[f32]) -> Loudness<'_> {
        Loudness { frame_rate: 250.0, frames_db }
    }

    #[test]
    fn the_axis_ends_on_tens() {
        assert_eq!(Loudness::axis(&[loudness(&[-52.0, -13.0])]), Axis { low: -60.0, high: -10.0 });
        let silence = [f32::NEG_INFINITY, -300.0, -5.0, f32::NAN];
        assert_eq!(Loudness::axis(&[loudness(&silence)]), Axis { low: -100.0, high: 0.0 });
        assert_eq!(Loudness::axis(&[loudness(&[-35.0; 9])]), Axis { low: -50.0, high: -30.0 });
        assert_eq!(Loudness::axis(&[loudness(&[])]), Axis { low: -80.0, high: 0.0 });
    }

    #[test]
    fn a_spread_follows_the_curve_between_frames() {
        let curve = loudness(&[-40.0, -20.0, -30.0, f32::NAN, -10.0]);
        let spread = |from, to| curve.spread(from, to, -80.0);
        let (low, mean, high) = (-35.0, -32.5, -30.0);
        assert_eq!(spread(0.25, 0.5), Some(Spread { low, mean, high }));
        let (low, mean, high) = (-30.0, -27.5, -20.0);
        assert_eq!(spread(0.5, 2.0), Some(Spread { low, mean, high }));
        assert_eq!(spread(2.5, 2.9), None);
        assert_eq!(spread(7.0, 9.0), None);
    }
}
