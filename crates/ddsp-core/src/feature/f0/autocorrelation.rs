//! The tracker after Boersma 1993: its settings, and the walk over the frames of a clip.

use super::candidates::FrameAnalysis;
use super::decimate::{Decimator, TARGET_RATE};
use super::path::{Choice, MAX_CANDIDATES, PathSearch, TransitionCosts};
use super::{F0Track, UNVOICED_CONFIDENCE, gaps};
use crate::error::Error;

/// Settings of the autocorrelation tracker.
///
/// The names and, unless a field says otherwise, the values are those of Praat's "To Pitch (ac)". The
/// defaults are meant for every voice and instrument between the limits: no setting for each.
///
/// *Reference*: Boersma 1993, "Accurate short-term analysis of the fundamental frequency and the
/// harmonics-to-noise ratio of a sampled sound", Proceedings of the Institute of Phonetic Sciences 17.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AutocorrelationConfig {
    /// Lowest frequency that is found, in Hz, less one per cent. It also sets the lengths of the
    /// windows: three of its periods, and half of that for pitches an octave or more above it.
    pub min_hz: f32,
    /// Highest frequency that is found, in Hz, plus one per cent.
    pub max_hz: f32,
    /// How many maxima of a frame take part in the path search, 1 to 31: those of greatest strength.
    /// Praat counts the unvoiced state as one of its 15.
    pub n_candidates: usize,
    /// A frame whose peak is below this share of the clip's is likely silent.
    pub silence_threshold: f32,
    /// A frame whose periodicity is below this is likely unvoiced.
    pub voicing_threshold: f32,
    /// What a candidate gains for each octave above `min_hz`.
    ///
    /// Praat has 0.01. Chance favours the subharmonics, of which every tone has many: their lags are
    /// long, fewer periods are averaged there, and whatever noise or accompaniment adds rises higher.
    /// At 0.04 the path stays with the tone. A tone whose odd harmonics hold less than 2 % of its power
    /// (Praat: 0.5 %) is taken for the octave above, as it is by ear.
    pub octave_cost: f32,
    /// What a leap of one octave between neighbouring frames costs, for frames 10 ms apart.
    pub octave_jump_cost: f32,
    /// What starting or ending voice costs, for frames 10 ms apart.
    pub voiced_unvoiced_cost: f32,
}

impl Default for AutocorrelationConfig {
    fn default() -> Self {
        Self {
            min_hz: 32.0,
            max_hz: 2000.0,
            n_candidates: 14,
            silence_threshold: 0.03,
            voicing_threshold: 0.45,
            octave_cost: 0.04,
            octave_jump_cost: 0.35,
            voiced_unvoiced_cost: 0.14,
        }
    }
}

impl AutocorrelationConfig {
    /// Rejects values with which the analysis has no meaning.
    fn check(&self, sample_rate: u32) -> Result<(), Error> {
        let fail = |field: &str, detail: String| {
            Err(Error::config(format!("f0.autocorrelation.{field}"), detail))
        };
        let Self { min_hz, max_hz, n_candidates, .. } = *self;
        // The audio may be analysed at as little as `TARGET_RATE`.
        let highest = f64::from(sample_rate.min(TARGET_RATE)) / 8.0;
        if !(min_hz >= 1.0 && f64::from(min_hz) <= highest) {
            let detail = format!("expected 1 to {highest} Hz, got {min_hz} Hz");
            return fail("min_hz", detail);
        }
        if !(max_hz > min_hz && max_hz.is_finite()) {
            return fail("max_hz", format!("expected more than {min_hz} Hz, got {max_hz} Hz"));
        }
        if !(1..=MAX_CANDIDATES).contains(&n_candidates) {
            let detail = format!("expected 1 to {MAX_CANDIDATES}, got {n_candidates}");
            return fail("n_candidates", detail);
        }
        if !(self.silence_threshold > 0.0 && self.silence_threshold.is_finite()) {
            let detail = format!("expected more than 0, got {}", self.silence_threshold);
            return fail("silence_threshold", detail);
        }
        for (field, value) in [
            ("voicing_threshold", self.voicing_threshold),
            ("octave_cost", self.octave_cost),
            ("octave_jump_cost", self.octave_jump_cost),
            ("voiced_unvoiced_cost", self.voiced_unvoiced_cost),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return fail(field, format!("expected 0 or more, got {value}"));
            }
        }
        Ok(())
    }

    /// The costs of a step of `hop_s` seconds. Strengths are summed over frames, so that a second
    /// weighs more the more frames it has; Praat lets the costs of its transitions grow alike.
    fn transition_costs(&self, hop_s: f64) -> TransitionCosts {
        let scale = (0.01 / hop_s) as f32;
        TransitionCosts {
            octave_jump: self.octave_jump_cost * scale,
            voiced_unvoiced: self.voiced_unvoiced_cost * scale,
        }
    }
}

/// About how many samples are read at a time: memory does not grow with the clip.
const BLOCK_SAMPLES: usize = 8192;

/// [`super::track`] with the autocorrelation tracker.
pub(super) fn track(
    audio: &[f32],
    sample_rate: u32,
    hop_size: usize,
    n_frames: usize,
    config: &AutocorrelationConfig,
) -> Result<F0Track, Error> {
    config.check(sample_rate)?;
    let mut track = F0Track {
        f0_hz: vec![0.0; n_frames],
        f0_confidence: vec![0.0; n_frames],
        voiced: vec![false; n_frames],
    };
    if let Some(reader) = Decimator::new(audio, sample_rate) {
        let costs = config.transition_costs(hop_size as f64 / f64::from(sample_rate));
        let path = search(reader, audio.len(), sample_rate, hop_size, n_frames, config, costs);
        for (i, choice) in path.into_iter().enumerate() {
            match choice {
                Choice::Unvoiced { periodicity } => {
                    track.f0_confidence[i] = UNVOICED_CONFIDENCE * periodicity;
                }
                Choice::Voiced { log2_f0, periodicity } => {
                    track.f0_hz[i] = log2_f0.exp2();
                    track.f0_confidence[i] = periodicity;
                    track.voiced[i] = true;
                }
            }
        }
    }
    gaps::bridge(&mut track.f0_hz, &track.voiced);
    Ok(track)
}

/// Analyses the frames of a clip in blocks and searches the path through their candidates.
fn search(
    mut reader: Decimator<'_>,
    n_samples: usize,
    sample_rate: u32,
    hop_size: usize,
    n_frames: usize,
    config: &AutocorrelationConfig,
    costs: TransitionCosts,
) -> Vec<Choice> {
    let factor = reader.factor();
    let mut analysis = FrameAnalysis::new(f64::from(sample_rate) / factor as f64, config, costs);
    let mut path = PathSearch::new(costs, n_frames);
    let window_size = analysis.window_size();
    // Far behind the clip there is silence, wherever exactly.
    let beyond = n_samples + window_size * factor;
    let centre = |frame: usize| (frame.saturating_mul(hop_size).min(beyond) + factor / 2) / factor;
    let block_frames = (BLOCK_SAMPLES * factor / hop_size).max(1);
    let mut block = Vec::new();
    for first in (0..n_frames).step_by(block_frames) {
        let end = (first + block_frames).min(n_frames);
        let origin = centre(first);
        block.resize(centre(end - 1) - origin + window_size, 0.0);
        reader.read(origin as isize - (window_size / 2) as isize, &mut block);
        for frame in first..end {
            let samples = &block[centre(frame) - origin..][..window_size];
            let unvoiced_strength = analysis.analyse(samples);
            path.push(analysis.candidates(), unvoiced_strength);
        }
    }
    path.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_without_meaning_are_rejected() {
        let reject = |change: fn(&mut AutocorrelationConfig)| {
            let mut config = AutocorrelationConfig::default();
            change(&mut config);
            assert!(config.check(16_000).is_err(), "{config:?}");
        };
        reject(|c| c.min_hz = 0.0);
        reject(|c| c.min_hz = f32::NAN);
        reject(|c| c.min_hz = 5000.0);
        reject(|c| c.max_hz = 31.0);
        reject(|c| c.n_candidates = 0);
        reject(|c| c.n_candidates = 32);
        reject(|c| c.silence_threshold = 0.0);
        reject(|c| c.voicing_threshold = f32::NAN);
        reject(|c| c.octave_cost = -0.1);
        assert!(AutocorrelationConfig::default().check(16_000).is_ok());
    }

    #[test]
    fn an_error_names_field_and_values() {
        let config = AutocorrelationConfig { max_hz: 20.0, ..AutocorrelationConfig::default() };
        let error = config.check(16_000).unwrap_err().to_string();
        assert_eq!(error, "f0.autocorrelation.max_hz: expected more than 32 Hz, got 20 Hz");
    }
}
