//! The squashing of raw outputs to frequencies.
//!
//! Each frequency comes from `depth` raw outputs, which lie next to each other. Nothing here allocates.

use super::auditory::{bark_to_hz, hz_to_bark, hz_to_erb, hz_to_mel, mel_to_hz};
use super::pitch::hz_to_midi;
use crate::math::soft_limit;
use crate::real::Real;

/// Raw outputs to frequencies, as the mean of `depth` places that are even in pitch from `hz_min` to
/// `hz_max`, weighted by a softmax. With a depth of 1 there is one place, `hz_min`.
///
/// *Shapes*: `raw` `n × depth`, `hz` `n`. *Panics* if `depth` is 0, as all of these do.
///
/// *Reference*: Magenta's `core.frequencies_softmax`.
pub fn frequencies_softmax<R: Real>(
    raw: &[R],
    depth: usize,
    hz_min: f64,
    hz_max: f64,
    hz: &mut [R],
) {
    let between = PitchLine::<R>::new(hz_min, hz_max);
    let step = 1.0 / (depth.max(2) - 1) as f64;
    for (hz, raw) in hz.iter_mut().zip(raw.chunks_exact(depth)) {
        let most = raw.iter().fold(raw[0], |most, &x| most.max(x));
        let (mut sum, mut moment) = (R::default(), R::default());
        for (i, &x) in raw.iter().enumerate() {
            let weight = (x - most).exp();
            sum += weight;
            moment = weight.fused(R::narrow(i as f64 * step), moment);
        }
        *hz = between.hz(moment / sum);
    }
}

/// Raw outputs to frequencies, as a sum of `depth` terms: each a sigmoid, even in pitch, the first over
/// most of the range, each later one over the part that the earlier ones left.
///
/// *Shapes*: as [`frequencies_softmax`].
///
/// *Reference*: Magenta's `core.frequencies_sigmoid`. A lower limit of 0 Hz is pitch 0, 8.18 Hz, there
/// and here, so that frequencies begin at `depth` times that.
pub fn frequencies_sigmoid<R: Real>(
    raw: &[R],
    depth: usize,
    hz_min: f64,
    hz_max: f64,
    hz: &mut [R],
) {
    hz.fill(R::default());
    let mut remainder = hz_max - hz_min;
    let rest = remainder.powf(-1.0 / depth as f64);
    for i in 0..depth {
        let line = if i == depth - 1 {
            PitchLine::new(hz_min, remainder)
        } else {
            let most = remainder * (1.0 - rest);
            remainder -= most;
            PitchLine::new(0.0, most)
        };
        for (hz, raw) in hz.iter_mut().zip(raw.chunks_exact(depth)) {
            *hz += line.hz(raw[i].sigmoid());
        }
    }
}

/// The line in pitch between two frequencies, over the unit interval.
struct PitchLine<R> {
    ln_min: R,
    slope: R,
}

impl<R: Real> PitchLine<R> {
    fn new(hz_min: f64, hz_max: f64) -> Self {
        let note = std::f64::consts::LN_2 / 12.0;
        let (min, max) = (hz_to_midi(hz_min), hz_to_midi(hz_max));
        let ln_min = 440.0_f64.ln() + (min - 69.0) * note;
        Self { ln_min: R::narrow(ln_min), slope: R::narrow((max - min) * note) }
    }

    #[inline(always)]
    fn hz(&self, unit: R) -> R {
        self.slope.fused(unit, self.ln_min).exp()
    }
}

/// The scale on which [`CriticalBands`] are even.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CriticalBandScale {
    /// Critical-band rate.
    Bark,
    /// Mel.
    Mel,
}

/// The choices of [`frequencies_critical_bands`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CriticalBands {
    /// Raw outputs for each frequency.
    pub depth: usize,
    /// How much less each raw output moves the frequency than the one before.
    pub depth_scale: f64,
    /// How far a frequency may move, in equivalent rectangular bandwidths.
    pub bandwidth_scale: f64,
    /// Where the lowest band lies, and a soft limit of all.
    pub hz_min: f64,
    /// Where the highest band lies, and a soft limit of all.
    pub hz_max: f64,
    /// The scale on which the bands are even.
    pub scale: CriticalBandScale,
}

impl Default for CriticalBands {
    /// Magenta's defaults.
    fn default() -> Self {
        let (hz_min, hz_max, scale) = (20.0, 8000.0, CriticalBandScale::Bark);
        Self { depth: 1, depth_scale: 10.0, bandwidth_scale: 1.0, hz_min, hz_max, scale }
    }
}

impl CriticalBands {
    /// The frequency of band `i` of `n_bands`, before any raw output moves it.
    fn center_hz(&self, i: usize, n_bands: usize) -> f64 {
        let place = i as f64 / (n_bands.max(2) - 1) as f64;
        let between = |min: f64, max: f64| min + place * (max - min);
        match self.scale {
            CriticalBandScale::Bark => {
                bark_to_hz(between(hz_to_bark(self.hz_min), hz_to_bark(self.hz_max)))
            }
            CriticalBandScale::Mel => {
                mel_to_hz(between(hz_to_mel(self.hz_min), hz_to_mel(self.hz_max)))
            }
        }
    }
}

/// Raw outputs to frequencies that each stay near a critical band of their own, `hz_min` above it: that
/// is how [`soft_limit`] works.
///
/// *Shapes*: `raw` `n_frames × n_sinusoids × depth`, `hz` `n_frames × n_sinusoids`.
///
/// *Reference*: Magenta's `core.frequencies_critical_bands`.
pub fn frequencies_critical_bands<R: Real>(
    raw: &[R],
    n_sinusoids: usize,
    bands: &CriticalBands,
    hz: &mut [R],
) {
    let depth = bands.depth;
    let inverse = R::narrow(1.0 / bands.depth_scale);
    for i in 0..n_sinusoids {
        let center = bands.center_hz(i, n_sinusoids);
        let width = R::narrow(bands.bandwidth_scale * hz_to_erb(center));
        let center = R::narrow(center);
        let mine = hz.iter_mut().skip(i).step_by(n_sinusoids);
        for (hz, raw) in mine.zip(raw.chunks_exact(depth).skip(i).step_by(n_sinusoids)) {
            // Horner's scheme: the first output weighs 1, each later one `1 / depth_scale` of the last.
            let by = |sum: R, &x: &R| sum.fused(inverse, x.tanh());
            let offset = raw.iter().rev().fold(R::default(), by);
            *hz = soft_limit(width.fused(offset, center), bands.hz_min, bands.hz_max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_goes_from_end_to_end_and_its_middle_is_the_geometric_mean() {
        let mut hz = [0.0; 3];
        let raw = [50.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 50.0_f64];
        frequencies_softmax(&raw, 3, 20.0, 8000.0, &mut hz);
        for (hz, expected) in hz.iter().zip([20.0, 400.0, 8000.0]) {
            assert!((hz - expected).abs() < 1e-6 * expected, "{hz} {expected}");
        }
        frequencies_softmax(&[3.0_f64, -4.0], 1, 20.0, 8000.0, &mut hz[..2]);
        assert!(hz[..2].iter().all(|hz| (hz - 20.0).abs() < 1e-9));
    }

    #[test]
    fn sigmoids_rise_to_the_upper_limit_in_each_of_their_terms() {
        for depth in [1, 2, 3] {
            let mut last = 0.0;
            for i in 0..depth {
                let mut raw = vec![60.0_f64; depth];
                raw[i + 1..].fill(-60.0);
                let mut hz = [0.0];
                frequencies_sigmoid(&raw, depth, 0.0, 8000.0, &mut hz);
                assert!(hz[0] > last);
                last = hz[0];
            }
            assert!((last - 8000.0).abs() < 1e-6, "{last}");
        }
    }

    #[test]
    fn critical_bands_rise_and_move_by_their_bandwidth() {
        for scale in [CriticalBandScale::Bark, CriticalBandScale::Mel] {
            let bands = CriticalBands { depth: 2, scale, ..CriticalBands::default() };
            let mut hz = [0.0; 16];
            frequencies_critical_bands(&[0.0_f64; 32], 8, &bands, &mut hz);
            assert!(hz[..8].windows(2).all(|w| w[0] < w[1]));
            assert_eq!(hz[..8], hz[8..]);
            let mut moved = [0.0; 16];
            frequencies_critical_bands(&[[60.0, 0.0]; 16].concat(), 8, &bands, &mut moved);
            // The soft limit has moved all of them up by `hz_min`.
            let width = hz_to_erb(hz[4] - 20.0);
            assert!((moved[4] - hz[4] - width).abs() < 1e-6);
            frequencies_critical_bands(&[[0.0, 60.0]; 16].concat(), 8, &bands, &mut moved);
            assert!((moved[4] - hz[4] - 0.1 * width).abs() < 1e-6);
        }
    }
}
