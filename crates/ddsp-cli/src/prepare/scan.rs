//! The first pass over a recording: how long, how loud, what is wrong with it.

use std::path::Path;

use ddsp_io::audio::AudioReader;

use super::settings::Settings;
use crate::failure::{Cause, Failure};

/// Samples in a row at full scale that count as clipped.
const CLIPPED_RUN: usize = 3;
/// As near to the peak of the recording as this is at full scale.
const CLIPPED_RATIO: f32 = 0.999;
/// A peak below this is nobody's full scale.
const CLIPPED_PEAK: f32 = 0.5;
/// A recording that is nowhere louder than this, about -60 dB, is silence.
const SILENCE: f32 = 1e-3;

/// What is known of a recording before it is heard.
#[derive(Debug, Clone)]
pub(super) struct Scan {
    pub(super) duration_s: f64,
    pub(super) peak: f32,
    /// Samples in runs at full scale.
    pub(super) n_clipped: usize,
    /// Frames at the rate of the data set.
    pub(super) n_frames: usize,
    /// What the reader noticed.
    pub(super) notices: Vec<String>,
}

/// Decodes a recording once.
pub(super) fn scan(path: &Path, settings: &Settings) -> Result<Scan, Failure> {
    let mut reader = AudioReader::open(path, settings.channel)?;
    let mut block = Vec::new();
    let (mut n_samples, mut runs) = (0_u64, Runs::default());
    while reader.read(&mut block)? > 0 {
        n_samples += block.len() as u64;
        runs.take(&block);
    }
    let from = f64::from(reader.sample_rate());
    let n_out = (n_samples as f64 * f64::from(settings.sample_rate) / from).round() as usize;
    let scan = Scan {
        duration_s: n_samples as f64 / from,
        peak: runs.peak,
        n_clipped: runs.n_clipped(),
        n_frames: n_out / settings.hop_size(),
        notices: reader.notices().iter().map(ToString::to_string).collect(),
    };
    let refuse = |sentence: String| Err(Failure::file(Cause::Input, path, sentence));
    if scan.peak < SILENCE {
        let cause = scan.notices.join("; ");
        return refuse(if cause.is_empty() {
            "expected sound, found silence: left out".to_owned()
        } else {
            format!("expected sound, found silence: {cause}; left out")
        });
    }
    if scan.n_frames < settings.example_frames() {
        return refuse(format!(
            "expected at least the {} s of an example, found {:.1} s: left out (join short recordings, or ask for shorter examples \
             with --example-s)",
            settings.example_s, scan.duration_s
        ));
    }
    Ok(scan)
}

/// Counts runs at the peak, which is only known at the end: a higher peak makes those before it no runs.
#[derive(Default)]
struct Runs {
    peak: f32,
    n_in_run: usize,
    n_clipped: usize,
}

impl Runs {
    fn take(&mut self, block: &[f32]) {
        for x in block.iter().map(|x| x.abs()) {
            if x > self.peak / CLIPPED_RATIO {
                self.n_clipped = 0;
                self.n_in_run = 0;
            }
            self.peak = self.peak.max(x);
            if x >= self.peak * CLIPPED_RATIO {
                self.n_in_run += 1;
                self.n_clipped += match self.n_in_run {
                    CLIPPED_RUN => CLIPPED_RUN,
                    n if n > CLIPPED_RUN => 1,
                    _ => 0,
                };
            } else {
                self.n_in_run = 0;
            }
        }
    }

    fn n_clipped(&self) -> usize {
        if self.peak < CLIPPED_PEAK { 0 } else { self.n_clipped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_tops_count_and_a_lone_peak_does_not() {
        let sine = |clip: f32| -> Vec<f32> {
            (0..1600).map(|n| (1.3 * (n as f32 * 0.05).sin()).clamp(-clip, clip)).collect()
        };
        let n = |x: &[f32]| {
            let mut runs = Runs::default();
            x.chunks(37).for_each(|block| runs.take(block));
            runs.n_clipped()
        };
        assert!(n(&sine(0.9)) > 300);
        let mut clean = sine(2.0);
        clean[700] = 1.9;
        assert_eq!(n(&clean), 0);
    }
}
