//! The waveform row: peak and RMS envelopes, or the samples themselves where there is room for them.

use super::Panel;
use super::axis::{Axis, round_up};
use super::canvas::{Canvas, Mask, Rect, Rgb, colour};

pub(super) const PEAK: Rgb = colour::PALE_BLUE;
pub(super) const RMS: Rgb = colour::BLUE;
pub(super) const CLIPPED: Rgb = colour::VERMILION;

/// From here on a sample counts as clipped: the largest value of 16-bit audio.
const CLIP_LEVEL: f32 = 32767.0 / 32768.0;

/// Below this many samples a pixel, the samples are drawn as a line.
const LINE_SAMPLES_PER_PX: f64 = 4.0;

/// What a column of pixels shows of the samples under it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Extent {
    low: f32,
    high: f32,
    rms: f32,
    n_clipped: u32,
}

/// One panel's waveform, measured for the width of its column.
pub(super) struct Waveform<'a> {
    samples: &'a [f32],
    samples_per_px: f64,
    extents: Vec<Extent>,
}

impl<'a> Waveform<'a> {
    pub(super) fn measure(panel: &Panel<'a>, time: Axis, rect: Rect) -> Self {
        let samples = panel.samples;
        let n_shown = time.high * f64::from(panel.sample_rate);
        let samples_per_px = n_shown / f64::from(rect.width);
        let extents = (0..rect.width)
            .map_while(|column| {
                let start = (f64::from(column) * samples_per_px) as usize;
                // One sample more than the column holds, so that neighbouring columns touch.
                let end = ((f64::from(column + 1) * samples_per_px) as usize).saturating_add(1);
                let under = samples.get(start..end.min(samples.len()))?;
                (!under.is_empty()).then(|| extent(under))
            })
            .collect();
        Self { samples, samples_per_px, extents }
    }

    /// Whether envelopes are drawn, not samples.
    pub(super) fn shows_envelopes(&self) -> bool {
        self.samples_per_px >= LINE_SAMPLES_PER_PX
    }

    /// How many samples are clipped.
    pub(super) fn n_clipped(&self) -> usize {
        if self.extents.iter().all(|extent| extent.n_clipped == 0) {
            return 0;
        }
        self.samples.iter().filter(|x| x.abs() >= CLIP_LEVEL).count()
    }

    /// The axis on which all of `waveforms` fit.
    pub(super) fn axis(waveforms: &[Self]) -> Axis {
        let extents = waveforms.iter().flat_map(|waveform| &waveform.extents);
        let peak = extents.fold(0.01, |peak: f32, e| peak.max(e.high).max(-e.low));
        let high = round_up(f64::from(peak));
        Axis { low: -high, high }
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, rect: Rect, axis: Axis) {
        let y = |value: f32| axis.y(rect, f64::from(value));
        if !self.shows_envelopes() {
            self.draw_line(canvas, rect, y);
        } else {
            for (x, e) in (rect.x..).zip(&self.extents) {
                canvas.column(x, y(e.high), y(e.low), rect, PEAK);
                let (top, bottom) = (y(e.rms.min(e.high)), y((-e.rms).max(e.low)));
                if top < bottom {
                    canvas.column(x, top, bottom, rect, RMS);
                }
            }
        }
        for (x, _) in (rect.x..).zip(&self.extents).filter(|(_, e)| e.n_clipped > 0) {
            let mark = Rect { x: x.min(rect.right() - 2), y: rect.y, width: 2, height: 6 };
            canvas.fill(mark, CLIPPED);
            canvas.fill(Rect { y: rect.bottom() - mark.height, ..mark }, CLIPPED);
        }
    }

    fn draw_line(&self, canvas: &mut Canvas, rect: Rect, y: impl Fn(f32) -> f32) {
        let point = |index: usize| {
            let x = f64::from(rect.x) + index as f64 / self.samples_per_px;
            (x as f32, y(finite(self.samples[index])))
        };
        let mut mask = Mask::new(rect);
        let n_shown = (f64::from(rect.width) * self.samples_per_px).ceil() as usize + 1;
        for index in 0..self.samples.len().min(n_shown) {
            mask.stroke(point(index.saturating_sub(1)), point(index), 1.5);
        }
        canvas.paint(&mask, RMS);
    }
}

/// Silence for what is not a number.
fn finite(x: f32) -> f32 {
    if x.is_finite() { x } else { 0.0 }
}

/// The extent of at least one sample.
fn extent(samples: &[f32]) -> Extent {
    // Sixteen independent lanes, which the compiler turns into vectors.
    const LANES: usize = 16;
    let mut low = [f32::INFINITY; LANES];
    let mut high = [f32::NEG_INFINITY; LANES];
    let mut squares = [0.0f32; LANES];
    let mut n_clipped = [0u32; LANES];
    let mut take = |chunk: &[f32]| {
        for (lane, &x) in chunk.iter().enumerate() {
            let x = finite(x);
            low[lane] = if x < low[lane] { x } else { low[lane] };
            high[lane] = if x > high[lane] { x } else { high[lane] };
            squares[lane] += x * x;
            n_clipped[lane] += u32::from(x.abs() >= CLIP_LEVEL);
        }
    };
    let chunks = samples.chunks_exact(LANES);
    let rest = chunks.remainder();
    chunks.for_each(&mut take);
    take(rest);
    Extent {
        low: low.into_iter().fold(f32::INFINITY, f32::min),
        high: high.into_iter().fold(f32::NEG_INFINITY, f32::max),
        rms: (squares.iter().sum::<f32>() / samples.len() as f32).sqrt(),
        n_clipped: n_clipped.iter().sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extent_holds_peak_rms_and_clipping() {
        let mut samples: Vec<f32> = (0..1000).map(|n| (n as f32 * 0.1).sin() * 0.5).collect();
        samples[501] = -1.0;
        samples[777] = f32::NAN;
        samples[778] = f32::INFINITY;
        let found = extent(&samples);
        assert_eq!((found.low, found.n_clipped), (-1.0, 1));
        assert!((found.high - 0.5).abs() < 1e-3);
        assert!((found.rms - 0.5 / 2f32.sqrt()).abs() < 3e-3);
    }

    #[test]
    fn the_axis_holds_the_loudest_waveform() {
        let extent = Extent { low: -0.31, high: 0.2, rms: 0.1, n_clipped: 0 };
        let loud = Waveform { samples: &[], samples_per_px: 100.0, extents: vec![extent] };
        let silent = Waveform { samples: &[], samples_per_px: 100.0, extents: vec![] };
        assert_eq!(Waveform::axis(&[silent, loud]), Axis { low: -0.5, high: 0.5 });
    }
}
