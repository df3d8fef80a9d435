//! Controls from one frame rate to another, and from frame rate to sample rate.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::real::Real;

/// How a control moves from one frame to the next.
///
/// *Reference*: the methods of Magenta's `core.resample`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResampleMethod {
    /// Each frame's value is held until the next.
    Nearest,
    /// On a straight line.
    Linear,
    /// Along the cubic of Keys 1981 with a = -3/4, which looks one frame back and two ahead.
    Cubic,
    /// Along overlapping Hann windows of two frames: half a cosine from one frame to the next.
    Window,
}

impl ResampleMethod {
    /// Its name in a model file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Linear => "linear",
            Self::Cubic => "cubic",
            Self::Window => "window",
        }
    }

    /// The weight of the next frame at each sample of a hop, the present one having the rest; `None`
    /// for a method that takes more than these two frames.
    ///
    /// A frame's value is reached at its first sample, as in `core.resample` with `add_endpoint=True`.
    pub fn fractions<R: Real>(self, hop_size: usize) -> Option<Vec<R>> {
        let fraction = |t: f64| match self {
            Self::Nearest => Some(0.0),
            Self::Linear => Some(t),
            Self::Cubic => None,
            Self::Window => Some(0.5 - 0.5 * (std::f64::consts::PI * t).cos()),
        };
        (0..hop_size).map(|n| Some(R::narrow(fraction(n as f64 / hop_size as f64)?))).collect()
    }
}

/// The largest `n_timesteps` at which a position still fits the reference's single precision.
const MAX_TIMESTEPS: usize = 1 << 24;

/// Resamples frames in time. A whole-clip function.
///
/// With `add_endpoint` the last frame is held for its own length, so that frame i is reached at
/// `i n_timesteps / n_frames`; without, the last frame is reached at the last step.
///
/// *Shapes*: `inputs` `n_frames × n_channels`, frame-major; returns `n_timesteps × n_channels`.
///
/// *Errors*: no frames; for `Window`, `n_timesteps` that is not a multiple of the number of intervals or
/// does not exceed the number of frames; more than 2^24 steps.
///
/// *Reference*: Magenta's `core.resample`, which is TensorFlow's `image.resize` (its first version,
/// without half-pixel centres) and `core.upsample_with_windows`. Positions between frames are rounded to
/// f32, and those of `Cubic` to 1/1024 of a frame, as there; in f64 too.
pub fn resample<R: Real>(
    inputs: &[R],
    n_channels: usize,
    n_timesteps: usize,
    method: ResampleMethod,
    add_endpoint: bool,
) -> Result<Vec<R>, Error> {
    if n_channels == 0 || inputs.is_empty() || !inputs.len().is_multiple_of(n_channels) {
        let detail = format!("expected frames of {n_channels}, found {} values", inputs.len());
        return Err(Error::config("resample.inputs", detail));
    }
    let n_frames = inputs.len() / n_channels;
    let taps = resample_taps(n_frames, n_timesteps, method, add_endpoint)?;
    let mut out = Vec::with_capacity(n_timesteps * n_channels);
    for (frames, weights) in taps
        .frames
        .chunks_exact(taps.n_taps.max(1))
        .zip(taps.weights.chunks_exact(taps.n_taps.max(1)))
    {
        for c in 0..n_channels {
            let value = |tap: usize| inputs[frames[tap] * n_channels + c];
            out.push(match weights {
                // Between two frames by their difference, so that a control that is held stays as it is.
                &[_, next] => value(0) + (value(1) - value(0)) * R::narrow(next),
                _ => weights
                    .iter()
                    .enumerate()
                    .fold(R::default(), |sum, (tap, &w)| sum + value(tap) * R::narrow(w)),
            });
        }
    }
    Ok(out)
}

/// Which frames a resampled step is made of, and how much of each.
#[derive(Debug, Clone, PartialEq)]
pub struct ResampleTaps {
    /// How many frames a step takes: 1, 2 or 4.
    pub n_taps: usize,
    /// The frames, `n_timesteps × n_taps`.
    pub frames: Vec<usize>,
    /// Their weights, of that shape; those of a step add up to 1.
    pub weights: Vec<f64>,
}

/// The taps of [`resample`], for `n_frames` frames.
///
/// *Errors*: as there.
pub fn resample_taps(
    n_frames: usize,
    n_timesteps: usize,
    method: ResampleMethod,
    add_endpoint: bool,
) -> Result<ResampleTaps, Error> {
    if n_frames == 0 {
        return Err(Error::config("resample.inputs", "expected frames, found none".to_owned()));
    }
    if n_timesteps > MAX_TIMESTEPS {
        let detail = format!("expected at most {MAX_TIMESTEPS}, found {n_timesteps}");
        return Err(Error::config("resample.n_timesteps", detail));
    }
    let last = n_frames - 1;
    let scale = if add_endpoint || n_timesteps == 1 {
        n_frames as f32 / n_timesteps as f32
    } else {
        last as f32 / (n_timesteps - 1) as f32
    };
    // The frame at or before each step, and how far behind it the step is.
    let positions = (0..n_timesteps).map(|step| {
        let position = step as f32 * scale;
        (position.floor() as usize, position - position.floor())
    });
    let held = |frame: usize| frame.min(last);
    let taps: Vec<(usize, f64)> = match method {
        ResampleMethod::Nearest => {
            let late = |t: f32| usize::from(!add_endpoint && t >= 0.5);
            positions.map(|(frame, t)| (held(frame + late(t)), 1.0)).collect()
        }
        ResampleMethod::Linear => positions
            .flat_map(|(frame, t)| {
                [(held(frame), 1.0 - f64::from(t)), (held(frame + 1), f64::from(t))]
            })
            .collect(),
        ResampleMethod::Cubic => positions
            .flat_map(|(frame, t)| {
                let frames =
                    [held(frame.saturating_sub(1)), held(frame), held(frame + 1), held(frame + 2)];
                frames.into_iter().zip(cubic_weights(t))
            })
            .collect(),
        ResampleMethod::Window => return window_taps(n_frames, n_timesteps, add_endpoint),
    };
    let n_taps = taps.len() / n_timesteps.max(1);
    let (frames, weights) = taps.into_iter().unzip();
    Ok(ResampleTaps { n_taps, frames, weights })
}

/// The weights of the frames before, at, after and two after a position, its fraction in 1/1024.
///
/// *Reference*: Keys 1981, "Cubic convolution interpolation for digital image processing", eq. 4 with
/// a = -3/4, as TensorFlow's `resize_bicubic` takes it.
fn cubic_weights(fraction: f32) -> [f64; 4] {
    const A: f64 = -0.75;
    let t = f64::from((fraction * 1024.0).round_ties_even()) / 1024.0;
    let near = |x: f64| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f64| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)]
}

/// Upsamples frames by overlapping Hann windows two hops long. A whole-clip function.
///
/// *Shapes*: as [`resample`].
///
/// *Errors*: `n_timesteps` is not a multiple of the number of intervals, of which there are as many as
/// frames, or one less without `add_endpoint`; or it does not exceed the number of frames, the repeated
/// last one included.
///
/// *Reference*: Magenta's `core.upsample_with_windows`.
pub fn upsample_with_windows<R: Real>(
    inputs: &[R],
    n_channels: usize,
    n_timesteps: usize,
    add_endpoint: bool,
) -> Result<Vec<R>, Error> {
    resample(inputs, n_channels, n_timesteps, ResampleMethod::Window, add_endpoint)
}

fn window_taps(
    n_frames: usize,
    n_timesteps: usize,
    add_endpoint: bool,
) -> Result<ResampleTaps, Error> {
    let n_intervals = if add_endpoint { n_frames } else { n_frames - 1 };
    if n_intervals == 0
        || !n_timesteps.is_multiple_of(n_intervals)
        || n_timesteps <= n_intervals + 1
    {
        return Err(Error::config(
            "resample.n_timesteps",
            format!(
                "expected a multiple of {n_intervals}, the number of intervals, above {}, found \
                 {n_timesteps}",
                n_intervals + 1
            ),
        ));
    }
    let hop_size = n_timesteps / n_intervals;
    let fractions =
        ResampleMethod::Window.fractions::<f64>(hop_size).expect("windows take two frames");
    let frames = (0..n_intervals)
        .flat_map(|i| std::iter::repeat_n([i, (i + 1).min(n_frames - 1)], hop_size).flatten());
    let weights = (0..n_intervals).flat_map(|_| fractions.iter().flat_map(|&t| [1.0 - t, t]));
    Ok(ResampleTaps { n_taps: 2, frames: frames.collect(), weights: weights.collect() })
}

/// Cuts half a frame off both ends: what centred framing had added. A whole-clip function.
///
/// *Reference*: Magenta's `core.center_crop`.
pub fn center_crop<R>(audio: &[R], frame_size: usize) -> &[R] {
    let pad = frame_size / 2;
    audio.get(pad..audio.len().saturating_sub(pad)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_passes_through_the_frames_and_holds_the_last() {
        let frames = [1.0_f64, 3.0, -2.0];
        for method in [
            ResampleMethod::Nearest,
            ResampleMethod::Linear,
            ResampleMethod::Cubic,
            ResampleMethod::Window,
        ] {
            let out = resample(&frames, 1, 12, method, true).unwrap();
            assert_eq!([out[0], out[4], out[8]], frames, "{method:?}");
            assert!((out[9] + 2.0).abs() < 0.8, "{method:?}");
        }
        let out = resample(&frames, 1, 9, ResampleMethod::Linear, false).unwrap();
        assert_eq!(out, [1.0, 1.5, 2.0, 2.5, 3.0, 1.75, 0.5, -0.75, -2.0]);
    }

    #[test]
    fn fractions_are_what_whole_clips_are_resampled_with() {
        for method in [ResampleMethod::Nearest, ResampleMethod::Linear, ResampleMethod::Window] {
            let out = resample(&[0.0, 1.0_f64], 1, 128, method, true).unwrap();
            let fractions = method.fractions::<f64>(64).unwrap();
            assert_eq!(out[..64], fractions, "{method:?}");
        }
        assert!(ResampleMethod::Cubic.fractions::<f32>(64).is_none());
    }

    #[test]
    fn impossible_lengths_are_refused() {
        let window = |n, ep| resample(&[0.0_f32; 10], 1, n, ResampleMethod::Window, ep);
        assert!(window(101, true).is_err());
        assert!(window(10, true).is_err());
        assert!(window(100, true).is_ok());
        assert!(window(99, false).is_ok());
        assert!(resample::<f32>(&[], 1, 10, ResampleMethod::Linear, true).is_err());
        assert!(resample(&[0.0_f32; 3], 2, 10, ResampleMethod::Linear, true).is_err());
    }

    #[test]
    fn a_crop_takes_half_a_frame_off_both_ends() {
        assert_eq!(center_crop(&[1, 2, 3, 4, 5, 6, 7], 5), [3, 4, 5]);
        assert!(center_crop(&[1, 2], 9).is_empty());
    }
}
