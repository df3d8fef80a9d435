//! The f0 row: a trace on a logarithmic axis, strong where voiced and faint where not.

use super::Panel;
use super::axis::{Axis, hz_to_midi};
use super::canvas::{Canvas, Mask, Rect, Rgb, colour};

pub(super) const VOICED: Rgb = colour::BLUE;
pub(super) const UNVOICED: Rgb = colour::FAINT;

/// From this confidence on a frame is voiced.
const VOICED_CONFIDENCE: f32 = 0.5;

/// Between neighbouring frames, a leap wider than this is a break, not a glide.
const LEAP_SEMITONES: f32 = 6.0;

/// Above this many frames a pixel, each frame is a speck instead of a stroke.
const STROKE_FRAMES_PER_PX: f64 = 3.0;

/// What to show of one panel's f0.
pub(super) struct Pitch {
    frame_rate: f64,
    /// Note number, not a number where there is no f0, and whether the frame is voiced.
    frames: Vec<(f32, bool)>,
}

impl Pitch {
    pub(super) fn measure(panel: &Panel<'_>) -> Self {
        let frame = |(index, &f0_hz): (usize, &f32)| {
            let note = match f0_hz {
                hz if hz > 0.0 && hz.is_finite() => hz_to_midi(f64::from(hz)) as f32,
                _ => f32::NAN,
            };
            let confidence = panel.f0_confidence.and_then(|confidence| confidence.get(index));
            (note, confidence.is_none_or(|c| *c >= VOICED_CONFIDENCE))
        };
        let frames = panel.f0_hz.iter().enumerate().map(frame).collect();
        Self { frame_rate: panel.frame_rate, frames }
    }

    /// The axis, in MIDI note numbers, on which all voiced frames fit; without any, all frames.
    pub(super) fn axis(pitches: &[Self]) -> Axis {
        let range = |unvoiced_too: bool| {
            let frames = pitches.iter().flat_map(|pitch| &pitch.frames);
            let shown = frames.filter(|(note, voiced)| (*voiced || unvoiced_too) && !note.is_nan());
            shown.fold(None, |range: Option<(f32, f32)>, &(note, _)| {
                Some(range.map_or((note, note), |(low, high)| (low.min(note), high.max(note))))
            })
        };
        // Without any f0: two octaves around middle C.
        let (low, high) = range(false).or_else(|| range(true)).unwrap_or((48.0, 72.0));
        // At least one octave, so that a steady note does not magnify its own jitter.
        let margin = ((12.0 - (high - low)) / 2.0).max(1.5);
        Axis { low: f64::from(low - margin), high: f64::from(high + margin) }
    }

    /// Whether there is no f0 at all.
    pub(super) fn is_empty(&self) -> bool {
        self.frames.iter().all(|(note, _)| note.is_nan())
    }

    /// Whether some frame is voiced, or unvoiced.
    pub(super) fn has(&self, voiced: bool) -> bool {
        self.frames.iter().any(|frame| frame.1 == voiced && !frame.0.is_nan())
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, rect: Rect, time: Axis, axis: Axis) {
        let frames_per_px = time.high * self.frame_rate / f64::from(rect.width);
        let mut masks = [Mask::new(rect), Mask::new(rect)];
        let mut previous = (f32::NAN, false, (0.0, 0.0));
        for (index, &(note, voiced)) in self.frames.iter().enumerate() {
            let x = time.x(rect, index as f64 / self.frame_rate);
            let point = (x, axis.y(rect, f64::from(note)));
            if !note.is_nan() && frames_per_px > STROKE_FRAMES_PER_PX {
                masks[usize::from(voiced)].speck(point);
                masks[usize::from(voiced)].speck((point.0, point.1 + 1.0));
            } else if !note.is_nan() {
                let joined = (note - previous.0).abs() <= LEAP_SEMITONES;
                let from = if joined { previous.2 } else { point };
                let strong = voiced && (previous.1 || !joined);
                let width = if strong { 2.5 } else { 1.5 };
                masks[usize::from(strong)].stroke(from, point, width);
            }
            previous = (note, voiced, point);
        }
        canvas.paint(&masks[0], UNVOICED);
        canvas.paint(&masks[1], VOICED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pitch(f0_hz: &[f32], f0_confidence: Option<&[f32]>) -> Pitch {
        Pitch::measure(&Panel {
            title: "",
            samples: &[],
            sample_rate: 16000,
            f0_hz,
            f0_confidence,
            loudness_db: &[],
            frame_rate: 250.0,
        })
    }

    #[test]
    fn the_axis_follows_voiced_frames() {
        let voiced = pitch(&[110.0, 880.0, 5000.0], Some(&[0.9, 0.5, f32::NAN]));
        assert_eq!(Pitch::axis(&[voiced]), Axis { low: 43.5, high: 82.5 });
        let unvoiced = pitch(&[440.0, 0.0, f32::NAN], Some(&[0.1, 0.9, 0.9]));
        assert_eq!(Pitch::axis(&[unvoiced]), Axis { low: 63.0, high: 75.0 });
        assert_eq!(Pitch::axis(&[pitch(&[], None)]), Axis { low: 46.5, high: 73.5 });
    }

    #[test]
    fn frames_without_confidence_are_voiced() {
        assert_eq!(pitch(&[440.0, 440.0], Some(&[0.2])).frames, [(69.0, false), (69.0, true)]);
    }
}
