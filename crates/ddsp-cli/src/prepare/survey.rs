//! A first walk through a recording as it is: rate, length, clipping, highs.

use std::path::Path;

use ddsp_core::feature::framing::hann_window;
use ddsp_core::fft::{Complex, RealFft};
use ddsp_io::audio::{AudioReader, ChannelChoice, Notice};
use serde::{Deserialize, Serialize};

/// A recording holds highs if this share of its power lies above [`HIGHS_HZ`].
const HIGHS_SHARE: f64 = 1e-6;
/// Where the band of 16 kHz ends, and the slope of its filter.
const HIGHS_HZ: f64 = 8_300.0;
/// Samples of a spectrum.
const SPECTRUM: usize = 2048;
/// Equal samples in a row, at a recording's peak, that no wave has by itself: a tenth of a millisecond, and five.
const FLAT_S: f64 = 1e-4;
const FLAT_SAMPLES: usize = 5;
/// What is this near to the peak is at the peak.
const AT_PEAK: f32 = 0.99;

/// What a recording is like before it is converted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Survey {
    pub(super) sample_rate: u32,
    pub(super) duration_s: f64,
    pub(super) peak: f32,
    /// Whether there is sound above 8 kHz.
    pub(super) has_highs: bool,
    /// Places where the wave is cut flat.
    pub(super) n_clipped: u64,
    /// The channel that is used alone, counted from 1.
    pub(super) channel: Option<usize>,
    /// What its owner should know of it.
    pub(super) notices: Vec<String>,
}

/// Walks through a recording. Where its channels cancel each other and none was chosen, the first is used.
pub(super) fn survey(path: &Path, channel: Option<usize>) -> ddsp_io::Result<Survey> {
    let (found, cancels) = walk(path, channel)?;
    let Some(cancelled) = cancels.filter(|_| channel.is_none()) else { return Ok(found) };
    let (mut alone, _) = walk(path, Some(1))?;
    alone.notices.insert(0, format!("{cancelled}; the first channel is used alone"));
    Ok(alone)
}

/// The survey, and what is said where channels cancel each other.
fn walk(path: &Path, channel: Option<usize>) -> ddsp_io::Result<(Survey, Option<String>)> {
    let mut reader = AudioReader::open(path, ChannelChoice::from(channel))?;
    let sample_rate = reader.sample_rate();
    let mut highs = Highs::new(sample_rate);
    let mut flats = Flats::new(sample_rate);
    let (mut block, mut n_samples) = (Vec::new(), 0u64);
    while reader.read(&mut block)? > 0 {
        n_samples += block.len() as u64;
        highs.take(&block);
        flats.take(&block);
    }
    let mut cancels = None;
    let mut notices = Vec::new();
    for notice in reader.notices() {
        match notice {
            Notice::ChannelsCancel { n_channels, loss_db } => {
                cancels = Some(format!(
                    "the {n_channels} channels cancel each other when mixed to mono (they lose {loss_db:.0} dB)"
                ));
            }
            other => notices.push(other.to_string()),
        }
    }
    let survey = Survey {
        sample_rate,
        duration_s: n_samples as f64 / f64::from(sample_rate),
        peak: flats.peak,
        has_highs: highs.share() > HIGHS_SHARE,
        n_clipped: flats.finish(),
        channel,
        notices,
    };
    Ok((survey, cancels))
}

/// The share of power above [`HIGHS_HZ`].
struct Highs {
    fft: RealFft<f32>,
    window: Vec<f32>,
    /// The first bin that counts as high.
    first: usize,
    pending: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    high: f64,
    all: f64,
}

impl Highs {
    fn new(sample_rate: u32) -> Self {
        let fft = RealFft::new(SPECTRUM);
        let first = (HIGHS_HZ * SPECTRUM as f64 / f64::from(sample_rate)).ceil() as usize;
        Self {
            window: hann_window(SPECTRUM).into_iter().map(|w| w as f32).collect(),
            first: first.min(fft.n_bins()),
            pending: Vec::with_capacity(SPECTRUM),
            spectrum: vec![Complex { re: 0.0, im: 0.0 }; fft.n_bins()],
            high: 0.0,
            all: 0.0,
            fft,
        }
    }

    fn take(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let (head, tail) = samples.split_at(samples.len().min(SPECTRUM - self.pending.len()));
            self.pending.extend_from_slice(head);
            samples = tail;
            if self.pending.len() == SPECTRUM {
                self.pending.iter_mut().zip(&self.window).for_each(|(x, w)| *x *= w);
                self.fft.forward(&mut self.pending, &mut self.spectrum);
                let power = |bins: &[Complex<f32>]| -> f64 {
                    bins.iter().map(|bin| f64::from(bin.norm_sqr())).sum()
                };
                self.high += power(&self.spectrum[self.first..]);
                self.all += power(&self.spectrum);
                self.pending.clear();
            }
        }
    }

    fn share(&self) -> f64 {
        if self.all > 0.0 { self.high / self.all } else { 0.0 }
    }
}

/// Runs of equal samples, with the levels that they are at.
struct Flats {
    n_least: usize,
    peak: f32,
    last: f32,
    n_equal: usize,
    /// Runs at the peak so far, and at how much that was.
    n_runs: u64,
    level: f32,
}

impl Flats {
    fn new(sample_rate: u32) -> Self {
        let n_least = ((f64::from(sample_rate) * FLAT_S).round() as usize).max(FLAT_SAMPLES);
        Self { n_least, peak: 0.0, last: 0.0, n_equal: 0, n_runs: 0, level: 0.0 }
    }

    fn take(&mut self, samples: &[f32]) {
        for &x in samples {
            self.peak = self.peak.max(x.abs());
            if x == self.last {
                self.n_equal += 1;
            } else {
                self.end_run();
                (self.last, self.n_equal) = (x, 1);
            }
        }
    }

    fn end_run(&mut self) {
        let level = self.last.abs();
        if self.n_equal < self.n_least || level < AT_PEAK * self.level || level == 0.0 {
            return;
        }
        if level > self.level / AT_PEAK {
            (self.level, self.n_runs) = (level, 0);
        }
        self.n_runs += 1;
    }

    /// The runs at the peak of the whole.
    fn finish(&mut self) -> u64 {
        self.end_run();
        if self.level >= AT_PEAK * self.peak { self.n_runs } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n_clipped(samples: &[f32]) -> u64 {
        let mut flats = Flats::new(16_000);
        samples.chunks(100).for_each(|block| flats.take(block));
        flats.finish()
    }

    #[test]
    fn a_wave_that_is_cut_flat_is_clipped_and_a_whole_one_is_not() {
        let tone = |gain: f64| -> Vec<f32> {
            let sample =
                |n: u32| gain * (std::f64::consts::TAU * 220.0 * f64::from(n) / 16e3).sin();
            // As 16 bits hold it.
            (0..16_000)
                .map(|n| ((sample(n).clamp(-1.0, 1.0) * 32_767.0).round() / 32_768.0) as f32)
                .collect()
        };
        assert_eq!(n_clipped(&tone(1.0)), 0);
        assert_eq!(n_clipped(&tone(0.1)), 0);
        assert!((430..=440).contains(&n_clipped(&tone(1.5))));
        assert_eq!(n_clipped(&[0.0; 4000]), 0);
        let quieter: Vec<f32> = tone(1.5).iter().map(|x| x * 0.3).collect();
        assert!(n_clipped(&quieter) > 400, "turned down later");
    }

    #[test]
    fn highs_are_what_16_khz_cannot_hold() {
        let share = |hz: f64| {
            let mut highs = Highs::new(44_100);
            let sample = |n: u32| (std::f64::consts::TAU * hz * f64::from(n) / 44.1e3).sin() as f32;
            highs.take(&(0..44_100).map(sample).collect::<Vec<f32>>());
            highs.share()
        };
        assert!(share(7_900.0) < HIGHS_SHARE && share(9_000.0) > 0.9);
        assert_eq!(Highs::new(16_000).share(), 0.0);
    }
}
