//! Axes: where a value lies, and which values are worth a label.

use super::canvas::Rect;

/// A range of values, laid along a side of a rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    pub low: f64,
    pub high: f64,
}

/// A labelled value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub value: f64,
    pub label: String,
}

impl Axis {
    /// Pixels from the left, with `low` at the left side of `rect`.
    pub(super) fn x(&self, rect: Rect, value: f64) -> f32 {
        rect.x as f32 + (self.fraction(value) * f64::from(rect.width)) as f32
    }

    /// Pixels from the top, with `low` at the foot of `rect`.
    pub(super) fn y(&self, rect: Rect, value: f64) -> f32 {
        rect.bottom() as f32 - (self.fraction(value) * f64::from(rect.height)) as f32
    }

    fn fraction(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// How much the value changes over `gap_px` of `length_px`.
    fn gap(&self, length_px: i32, gap_px: f64) -> f64 {
        (self.high - self.low) * gap_px / f64::from(length_px.max(1))
    }
}

/// The hertz of a MIDI note number; A4, note 69, is 440 Hz.
pub(super) fn midi_to_hz(midi: f64) -> f64 {
    440.0 * ((midi - 69.0) / 12.0).exp2()
}

/// The MIDI note number, with fraction, of a frequency above zero.
pub(super) fn hz_to_midi(hz: f64) -> f64 {
    69.0 + 12.0 * (hz / 440.0).log2()
}

/// `value` rounded up to 1, 2 or 5 times a power of ten.
pub(super) fn round_up(value: f64) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    // The margin keeps 0.2 from becoming 0.5 where 0.2 / 0.1 comes out above 2.
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| value <= f * decade * (1.0 + 1e-9));
    factor.unwrap_or(10.0) * decade
}

/// Ticks in seconds below one minute, in m:ss from there.
pub(super) fn time_ticks(axis: Axis, width_px: i32) -> Vec<Tick> {
    const WHOLE_STEPS_S: [f64; 12] =
        [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0];
    let gap_s = axis.gap(width_px, 64.0);
    let step_s = if gap_s <= 1.0 {
        round_up(gap_s)
    } else {
        let found = WHOLE_STEPS_S.into_iter().find(|step| *step >= gap_s);
        found.unwrap_or_else(|| round_up(gap_s / 3600.0) * 3600.0)
    };
    let decimals = (-step_s.log10() - 1e-9).ceil().max(0.0) as usize;
    multiples(axis, step_s, |value| {
        if axis.high < 60.0 {
            format!("{value:.decimals$}")
        } else {
            let whole_s = value.round() as u64;
            format!("{}:{:02}", whole_s / 60, whole_s % 60)
        }
    })
}

/// Ticks of an axis in decibels.
pub(super) fn decibel_ticks(axis: Axis, height_px: i32) -> Vec<Tick> {
    let step_db = round_up(axis.gap(height_px, 26.0).max(5.0));
    multiples(axis, step_db, |value| signed(value, 0))
}

/// Ticks of a symmetric axis in linear amplitude: its ends and its middle.
pub(super) fn amplitude_ticks(axis: Axis) -> Vec<Tick> {
    let decimals = if axis.high < 1.0 { (-axis.high.log10() - 1e-9).ceil() as usize } else { 0 };
    let tick = |value| Tick { value, label: signed(value, decimals) };
    [axis.low, 0.0, axis.high].map(tick).into()
}

/// Ticks at note names for an axis in MIDI note numbers: every semitone, the white keys, C, E and A, C
/// and G, or C alone, as many as there is room for.
pub(super) fn note_ticks(axis: Axis, height_px: i32) -> Vec<Tick> {
    const NAMES: [&str; 12] = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
    // Each choice with the semitones of its narrowest step.
    const CHOICES: [(&[usize], f64); 5] = [
        (&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 1.0),
        (&[0, 2, 4, 5, 7, 9, 11], 1.0),
        (&[0, 4, 9], 3.0),
        (&[0, 7], 5.0),
        (&[0], 12.0),
    ];
    let gap = axis.gap(height_px, 17.0);
    let (keys, _) = CHOICES.into_iter().find(|(_, step)| *step >= gap).unwrap_or(CHOICES[4]);
    let notes = axis.low.ceil() as i64..=axis.high.floor() as i64;
    notes
        .filter_map(|note| {
            let key = note.rem_euclid(12) as usize;
            let label = format!("{}{}", NAMES[key], note.div_euclid(12) - 1);
            keys.contains(&key).then_some(Tick { value: note as f64, label })
        })
        .collect()
}

/// Ticks at multiples of `step` inside `axis`.
fn multiples(axis: Axis, step: f64, label: impl Fn(f64) -> String) -> Vec<Tick> {
    // The margin keeps an end that is a multiple but for rounding.
    let first = (axis.low / step - 1e-6).ceil() as i64;
    let last = (axis.high / step + 1e-6).floor() as i64;
    let tick = |index| {
        let value = index as f64 * step;
        Tick { value, label: label(value) }
    };
    (first..=last).map(tick).collect()
}

/// A number with a true minus sign, which is as wide as a digit.
fn signed(value: f64, decimals: usize) -> String {
    let magnitude = format!("{:.decimals$}", value.abs());
    if value < 0.0 { format!("−{magnitude}") } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn numbers_round_up_to_one_two_five() {
        for (value, rounded) in [(0.2, 0.2), (0.21, 0.5), (1.0, 1.0), (6.0, 10.0), (0.013, 0.02)] {
            assert!(
                (round_up(value) - rounded).abs() < 1e-12,
                "{value} became {}",
                round_up(value)
            );
        }
    }

    #[test]
    fn time_is_in_seconds_then_in_minutes() {
        let ticks = |high, width_px| time_ticks(Axis { low: 0.0, high }, width_px);
        assert_eq!(labels(&ticks(3.3, 400)), ["0", "1", "2", "3"]);
        assert_eq!(labels(&ticks(3.3, 500)), ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0"]);
        assert_eq!(labels(&ticks(0.01, 200)), ["0.000", "0.005", "0.010"]);
        assert_eq!(labels(&ticks(90.0, 300)), ["0:00", "0:30", "1:00", "1:30"]);
        assert_eq!(labels(&ticks(3600.0, 300)), ["0:00", "15:00", "30:00", "45:00", "60:00"]);
        assert!(ticks(1e7, 300).len() < 10);
    }

    #[test]
    fn notes_have_their_names() {
        let octave = Axis { low: 56.5, high: 69.5 };
        assert_eq!(labels(&note_ticks(octave, 100)), ["A3", "C4", "E4", "A4"]);
        assert_eq!(note_ticks(octave, 300).len(), 13);
        assert_eq!(labels(&note_ticks(Axis { low: 0.0, high: 127.0 }, 220)).len(), 11);
        assert!((midi_to_hz(hz_to_midi(261.63)) - 261.63).abs() < 1e-9);
    }
}
