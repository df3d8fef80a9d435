//! `ddsp compare`: a transfer beside the recording it was made of.
//!
//! Both are heard at the instrument's rate, with its frames and its loudness: the [`melody`], the
//! [`level`], and [`clicks`] ([`prediction`] finds them). Peak, offset and the [`spectrum`] above the
//! instrument's Nyquist frequency are those of the file as it is.

mod clicks;
mod level;
mod melody;
mod prediction;
mod spectrum;

use std::path::Path;

use ddsp_core::feature::f0::{self, F0Track};
use ddsp_core::model::ModelConfig;
use ddsp_core::transfer::{loudness, tracker};
use ddsp_io::audio::{Notice, ReadOptions, Recording, read_mono, resample};
use serde::Serialize;

use crate::args::CompareArgs;
use crate::failure::{Cause, Failure};
use crate::instruments;
use melody::Melody;

/// What was measured; what could not be is none.
#[derive(Debug, Serialize)]
struct Comparison {
    input: String,
    output: String,
    model: String,
    /// The length of the output, less that of the input.
    length_difference_s: f64,
    #[serde(flatten)]
    melody: Melody,
    /// Pearson's correlation of loudness in dB over the frames in which the input is not silent.
    loudness_correlation: Option<f64>,
    /// How long the input is silent, as [`level::silent_frames`] has it, and the output's level there
    /// in dB of full scale.
    silence_s: f64,
    leakage_db: Option<f64>,
    clicks_in: usize,
    clicks_out: usize,
    /// Energy above the instrument's Nyquist frequency over all energy; none if the output's rate is not
    /// higher than the instrument's.
    above_nyquist_db: Option<f64>,
    peak: f64,
    dc: f64,
    /// Samples of the output that are no number, or infinite; they are heard as 0.
    n_nan: u64,
}

/// Runs the command.
pub(crate) fn run(args: &CompareArgs) -> Result<(), Failure> {
    let model = instruments::load(&args.model)?;
    let config = model.config();
    let recording = read(&args.input, Some(config.sample_rate))?;
    let transfer = read(&args.output, None)?;
    let at_rate = if transfer.sample_rate == config.sample_rate {
        transfer.samples.clone()
    } else {
        resample(&transfer.samples, transfer.sample_rate, config.sample_rate)?
    };
    let (before, after) = (Heard::hear(recording.samples, config)?, Heard::hear(at_rate, config)?);
    let n_silent = before.is_silent.iter().filter(|silent| **silent).count();
    let nyquist_hz = 0.5 * f64::from(config.sample_rate);
    let samples = &transfer.samples;
    let comparison = Comparison {
        input: args.input.display().to_string(),
        output: args.output.display().to_string(),
        model: config.name.clone(),
        length_difference_s: transfer.source.duration_s - recording.source.duration_s,
        melody: Melody::measure(&before.track, &after.track, args.f0_octave_shift),
        loudness_correlation: level::correlation(
            &before.loudness_db,
            &after.loudness_db,
            &before.is_silent,
        ),
        silence_s: n_silent as f64 / config.frame_rate(),
        leakage_db: level::leakage_db(&after.samples, config.hop_size, &before.is_silent),
        clicks_in: before.n_clicks(config),
        clicks_out: after.n_clicks(config),
        above_nyquist_db: spectrum::energy_above_db(samples, transfer.sample_rate, nyquist_hz),
        peak: f64::from(samples.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()))),
        dc: samples.iter().map(|x| f64::from(*x)).sum::<f64>() / samples.len().max(1) as f64,
        n_nan: n_nan(&transfer),
    };
    if args.json {
        let json = serde_json::to_string_pretty(&comparison).expect("strings and numbers alone");
        println!("{json}");
    } else {
        comparison.lines().iter().for_each(|line| println!("{line}"));
    }
    Ok(())
}

fn read(path: &Path, sample_rate: Option<u32>) -> Result<Recording, Failure> {
    Ok(read_mono(path, &ReadOptions { sample_rate, ..ReadOptions::default() })?)
}

fn n_nan(recording: &Recording) -> u64 {
    let count = |notice: &Notice| match notice {
        Notice::NonFinite { n_samples } => *n_samples,
        _ => 0,
    };
    recording.notices.iter().map(count).sum()
}

/// A clip at the instrument's rate with what is heard in it.
struct Heard {
    samples: Vec<f32>,
    track: F0Track,
    loudness_db: Vec<f32>,
    is_silent: Vec<bool>,
}

impl Heard {
    fn hear(samples: Vec<f32>, config: &ModelConfig) -> Result<Self, Failure> {
        let (rate, hop) = (config.sample_rate, config.hop_size);
        let n_frames = samples.len().div_ceil(hop);
        let tracker = tracker(config);
        let track = f0::track(&samples, rate, hop, n_frames, &tracker)
            .map_err(|e| Failure::file(Cause::Model, Path::new(&config.name), e))?;
        Ok(Self {
            loudness_db: loudness(&samples, config, n_frames),
            is_silent: level::silent_frames(&samples, rate, hop, n_frames),
            samples,
            track,
        })
    }

    fn n_clicks(&self, config: &ModelConfig) -> usize {
        clicks::count(&self.samples, config.sample_rate, config.hop_size, &self.track.f0_hz)
    }
}

impl Comparison {
    /// The table for people.
    fn lines(&self) -> Vec<String> {
        let share = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{:.1} %", 100.0 * x));
        let number =
            |x: Option<f64>, unit: &str| x.map_or("-".to_owned(), |x| format!("{x:.1}{unit}"));
        let correlation = self.loudness_correlation.map_or("-".to_owned(), |x| format!("{x:.3}"));
        let melody = &self.melody;
        let silence = format!("level in silence, {:.2} s of it", self.silence_s);
        let rows = [
            ("longer than the recording by", format!("{:+.3} s", self.length_difference_s)),
            ("frames voiced in both", melody.n_voiced_frames.to_string()),
            ("pitch within 50 cents", share(melody.f0_agreement)),
            ("pitch within 50 cents, any octave", share(melody.f0_agreement_modulo_octave)),
            ("octave errors", share(melody.octave_error)),
            ("median distance", number(melody.f0_median_cents, " cents")),
            ("correlation of loudness", correlation),
            (&silence, number(self.leakage_db, " dB")),
            ("clicks in the recording", self.clicks_in.to_string()),
            ("clicks", self.clicks_out.to_string()),
            ("above the instrument's Nyquist", number(self.above_nyquist_db, " dB")),
            ("peak", format!("{:.3}", self.peak)),
            ("offset", format!("{:+.5}", self.dc)),
            ("samples that are no number", self.n_nan.to_string()),
        ];
        let mut lines = vec![format!("{} after {}, {}", self.output, self.input, self.model)];
        lines.extend(rows.iter().map(|(name, value)| format!("  {name:34} {value:>12}")));
        lines
    }
}
