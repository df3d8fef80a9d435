//! The candidates of one frame: maxima of the normalised autocorrelation.

use super::autocorrelation::AutocorrelationConfig;
use super::correlation::Correlation;
use super::lag::{HALF_TAPS, LagInterpolator};
use super::path::{Candidate, TransitionCosts};

/// How far above `min_hz` the short window takes over, as a ratio.
///
/// Boersma has one window, of three periods of the lowest pitch. At 32 Hz that is 94 ms, in which
/// singers and players change the note: onsets blur, and a quick glide has no period. Here it only
/// looks for the pitches that need it; a window of three periods of a pitch this much higher looks for
/// all others.
const SHORT_WINDOW_RATIO: f32 = 2.0;

/// Lags that are searched in both windows. `min_hz` is at most an eighth of the rate, so that the
/// border lies at lag 4 or above.
const OVERLAP: usize = 2;

/// The share by which the limits of frequency are widened, so that tones at the limits are found.
const MARGIN: f32 = 0.01;

/// Only maxima of this share of the voicing threshold are worth a place (as in Praat).
const MIN_SHARE_OF_VOICING: f32 = 0.5;

/// A pitch lasts: periodicity that a lag of this many seconds loses counts against voice.
///
/// Hiss or wind that a vocal tract, a room or a filter has coloured resembles itself over a few
/// milliseconds, and would be taken for high notes; a tone also resembles itself many periods later.
const SUSTAIN_S: f32 = 0.012;
/// How much of the periodicity lost by then adds to the strength of the unvoiced state.
const SUSTAIN_WEIGHT: f32 = 0.6;

/// A candidate sounds at the centre of the frame, within one of its periods but at least the time of
/// `2 * MIN_HALF_CENTRE_S`, at this share of the level of the whole window (RMS) or more; strength is
/// taken from it in proportion to what is missing. So voice starts and ends with the note and not when
/// the note enters or leaves the window.
const MIN_CENTRE_LEVEL: f32 = 0.1;
const MIN_HALF_CENTRE_S: f32 = 0.002;

/// Analysis of single frames at one rate, with every table and buffer it needs.
pub(super) struct FrameAnalysis {
    config: AutocorrelationConfig,
    rate: f32,
    /// Strength of the unvoiced state from which no candidate can be on the best path.
    hopeless_strength: f32,
    /// For the lags beyond those of `short`.
    long: Correlation,
    short: Correlation,
    /// Element `h` holds the power of the `2 h + 1` samples around the centre over that of the frame.
    centre_power: Vec<f32>,
    interpolator: LagInterpolator,
    candidates: Vec<Candidate>,
}

impl FrameAnalysis {
    /// Prepares for frames of audio of `rate` Hz whose clip has a peak of one.
    pub(super) fn new(rate: f64, config: &AutocorrelationConfig, costs: TransitionCosts) -> Self {
        let lowest = f64::from(config.min_hz * (1.0 - MARGIN));
        let long = Correlation::new(rate, lowest);
        let short = Correlation::new(rate, lowest * f64::from(SHORT_WINDOW_RATIO));
        let highest = (config.max_hz / config.min_hz).log2() * config.octave_cost;
        Self {
            config: *config,
            rate: rate as f32,
            // A voiced frame is worth 1 and the octave cost at most, and with it the path saves
            // ending and starting voice; a little more for rounding and the margin.
            hopeless_strength: 1.05 + highest + 2.0 * costs.voiced_unvoiced,
            centre_power: vec![0.0; long.max_lag() / 2 + 1],
            candidates: Vec::with_capacity(long.max_lag() + OVERLAP),
            long,
            short,
            interpolator: LagInterpolator::new(),
        }
    }

    /// How many samples `analyse` looks at, an odd number.
    pub(super) fn window_size(&self) -> usize {
        self.long.window_size()
    }

    /// The candidates of the frame analysed last.
    pub(super) fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Finds the candidates of the frame at the middle of `samples`, and returns the strength of its
    /// unvoiced state (Boersma 1993, equations 23 and 24).
    ///
    /// *Shapes*: `samples` `[window_size]`. *Real time*: does not allocate.
    pub(super) fn analyse(&mut self, samples: &[f32]) -> f32 {
        self.candidates.clear();
        let AutocorrelationConfig { silence_threshold, voicing_threshold, .. } = self.config;
        let loudness = self.local_peak(samples) / (silence_threshold / (1.0 + voicing_threshold));
        let unvoiced_strength = voicing_threshold + (2.0 - loudness).max(0.0);
        if loudness == 0.0 || unvoiced_strength > self.hopeless_strength {
            return unvoiced_strength;
        }
        self.long.analyse(samples);
        let power = self.short.analyse(samples);
        self.measure_centre(samples, power);
        unvoiced_strength + SUSTAIN_WEIGHT * self.collect()
    }

    /// The peak within half a period of the lowest frequency of the centre.
    fn local_peak(&self, samples: &[f32]) -> f32 {
        let centre = samples.len() / 2;
        let half = ((0.5 * self.rate / self.config.min_hz) as usize).min(centre);
        samples[centre - half..=centre + half].iter().fold(0.0, |peak: f32, x| peak.max(x.abs()))
    }

    /// Fills `centre_power`, relative to the mean power `total` of the frame.
    fn measure_centre(&mut self, samples: &[f32], total: f32) {
        let scale = 1.0 / total.max(f32::MIN_POSITIVE);
        let centre = samples.len() / 2;
        let mut sum = samples[centre] * samples[centre];
        for (h, power) in self.centre_power.iter_mut().enumerate() {
            if h > 0 {
                let (a, b) = (samples[centre - h], samples[centre + h]);
                sum += a * a + b * b;
            }
            *power = sum * scale / (2 * h + 1) as f32;
        }
    }

    /// Fills `candidates` from the maxima of `r`; returns the periodicity lost after `SUSTAIN_S`.
    fn collect(&mut self) -> f32 {
        let AutocorrelationConfig { min_hz, max_hz, n_candidates, octave_cost, .. } = self.config;
        let worthwhile = MIN_SHARE_OF_VOICING * self.config.voicing_threshold;
        let sustain_lag = SUSTAIN_S * self.rate;
        let log2_min = min_hz.log2();
        let (mut best, mut sustained) = (0.0f32, 0.0f32);
        // The two may place a maximum near the border on either side of it: where they overlap it
        // may be found twice, and is never lost.
        let border = self.short.max_lag();
        let short = (2..=border).map(|lag| (lag, self.short.r()));
        let long = (border - OVERLAP..=self.long.max_lag()).map(|lag| (lag, self.long.r()));
        for (lag, r) in short.chain(long) {
            let i = HALF_TAPS + lag;
            let is_maximum = r[i] > r[i - 1] && r[i] >= r[i + 1];
            if !is_maximum || r[i] <= worthwhile {
                continue;
            }
            let (period, height) = self.interpolator.maximum(r, lag);
            // The division by the window overshoots at long lags; Praat mirrors it in this way.
            let periodicity = if height > 1.0 { 1.0 / height } else { height };
            best = best.max(periodicity);
            if period >= sustain_lag {
                sustained = sustained.max(periodicity);
            }
            let f0_hz = self.rate / period;
            if f0_hz < min_hz * (1.0 - MARGIN) || f0_hz > max_hz * (1.0 + MARGIN) {
                continue;
            }
            let log2_f0 = f0_hz.log2();
            let octave_gain = octave_cost * (log2_f0 - log2_min);
            let strength = periodicity + octave_gain - self.missing_at_centre(period);
            self.candidates.push(Candidate { log2_f0, periodicity, strength });
        }
        if self.candidates.len() > n_candidates {
            self.candidates.sort_unstable_by(|a, b| b.strength.total_cmp(&a.strength));
            self.candidates.truncate(n_candidates);
        }
        best - sustained
    }

    /// 0 for a candidate that sounds at the centre, up to 1 for one that does not.
    fn missing_at_centre(&self, period: f32) -> f32 {
        let half = (0.5 * period).max(MIN_HALF_CENTRE_S * self.rate) as usize;
        let power = self.centre_power[half.min(self.centre_power.len() - 1)];
        (1.0 - power.sqrt() / MIN_CENTRE_LEVEL).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    const RATE: f64 = 16_000.0;

    fn analysis() -> FrameAnalysis {
        let costs = TransitionCosts { octave_jump: 0.875, voiced_unvoiced: 0.35 };
        FrameAnalysis::new(RATE, &AutocorrelationConfig::default(), costs)
    }

    fn frame(n: usize, wave: impl Fn(f64) -> f64) -> Vec<f32> {
        (0..n).map(|i| wave((i as f64 - (n / 2) as f64) / RATE) as f32).collect()
    }

    fn strongest(analysis: &FrameAnalysis) -> Candidate {
        *analysis.candidates().iter().max_by(|a, b| a.strength.total_cmp(&b.strength)).unwrap()
    }

    #[test]
    fn the_strongest_candidate_is_the_fundamental() {
        let mut analysis = analysis();
        for f0 in [33.0f64, 61.0, 67.0, 130.8, 440.0, 1975.5] {
            let tone = |t: f64| (1..4).map(|k| (TAU * f0 * k as f64 * t).sin() / k as f64).sum();
            let samples = frame(analysis.window_size(), tone);
            let unvoiced_strength = analysis.analyse(&samples);
            let best = strongest(&analysis);
            let cents = 1200.0 * (f64::from(best.log2_f0) - f0.log2());
            assert!(cents.abs() < 2.0, "{f0} Hz is off by {cents} cents");
            assert!(best.strength > unvoiced_strength && best.periodicity > 0.98);
        }
    }

    #[test]
    fn a_tone_that_starts_after_the_centre_has_no_strength() {
        let mut analysis = analysis();
        let late = |t: f64| if t > 0.006 { (TAU * 440.0 * t).sin() } else { 0.0 };
        let samples = frame(analysis.window_size(), late);
        let unvoiced_strength = analysis.analyse(&samples);
        assert!(strongest(&analysis).strength < unvoiced_strength);
    }

    #[test]
    fn a_quiet_frame_is_not_analysed() {
        let mut analysis = analysis();
        let samples = frame(analysis.window_size(), |t| 1e-3 * (TAU * 440.0 * t).sin());
        assert!(analysis.analyse(&samples) > 2.0);
        assert!(analysis.candidates().is_empty());
    }
}
