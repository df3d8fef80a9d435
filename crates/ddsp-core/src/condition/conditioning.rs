//! From features to frames.

use super::{Adjustments, ConditionedFrames, DatasetStatistics, Features, Fit};
use crate::feature::loudness::LoudnessConfig;
use crate::scale::{hz_to_midi, midi_to_hz};

/// What was done to a clip that the adjustments alone do not tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Adjusted {
    /// The share of frames that belong to a note; none where notes were not looked for.
    pub note_share: Option<f64>,
    /// By how many octaves auto adjust moved the pitch; none where it had nothing to go by.
    pub fitted_octaves: Option<f64>,
    /// By how much auto adjust moved the loudness of notes, on average.
    pub fitted_db: Option<f64>,
    /// The scale that autotune found, as `D major`.
    pub scale: Option<&'static str>,
    /// The share of frames whose pitch would have left what instruments are played at, and was held there.
    pub clipped_share: f64,
}

/// The highest pitch that reaches an instrument; Magenta's `colab_utils` clips at the same.
pub(super) const MAX_PITCH_MIDI: f64 = 110.0;
/// How long the harmonics fade where the confidence crosses the threshold.
const FADE_S: f64 = 0.02;

/// Applies adjustments to features and scales them for the network. A whole-clip function.
///
/// The order is that of timbre transfer: notes are found, fitted to the statistics and tuned; gaps are turned down; the
/// shifts follow; the confidence threshold comes last. Where the rules of timbre transfer surprise, ours differ, and
/// `magenta_compat` brings back its own:
///
/// | | here | `magenta_compat` |
/// |---|---|---|
/// | a note | as `detect_notes` finds it, smoothed over 0.16 s | `f0_confidence_threshold` is its threshold of loudness, so that at 0 all is note; 40 frames |
/// | octaves of the fit | nearest | up, or down beyond 1.5 |
/// | loudness of gaps | comes down with the notes, never up; at least the floor | as recorded |
/// | confidence below the threshold | the harmonics fade, f0 stays | f0 is 0 |
/// | digital silence | stays, whatever the shift | is shifted |
/// | autotune | notes are chosen around the singer's own tuning and held through vibrato | nearest note |
/// | quiet, autotune | also without auto adjust | nothing without it |
///
/// A frame that comes without a pitch (0 Hz, as CREPE's features have it in silence) keeps it: its oscillators stand
/// still.
///
/// *Reference*: Magenta's timbre transfer notebook; `colab_utils.auto_tune`, `postprocessing.detect_notes` and
/// `fit_quantile_transform`.
pub fn condition(
    features: &Features,
    adjustments: &Adjustments,
    loudness: &LoudnessConfig,
    statistics: Option<&DatasetStatistics>,
    frame_rate: f64,
) -> (ConditionedFrames, Adjusted) {
    let Adjustments { magenta_compat, f0_confidence_threshold, .. } = *adjustments;
    let floor_db = loudness.floor_db();
    let mut fit = Fit::new(features, floor_db);
    fit.apply(adjustments, statistics, frame_rate);
    let Fit { f0_hz, loudness_db, mut adjusted, .. } = fit;

    let factor = adjustments.f0_octave_shift.exp2();
    let (lowest_hz, highest_hz) =
        (if magenta_compat { 0.0 } else { midi_to_hz(0.0) }, midi_to_hz(MAX_PITCH_MIDI));
    let mut n_clipped = 0;
    let mut shifted = |(&hz, &confidence): (&f64, &f32)| {
        let unsure = f64::from(confidence) < f0_confidence_threshold;
        if hz <= 0.0 || (magenta_compat && unsure) {
            return 0.0;
        }
        let hz = hz * factor;
        n_clipped += usize::from(!(lowest_hz..=highest_hz).contains(&hz));
        hz.clamp(lowest_hz, highest_hz) as f32
    };
    let f0_hz: Vec<f32> = f0_hz.iter().zip(&features.f0_confidence).map(&mut shifted).collect();
    adjusted.clipped_share = n_clipped as f64 / f0_hz.len().max(1) as f64;
    let loudness_scaled = loudness_db.iter().zip(&features.loudness_db).map(|(db, &heard_db)| {
        let is_silent = f64::from(heard_db) <= floor_db;
        let db = match (magenta_compat, is_silent) {
            (true, _) => db + adjustments.loudness_db_shift,
            (false, true) => floor_db,
            (false, false) => (db + adjustments.loudness_db_shift).max(floor_db),
        };
        loudness.scale(db) as f32
    });
    let loudness_scaled = loudness_scaled.collect();
    let threshold = if magenta_compat { 0.0 } else { f0_confidence_threshold };
    let frames = ConditionedFrames {
        f0_scaled: f0_hz.iter().map(|&hz| (hz_to_midi(f64::from(hz)) / 127.0) as f32).collect(),
        loudness_scaled,
        harmonic_gain: harmonic_gain(&features.f0_confidence, threshold, frame_rate),
        f0_hz,
    };
    (frames, adjusted)
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
        condition(&features(), &adjustments, &LoudnessConfig::magenta_3(), None, 250.0).0
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
        let (none, _) = condition(&none, &adjustments, &LoudnessConfig::magenta_3(), None, 250.0);
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
