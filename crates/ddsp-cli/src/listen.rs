//! Listening: a recording to the features that an instrument wants.

use std::path::Path;

use ddsp_core::condition::Features;
use ddsp_core::feature::f0::{self, F0Config};
use ddsp_core::feature::loudness::loudness_db;
use ddsp_core::model::{Model, ModelConfig};
use ddsp_core::scale::amplitude_to_db;
use ddsp_io::audio::{ReadOptions, SourceInfo};

use crate::args::ListeningArgs;
use crate::failure::{Cause, Failure};
use crate::pipe::Input;
use crate::text::{count, note_name, one_line};

/// The input is not turned up by more than this: what is quieter still is noise.
const MAX_GAIN_DB: f64 = 40.0;

/// A recording as the instrument hears it.
#[derive(Debug)]
pub(crate) struct Heard {
    /// Mono at the instrument's rate, scaled.
    pub(crate) samples: Vec<f32>,
    /// One value a frame.
    pub(crate) features: Features,
    /// Whether a pitch was found in a frame.
    pub(crate) voiced: Vec<bool>,
    /// What the file was.
    pub(crate) source: SourceInfo,
    /// Sentences for its owner.
    pub(crate) notices: Vec<String>,
    /// What was done to the level.
    level: String,
}

/// Reads a recording and extracts its features as the model was trained with them.
pub(crate) fn listen(input: &Input, args: &ListeningArgs, model: &Model) -> Result<Heard, Failure> {
    let config = model.config();
    let options = ReadOptions {
        sample_rate: Some(config.sample_rate),
        channel: args.channel.map(usize::from).into(),
    };
    let recording = input.read(&options)?;
    let mut notices: Vec<String> = recording.notices.iter().map(ToString::to_string).collect();
    let mut samples = recording.samples;
    let level = match (config.input_peak, args.no_normalize_input) {
        (None, _) => "level left as recorded, as the instrument was trained".to_owned(),
        (Some(peak), true) => format!("level left as recorded (trained at peak {peak})"),
        (Some(peak), false) => normalize(&mut samples, peak),
    };
    let (tracker, notice) = tracker(config);
    notices.extend(notice);
    let n_frames = samples.len().div_ceil(config.hop_size);
    let track = f0::track(&samples, config.sample_rate, config.hop_size, n_frames, &tracker)
        .map_err(|e| Failure::file(Cause::Model, Path::new(&config.name), e))?;
    if !track.voiced.contains(&true) {
        notices.push("no pitch was found anywhere: expect breath and no melody".to_owned());
    }
    let features = Features {
        f0_hz: track.f0_hz,
        f0_confidence: track.f0_confidence,
        loudness_db: loudness(&samples, config, n_frames),
    };
    Ok(Heard { samples, features, voiced: track.voiced, source: recording.source, notices, level })
}

/// Loudness by the model's definition.
pub(crate) fn loudness(samples: &[f32], config: &ModelConfig, n_frames: usize) -> Vec<f32> {
    let (rate, hop_size) = (config.sample_rate, config.hop_size);
    loudness_db(samples, rate, hop_size, n_frames, config.loudness.padding(), &config.loudness)
}

/// The tracker that a model was trained with, or the nearest, and then a sentence that says so.
pub(crate) fn tracker(config: &ModelConfig) -> (F0Config, Option<String>) {
    let trained_with = one_line(&config.f0.tracker);
    let tracker = F0Config::default();
    if trained_with == tracker.name() {
        return (tracker, None);
    }
    let notice = format!(
        "the instrument was trained with f0 by {trained_with}, which is not built in; {} is used, \
         so expect small differences where a note begins",
        tracker.name()
    );
    (tracker, Some(notice))
}

/// Scales to the peak that the model was trained with and says what was done.
fn normalize(samples: &mut [f32], wanted: f32) -> String {
    let peak = samples.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    if peak == 0.0 {
        return "digital silence".to_owned();
    }
    let wanted_db = amplitude_to_db(f64::from(wanted) / f64::from(peak));
    let gain_db = wanted_db.min(MAX_GAIN_DB);
    let gain = ddsp_core::scale::db_to_amplitude(gain_db) as f32;
    samples.iter_mut().for_each(|x| *x *= gain);
    let limit = if gain_db < wanted_db { ", the most that is done" } else { "" };
    format!(
        "level {gain_db:+.1} dB{limit}, to the peak of {wanted} it was trained with \
         (--no-normalize-input leaves it)"
    )
}

impl Heard {
    /// The file, the level, the pitch and the loudness: three lines.
    pub(crate) fn report(&self, input: &Input) -> Vec<String> {
        let SourceInfo { sample_rate, n_channels, format_name, duration_s } = &self.source;
        let channels = count(*n_channels, "channel");
        vec![
            format!(
                "heard {input}: {duration_s:.2} s, {format_name}, {sample_rate} Hz, {channels}"
            ),
            format!("  {}", self.level),
            format!("  {}; {}", self.pitch(), self.loudness()),
        ]
    }

    fn pitch(&self) -> String {
        let voiced = self.features.f0_hz.iter().zip(&self.voiced).filter(|(_, v)| **v);
        let mut hz: Vec<f64> = voiced.map(|(hz, _)| f64::from(*hz)).collect();
        if hz.is_empty() {
            return "no pitch".to_owned();
        }
        hz.sort_by(f64::total_cmp);
        let at = |q: f64| hz[((hz.len() - 1) as f64 * q).round() as usize];
        let share = 100.0 * hz.len() as f64 / self.voiced.len() as f64;
        let (low, middle, high) = (at(0.05), at(0.5), at(0.95));
        format!(
            "pitch in {share:.0}% of frames, mostly {} to {} ({low:.0} to {high:.0} Hz), \
             median {middle:.0} Hz",
            note_name(low),
            note_name(high)
        )
    }

    fn loudness(&self) -> String {
        let mut db = self.features.loudness_db.clone();
        if db.is_empty() {
            return "no frames".to_owned();
        }
        db.sort_by(f32::total_cmp);
        format!("loudness up to {:.0} dB", db[db.len() - 1])
    }
}
