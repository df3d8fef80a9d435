//! Controls from frame rate to sample rate.

use serde::{Deserialize, Serialize};

use crate::real::Real;

/// How a control moves from one frame to the next.
///
/// *Reference*: Magenta's `core.resample` with `add_endpoint=True`; a frame's value is reached at
/// its first sample and the last frame is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResampleMethod {
    /// On a straight line.
    Linear,
    /// Along overlapping Hann windows of two frames: half a cosine from one frame to the next.
    Window,
}

impl ResampleMethod {
    /// The weight of the next frame at each sample of a hop, the present one having the rest.
    pub fn fractions<R: Real>(self, hop_size: usize) -> Vec<R> {
        (0..hop_size)
            .map(|n| {
                let t = n as f64 / hop_size as f64;
                R::narrow(match self {
                    Self::Linear => t,
                    Self::Window => 0.5 - 0.5 * (std::f64::consts::PI * t).cos(),
                })
            })
            .collect()
    }
}
