//! Scales and units: hertz, MIDI pitch, decibels, and the squashing of raw outputs.

use serde::{Deserialize, Serialize};

use crate::real::Real;
use crate::simd::{Isa, Kernel};

/// What squashes the raw outputs of a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleFn {
    /// [`exp_sigmoid`].
    #[default]
    ExpSigmoid,
    /// Nothing: the decoder gives controls.
    None,
}

impl ScaleFn {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Squashes a raw output to a positive amplitude: `2 sigmoid(x)^ln(10) + 1e-7`.
///
/// *Units and ranges*: any number in; (1e-7, 2 + 1e-7] out; 0 becomes 0.405.
///
/// *Reference*: Engel et al. 2020, eq. 5; Magenta's `core.exp_sigmoid` with its defaults.
#[inline(always)]
pub fn exp_sigmoid<R: Real>(x: R) -> R {
    let (exponent, max_value, threshold) = (10.0_f64, 2.0, 1e-7);
    // sigmoid(x)^p = exp(-p ln(1 + e^-x)): one logarithm, no division, no power.
    let one = R::narrow(1.0);
    let log_sigmoid = -(one + (-x).exp()).ln();
    (R::narrow(exponent.ln()) * log_sigmoid).exp().fused(R::narrow(max_value), R::narrow(threshold))
}

/// [`exp_sigmoid`] of each value plus `bias`, in place.
pub fn exp_sigmoid_all<R: Real>(isa: Isa, values: &mut [R], bias: R) {
    isa.run(ExpSigmoidAll { values, bias });
}

struct ExpSigmoidAll<'a, R> {
    values: &'a mut [R],
    bias: R,
}

impl<R: Real> Kernel for ExpSigmoidAll<'_, R> {
    #[inline(always)]
    fn run(self) {
        for x in self.values {
            *x = exp_sigmoid(*x + self.bias);
        }
    }
}

/// Frequency to MIDI pitch, 440 Hz being 69; zero or less becomes 0.
///
/// *Reference*: Magenta's `core.hz_to_midi`.
pub fn hz_to_midi(hz: f64) -> f64 {
    if hz <= 0.0 { 0.0 } else { 12.0 * (hz / 440.0).log2() + 69.0 }
}

/// MIDI pitch to frequency.
///
/// *Reference*: Magenta's `core.midi_to_hz`.
pub fn midi_to_hz(midi: f64) -> f64 {
    440.0 * ((midi - 69.0) / 12.0).exp2()
}

/// Decibels to a linear amplitude: 20 dB is a factor of ten.
pub fn db_to_amplitude(db: f64) -> f64 {
    10.0_f64.powf(db / 20.0)
}

/// A linear amplitude to decibels; zero becomes minus infinity.
pub fn amplitude_to_db(amplitude: f64) -> f64 {
    20.0 * amplitude.log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_sigmoid_is_the_formula_and_never_nan() {
        for i in -400..=400 {
            let x = f64::from(i) / 4.0;
            let exact = 2.0 * (1.0 / (1.0 + (-x).exp())).powf(10.0_f64.ln()) + 1e-7;
            assert!((exp_sigmoid(x) - exact).abs() <= 1e-12 * exact.max(1e-3), "{x}");
            let single = f64::from(exp_sigmoid(x as f32));
            assert!((single - exact).abs() <= 1e-6 * exact, "{x}: {single} {exact}");
        }
        assert_eq!(exp_sigmoid(-1e30_f32), 1e-7);
        assert_eq!(exp_sigmoid(1e30_f32), 2.0);
    }

    #[test]
    fn pitch_and_level_go_there_and_back() {
        assert_eq!(hz_to_midi(440.0), 69.0);
        assert_eq!(hz_to_midi(0.0), 0.0);
        assert!((midi_to_hz(hz_to_midi(123.4)) - 123.4).abs() < 1e-9);
        assert!((db_to_amplitude(-6.0206) - 0.5).abs() < 1e-6);
        assert!((amplitude_to_db(db_to_amplitude(-33.0)) + 33.0).abs() < 1e-9);
    }
}
