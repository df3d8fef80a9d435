//! Pitch.

use burn::tensor::Tensor;

/// Frequency to MIDI pitch, 440 Hz being 69; zero or less becomes 0, with a gradient of 0.
///
/// *Reference*: Magenta's `core.hz_to_midi`.
pub fn hz_to_midi<const D: usize>(hz: Tensor<D>) -> Tensor<D> {
    let is_silent = hz.clone().lower_equal_elem(0.0);
    let octaves = (hz / 440.0).mask_fill(is_silent.clone(), 1.0).log() / std::f64::consts::LN_2;
    (octaves * 12.0 + 69.0).mask_fill(is_silent, 0.0)
}
