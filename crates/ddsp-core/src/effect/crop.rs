//! Cutting what padded frames have added.

use serde::{Deserialize, Serialize};

/// Where a signal is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CropLocation {
    /// At its beginning.
    Front,
    /// Half at both ends.
    Center,
    /// At its end.
    #[default]
    Back,
}

impl CropLocation {
    /// Where what is left begins and ends; an odd `frame_size` counts as one less.
    ///
    /// *Reference*: Magenta's `processors.Crop`, which gives nothing for a frame of one sample.
    pub fn range(self, n_samples: usize, frame_size: usize) -> std::ops::Range<usize> {
        let half = frame_size / 2;
        let (front, back) = match self {
            Self::Front => (2 * half, 0),
            Self::Center => (half, half),
            Self::Back => (0, 2 * half),
        };
        let end = n_samples.saturating_sub(back);
        front.min(end)..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_halves_of_a_frame_go() {
        assert_eq!(CropLocation::Front.range(10, 5), 4..10);
        assert_eq!(CropLocation::Center.range(10, 5), 2..8);
        assert_eq!(CropLocation::Back.range(10, 5), 0..6);
        assert!(CropLocation::Back.range(3, 8).is_empty());
        assert!(CropLocation::Front.range(3, 8).is_empty());
    }
}
