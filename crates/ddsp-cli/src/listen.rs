//! Listening: a recording to the features that an instrument wants.

use ddsp_core::model::{Model, ModelConfig};
use ddsp_core::transfer::{self, Gain, Level, Listening, tracker};
use ddsp_io::audio::{ReadOptions, SourceInfo};
use ddsp_io::instrument;

use crate::args::ListeningArgs;
use crate::failure::{Cause, Failure};
use crate::pipe::Input;
use crate::text::{count, note_name, one_line};

/// A recording as the instrument hears it, and what its owner should know of it.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) heard: transfer::Heard,
    /// What the file was.
    pub(crate) source: SourceInfo,
    /// Sentences for its owner.
    pub(crate) notices: Vec<String>,
    /// What was done to the level.
    level: String,
}

impl ListeningArgs {
    /// Loads the instrument that is asked for, to hear as is asked for.
    pub(crate) fn load(&self) -> Result<Model, Failure> {
        let mut model = instrument::load(&self.model)?;
        if let Some(loudness) = self.loudness {
            model = model.with_loudness(loudness.into());
        }
        Ok(model)
    }
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
    let level = match (args.normalize, args.no_normalize_input) {
        (Some(peak), _) => Level::Peak(peak),
        (None, true) => Level::AsRecorded,
        (None, false) => Level::AsTrained,
    };
    let listening = Listening { level, f0_range_hz: args.f0_range };
    let heard = transfer::listen(recording.samples, &listening, config)
        .map_err(|e| Failure::new(Cause::Usage, e.to_string()))?;
    notices.extend(tracker_notice(config));
    if !heard.voiced.contains(&true) {
        notices.push("no pitch was found anywhere: expect breath and no melody".to_owned());
    }
    let level = level_set(heard.gain, level, config);
    Ok(Heard { heard, source: recording.source, notices, level })
}

/// A sentence about a model whose tracker is not built in.
pub(crate) fn tracker_notice(config: &ModelConfig) -> Option<String> {
    let trained_with = one_line(&config.f0.tracker);
    let used = tracker(config);
    (trained_with != used.name()).then(|| {
        format!(
            "the instrument was trained with f0 by {trained_with}, which is not built in; {} is used, \
             so expect small differences where a note begins",
            used.name()
        )
    })
}

/// What was done to the level, in words.
fn level_set(gain: Gain, asked: Level, config: &ModelConfig) -> String {
    match (gain, asked, config.input_peak) {
        (Gain::Silence, ..) => "digital silence".to_owned(),
        (Gain::Left, _, None) => "level left as recorded, as the instrument was trained".to_owned(),
        (Gain::Left, _, Some(peak)) => format!("level left as recorded (trained at peak {peak})"),
        (Gain::Scaled { db, peak, is_limited }, ..) => {
            let limit = if is_limited { ", the most that is done" } else { "" };
            let why = if asked == Level::AsTrained {
                " it was trained with (--no-normalize-input leaves it)"
            } else {
                " that was asked for"
            };
            format!("level {db:+.1} dB{limit}, to the peak of {peak}{why}")
        }
    }
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
        let voiced = self.heard.features.f0_hz.iter().zip(&self.heard.voiced).filter(|(_, v)| **v);
        let mut hz: Vec<f64> = voiced.map(|(hz, _)| f64::from(*hz)).collect();
        if hz.is_empty() {
            return "no pitch".to_owned();
        }
        hz.sort_by(f64::total_cmp);
        let at = |q: f64| hz[((hz.len() - 1) as f64 * q).round() as usize];
        let share = 100.0 * hz.len() as f64 / self.heard.voiced.len() as f64;
        let (low, middle, high) = (at(0.05), at(0.5), at(0.95));
        format!(
            "pitch in {share:.0}% of frames, mostly {} to {} ({low:.0} to {high:.0} Hz), \
             median {middle:.0} Hz",
            note_name(low),
            note_name(high)
        )
    }

    fn loudness(&self) -> String {
        let mut db = self.heard.features.loudness_db.clone();
        if db.is_empty() {
            return "no frames".to_owned();
        }
        db.sort_by(f32::total_cmp);
        format!("loudness up to {:.0} dB", db[db.len() - 1])
    }
}
