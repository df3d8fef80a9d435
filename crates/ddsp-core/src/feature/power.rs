//! Power: the level of each frame, without a weighting of frequencies.

use super::framing::Padding;
use crate::real::Real;
use crate::scale::DecibelScale;

/// The root mean square of `n_frames` frames; outside the clip there are zeros. A whole-clip function.
///
/// *Shapes*: `audio` `[n_samples]`; the result `[n_frames]`.
///
/// *Panics*: `frame_size` is 0.
///
/// *Reference*: Magenta `spectral_ops.compute_rms_energy`, of 3.7 and, padded as `Same`, of 1.0.2.
pub fn rms_energy<R: Real>(
    audio: &[R],
    frame_size: usize,
    hop_size: usize,
    n_frames: usize,
    padding: Padding,
) -> Vec<R> {
    assert!(frame_size > 0, "a frame has samples");
    let before = padding.n_before(frame_size);
    (0..n_frames)
        .map(|i| {
            let start = (i * hop_size).saturating_sub(before).min(audio.len());
            let end = (i * hop_size + frame_size).saturating_sub(before).min(audio.len());
            let sum: f64 = audio[start..end].iter().map(|x| x.widen().powi(2)).sum();
            R::narrow((sum / frame_size as f64).sqrt())
        })
        .collect()
}

/// The level of `n_frames` frames in dB. A whole-clip function.
///
/// *Reference*: Magenta 3.7 `spectral_ops.compute_power`. That of 1.0.2 squares twice, so that its decibels are doubled
/// before `ref_db` is taken off: `scale` of the squares of [`rms_energy`] by
/// [`amplitude_to_db`](DecibelScale::amplitude_to_db).
pub fn power_db<R: Real>(
    audio: &[R],
    frame_size: usize,
    hop_size: usize,
    n_frames: usize,
    padding: Padding,
    scale: DecibelScale,
) -> Vec<R> {
    let rms = rms_energy(audio, frame_size, hop_size, n_frames, padding);
    rms.into_iter().map(|rms| scale.amplitude_to_db(rms)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_amplitude_is_6_db_less_and_silence_is_the_floor() {
        let power = |amplitude: f64| {
            let scale = DecibelScale::default();
            power_db(&[amplitude; 64], 64, 64, 1, Padding::Same, scale)[0]
        };
        assert_eq!((power(1.0), power(0.0)), (0.0, -80.0));
        assert!((power(0.5) + 6.0206).abs() < 1e-4);
    }

    #[test]
    fn a_centred_first_frame_is_half_outside() {
        let rms = rms_energy(&[1.0_f64; 64], 64, 32, 3, Padding::Center);
        assert!((rms[0] - 0.5_f64.sqrt()).abs() < 1e-12 && rms[1] == 1.0);
    }
}
