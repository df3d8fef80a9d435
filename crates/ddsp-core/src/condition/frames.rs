//! Features, adjusted and scaled: the frames that the engine plays.

use crate::feature::loudness::LoudnessConfig;
use crate::scale::{hz_to_midi, midi_to_hz};

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

/// What a musician may change between the recording and the instrument.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Adjustments {
    /// Added to the pitch, in octaves.
    pub f0_octave_shift: f64,
    /// Frames whose pitch is less sure than this play noise alone, 0 to 1.
    pub f0_confidence_threshold: f64,
    /// Added to the loudness.
    pub loudness_db_shift: f64,
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

/// The highest pitch that reaches an instrument; Magenta's `colab_utils` clips at the same.
const MAX_PITCH_MIDI: f64 = 110.0;
/// How long the harmonics fade where the confidence crosses the threshold.
const FADE_S: f64 = 0.02;

/// Applies adjustments to features and scales them for the network. A whole-clip function.
///
/// Where the confidence is below the threshold the harmonic part is faded out and the noise stays:
/// f0 itself is left alone, since a jump to zero would be heard as a chirp. A frame that comes without a pitch
/// (0 Hz, as CREPE's features have it in silence) keeps it: its oscillators stand still, as in Magenta. Frames at the floor of the
/// loudness scale are digital silence and stay there whatever the shift.
pub fn condition(
    features: &Features,
    adjustments: &Adjustments,
    loudness: &LoudnessConfig,
    frame_rate: f64,
) -> ConditionedFrames {
    let factor = adjustments.f0_octave_shift.exp2();
    let (lowest_hz, highest_hz) = (midi_to_hz(0.0), midi_to_hz(MAX_PITCH_MIDI));
    let shifted = |&hz: &f32| match f64::from(hz) * factor {
        hz if hz <= 0.0 => 0.0,
        hz => hz.clamp(lowest_hz, highest_hz) as f32,
    };
    let f0_hz: Vec<f32> = features.f0_hz.iter().map(shifted).collect();
    let floor_db = loudness.floor_db();
    let loudness_scaled = features.loudness_db.iter().map(|&db| {
        let db = f64::from(db);
        let shifted = if db <= floor_db { db } else { db + adjustments.loudness_db_shift };
        loudness.scale(shifted.max(floor_db)) as f32
    });
    ConditionedFrames {
        f0_scaled: f0_hz.iter().map(|&hz| (hz_to_midi(f64::from(hz)) / 127.0) as f32).collect(),
        loudness_scaled: loudness_scaled.collect(),
        harmonic_gain: harmonic_gain(
            &features.f0_confidence,
            adjustments.f0_confidence_threshold,
            frame_rate,
        ),
        f0_hz,
    }
}

/// 1 where the confidence reaches the threshold, 0 elsewhere, averaged over [`FADE_S`].
fn harmonic_gain(confidence: &[f32], threshold: f64, frame_rate: f64) -> Vec<f32> {
    let reach = (0.5 * FADE_S * frame_rate).round() as usize;
    let sure = |c: &f32| f64::from(*c) >= threshold;
    (0..confidence.len())
        .map(|i| {
            let around = &confidence[i.saturating_sub(reach)..confidence.len().min(i + reach + 1)];
            around.iter().filter(|c| sure(c)).count() as f32 / around.len() as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> Features {
        Features {
            f0_hz: vec![220.0; 20],
            f0_confidence: [vec![0.9; 10], vec![0.1; 10]].concat(),
            loudness_db: [vec![-20.0; 10], vec![-80.0; 10]].concat(),
        }
    }

    fn conditioned(adjustments: Adjustments) -> ConditionedFrames {
        condition(&features(), &adjustments, &LoudnessConfig::magenta_3(), 250.0)
    }

    #[test]
    fn without_adjustments_features_are_only_scaled() {
        let frames = conditioned(Adjustments::default());
        assert_eq!(frames.f0_hz, [220.0; 20]);
        assert!((frames.f0_scaled[0] - 57.0 / 127.0).abs() < 1e-6);
        assert_eq!(frames.loudness_scaled[0], 0.75);
        assert_eq!(frames.loudness_scaled[19], 0.0);
        assert_eq!(frames.harmonic_gain, [1.0; 20]);
    }

    #[test]
    fn shifts_move_pitch_and_loudness_but_not_silence() {
        let adjustments =
            Adjustments { f0_octave_shift: 1.0, loudness_db_shift: 8.0, ..Adjustments::default() };
        let frames = conditioned(adjustments);
        assert_eq!(frames.f0_hz[0], 440.0);
        assert!((frames.loudness_scaled[0] - 0.85).abs() < 1e-6);
        assert_eq!(frames.loudness_scaled[19], 0.0);
        let none = Features { f0_hz: vec![0.0; 20], ..features() };
        let none = condition(&none, &adjustments, &LoudnessConfig::magenta_3(), 250.0);
        assert_eq!((none.f0_hz[0], none.f0_scaled[0]), (0.0, 0.0));
        let high = conditioned(Adjustments { f0_octave_shift: 9.0, ..Adjustments::default() });
        assert!((high.f0_hz[0] - 4698.636).abs() < 1e-2);
    }

    #[test]
    fn the_threshold_fades_harmonics_out_without_a_jump() {
        let frames =
            conditioned(Adjustments { f0_confidence_threshold: 0.5, ..Adjustments::default() });
        assert_eq!(frames.harmonic_gain[0], 1.0);
        assert_eq!(frames.harmonic_gain[19], 0.0);
        assert!(frames.harmonic_gain.windows(2).all(|w| w[0] - w[1] <= 0.25));
        assert_eq!(frames.f0_hz, [220.0; 20]);
    }
}
