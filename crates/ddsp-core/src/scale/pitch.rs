//! Pitch: hertz, MIDI notes and a unit interval that is even in pitch.

use crate::real::Real;

/// Frequency to MIDI pitch, 440 Hz being 69; zero or less becomes 0.
///
/// *Reference*: Magenta's `core.hz_to_midi`.
pub fn hz_to_midi<R: Real>(hz: R) -> R {
    let hz = hz.widen();
    R::narrow(if hz <= 0.0 { 0.0 } else { 12.0 * (hz / 440.0).log2() + 69.0 })
}

/// MIDI pitch to frequency.
///
/// *Reference*: Magenta's `core.midi_to_hz`.
pub fn midi_to_hz<R: Real>(midi: R) -> R {
    R::narrow(440.0 * ((midi.widen() - 69.0) / 12.0).exp2())
}

/// [`midi_to_hz`] for tracks in which pitch 0 means silence: there the frequency is 0.
///
/// *Reference*: Magenta's `core.midi_to_hz` with `midi_zero_silence`.
pub fn midi_to_hz_or_silence<R: Real>(midi: R) -> R {
    if midi == R::default() { midi } else { midi_to_hz(midi) }
}

/// The unit interval to MIDI pitches; with `clip` nothing lies outside them.
///
/// *Reference*: Magenta's `core.unit_to_midi`.
pub fn unit_to_midi<R: Real>(unit: R, midi_min: f64, midi_max: f64, clip: bool) -> R {
    R::narrow(midi_min + (midi_max - midi_min) * clipped(unit.widen(), clip))
}

/// MIDI pitches to the unit interval; with `clip` nothing lies outside it.
///
/// *Reference*: Magenta's `core.midi_to_unit`.
pub fn midi_to_unit<R: Real>(midi: R, midi_min: f64, midi_max: f64, clip: bool) -> R {
    R::narrow(clipped((midi.widen() - midi_min) / (midi_max - midi_min), clip))
}

/// The unit interval to frequencies, evenly in pitch. A limit of 0 Hz stands for pitch 0, 8.18 Hz.
///
/// *Reference*: Magenta's `core.unit_to_hz`.
pub fn unit_to_hz<R: Real>(unit: R, hz_min: f64, hz_max: f64, clip: bool) -> R {
    let midi = unit_to_midi(unit.widen(), hz_to_midi(hz_min), hz_to_midi(hz_max), clip);
    R::narrow(midi_to_hz(midi))
}

/// Frequencies to the unit interval, evenly in pitch. Frequencies and limits of 0 Hz stand for pitch 0.
///
/// *Reference*: Magenta's `core.hz_to_unit`.
pub fn hz_to_unit<R: Real>(hz: R, hz_min: f64, hz_max: f64, clip: bool) -> R {
    let midi = hz_to_midi(hz.widen());
    R::narrow(midi_to_unit(midi, hz_to_midi(hz_min), hz_to_midi(hz_max), clip))
}

fn clipped(unit: f64, clip: bool) -> f64 {
    if clip { unit.clamp(0.0, 1.0) } else { unit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pitch_goes_there_and_back() {
        assert_eq!(hz_to_midi(440.0), 69.0);
        assert_eq!(hz_to_midi(0.0), 0.0);
        assert!((midi_to_hz(hz_to_midi(123.4_f64)) - 123.4).abs() < 1e-9);
        assert_eq!(midi_to_hz_or_silence(0.0_f32), 0.0);
        assert!((midi_to_hz_or_silence(69.0_f64) - 440.0).abs() < 1e-9);
    }

    #[test]
    fn the_middle_of_the_unit_interval_is_the_geometric_mean() {
        assert!((unit_to_hz(0.5_f64, 100.0, 400.0, false) - 200.0).abs() < 1e-9);
        assert!((hz_to_unit(200.0_f64, 100.0, 400.0, false) - 0.5).abs() < 1e-12);
        assert!((unit_to_midi(0.5_f64, 20.0, 90.0, false) - 55.0).abs() < 1e-12);
    }

    #[test]
    fn clipping_holds_the_ends() {
        assert!((unit_to_hz(3.0_f64, 100.0, 400.0, true) - 400.0).abs() < 1e-9);
        assert_eq!(hz_to_unit(0.0_f64, 100.0, 400.0, true), 0.0);
        assert!(hz_to_unit(50.0_f64, 100.0, 400.0, false) < 0.0);
    }
}
