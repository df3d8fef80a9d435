//! Features as they were heard, and frames as the engine plays them.

/// The features of a clip, one value a frame each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Features {
    /// Fundamental frequency; through unpitched gaps it is interpolated.
    pub f0_hz: Vec<f32>,
    /// How sure the pitch is, 0 to 1.
    pub f0_confidence: Vec<f32>,
    /// Loudness by the model's definition.
    pub loudness_db: Vec<f32>,
}

/// Conditioned frames, owned; [`as_frames`](Self::as_frames) lends them to the engine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConditionedFrames {
    /// What the oscillators play.
    pub f0_hz: Vec<f32>,
    /// Pitch for the network, MIDI / 127.
    pub f0_scaled: Vec<f32>,
    /// Loudness for the network.
    pub loudness_scaled: Vec<f32>,
    /// Factor of the harmonic amplitude, 0 to 1.
    pub harmonic_gain: Vec<f32>,
}

/// Conditioned frames, borrowed: four slices of one length.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frames<'a> {
    /// What the oscillators play.
    pub f0_hz: &'a [f32],
    /// Pitch for the network, MIDI / 127.
    pub f0_scaled: &'a [f32],
    /// Loudness for the network.
    pub loudness_scaled: &'a [f32],
    /// Factor of the harmonic amplitude, 0 to 1.
    pub harmonic_gain: &'a [f32],
}

impl ConditionedFrames {
    /// Lends the frames.
    pub fn as_frames(&self) -> Frames<'_> {
        Frames {
            f0_hz: &self.f0_hz,
            f0_scaled: &self.f0_scaled,
            loudness_scaled: &self.loudness_scaled,
            harmonic_gain: &self.harmonic_gain,
        }
    }
}

impl<'a> Frames<'a> {
    /// The number of frames: that of the shortest slice.
    pub fn len(&self) -> usize {
        let a = self.f0_hz.len().min(self.f0_scaled.len());
        a.min(self.loudness_scaled.len()).min(self.harmonic_gain.len())
    }

    /// Whether there are no frames.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The frames from `start` to before `end`.
    pub fn range(&self, start: usize, end: usize) -> Self {
        Self {
            f0_hz: &self.f0_hz[start..end],
            f0_scaled: &self.f0_scaled[start..end],
            loudness_scaled: &self.loudness_scaled[start..end],
            harmonic_gain: &self.harmonic_gain[start..end],
        }
    }
}
