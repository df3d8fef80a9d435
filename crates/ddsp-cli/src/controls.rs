//! The controls of a transfer: what is changed between the recording and the instrument.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use ddsp_core::condition::{Adjusted, Adjustments, TuneForm};
use ddsp_core::model::Model;
use ddsp_core::transfer::Playing;

use crate::failure::{Cause, Failure};

/// The controls of the course's patch and some more.
#[derive(Debug, clap::Args)]
pub(crate) struct ControlArgs {
    /// Bring the pitch of notes by whole octaves, and their loudness by its distribution, to what the
    /// instrument was trained on. On where the instrument knows its dataset statistics.
    #[arg(long, overrides_with = "no_auto_adjust")]
    pub(crate) auto_adjust: bool,

    /// Play the pitch and the loudness that you sang.
    #[arg(long)]
    pub(crate) no_auto_adjust: bool,

    /// Turn the gaps between notes down by this much. 0 to 120 dB. [default: 20 with auto adjust, else 0]
    #[arg(long, value_name = "DB", allow_negative_numbers = true,
          value_parser = within(Adjustments::QUIET_DB))]
    pub(crate) quiet: Option<f64>,

    /// Draw the pitch to the notes of the major scale that it is nearest to. 0 (as sung) to 1 (in tune).
    #[arg(long, value_name = "AMOUNT", default_value_t = 0.0, allow_negative_numbers = true,
          value_parser = within(Adjustments::AUTOTUNE))]
    pub(crate) autotune: f64,

    /// Let autotune draw to all twelve notes, a little higher or lower as the singer's own tuning is.
    #[arg(long)]
    pub(crate) chromatic: bool,

    /// Play this many octaves higher, or lower when negative; fractions bend (1/12 is a semitone). -4 to 4.
    #[arg(long, value_name = "OCTAVES", default_value_t = 0.0, allow_negative_numbers = true,
          value_parser = within(Adjustments::F0_OCTAVE_SHIFT))]
    pub(crate) f0_octave_shift: f64,

    /// Where the pitch is less sure than this, only the breath of the instrument sounds, not its tone.
    /// Raise it when consonants, breaths or noise come out as notes. 0 (always tone) to 1.
    #[arg(long, value_name = "CONFIDENCE", default_value_t = 0.0, allow_negative_numbers = true,
          value_parser = within(Adjustments::F0_CONFIDENCE_THRESHOLD))]
    pub(crate) f0_confidence_threshold: f64,

    /// Play as if you had sung this much louder, or softer when negative. The instrument's tone changes
    /// with it, not only its level. -60 to 60 dB.
    #[arg(long, value_name = "DB", default_value_t = 0.0, allow_negative_numbers = true,
          value_parser = within(Adjustments::LOUDNESS_DB_SHIFT))]
    pub(crate) loudness_db_shift: f64,

    /// Fit to the statistics in this file instead of the instrument's: a dataset_statistics.pkl of
    /// Magenta's, or another instrument's .ddsp.
    #[arg(long, value_name = "FILE", conflicts_with = "no_auto_adjust")]
    pub(crate) statistics: Option<PathBuf>,

    /// Take loudness from the recording in Magenta's way, whatever the controls say: its version 3
    /// computes it anew behind them, so that there they do nothing.
    #[arg(long)]
    pub(crate) recompute_loudness: bool,

    /// Keep the rules of Magenta's timbre transfer where ours are others (docs/magenta.md lists them).
    #[arg(long)]
    pub(crate) magenta_compat: bool,
}

impl ControlArgs {
    /// The model, with the statistics that are asked for.
    pub(crate) fn fit_to(&self, model: Model) -> Result<Model, Failure> {
        let Some(path) = &self.statistics else {
            return match (self.auto_adjust, &model.config().dataset_statistics) {
                (true, None) => Err(Failure::new(
                    Cause::Model,
                    format!("{}: {NO_STATISTICS}", model.config().name),
                )),
                _ => Ok(model),
            };
        };
        let statistics = ddsp_io::instrument::load_statistics(path, model.config().frame_rate())?;
        model.with_statistics(statistics).map_err(|e| Failure::file(Cause::Model, path, e))
    }

    /// How a model with or without statistics is to play.
    pub(crate) fn playing(&self, model: &Model) -> Playing {
        let auto_adjust = !self.no_auto_adjust && model.config().dataset_statistics.is_some();
        let quiet_db = self.quiet.unwrap_or(if auto_adjust { QUIET_DB } else { 0.0 });
        let adjustments = Adjustments {
            auto_adjust,
            quiet_db,
            autotune: self.autotune,
            autotune_form: if self.chromatic { TuneForm::Chromatic } else { TuneForm::MajorScale },
            f0_octave_shift: self.f0_octave_shift,
            f0_confidence_threshold: self.f0_confidence_threshold,
            loudness_db_shift: self.loudness_db_shift,
            magenta_compat: self.magenta_compat,
        };
        Playing { adjustments, recompute_loudness: self.recompute_loudness }
    }
}

/// What the course's patch turned gaps down by.
const QUIET_DB: f64 = 20.0;
const NO_STATISTICS: &str = "has no dataset statistics to adjust to: name a file of them with --statistics, \
                             store them with `ddsp statistics`, or leave out --auto-adjust";

/// What was changed, for the report: one line of what auto adjust did, if it did anything, and the sentences that the
/// owner should read.
pub(crate) fn changed(playing: &Playing, adjusted: &Adjusted) -> (String, Vec<String>) {
    let a = &playing.adjustments;
    let mut text = String::new();
    let mut notices = Vec::new();
    if let Some(octaves) = adjusted.fitted_octaves {
        text += &format!(", fitted by {octaves:+} octaves");
        if let (Some(db), false) = (adjusted.fitted_db, playing.recompute_loudness) {
            text += &format!(" and {db:+.1} dB");
        }
    }
    if a.quiet_db > 0.0 && adjusted.note_share.is_some() {
        text += &format!(", gaps turned down by {} dB", a.quiet_db);
    }
    if a.autotune > 0.0 && adjusted.note_share.is_some_and(|share| share > 0.0) {
        let scale = adjusted.scale.unwrap_or("the nearest notes");
        text += &format!(", tuned to {scale} by {}", a.autotune);
    }
    if a.f0_octave_shift != 0.0 {
        text += &format!(", {:+} octaves", a.f0_octave_shift);
    }
    if a.f0_confidence_threshold > 0.0 {
        text += &format!(", tone from confidence {}", a.f0_confidence_threshold);
    }
    if playing.recompute_loudness {
        text += ", loudness recomputed from the recording";
    } else if a.loudness_db_shift != 0.0 {
        text += &format!(", loudness {:+} dB", a.loudness_db_shift);
    }
    if adjusted.note_share == Some(0.0) {
        let idle = match (a.auto_adjust, a.autotune > 0.0) {
            (true, true) => "auto adjust and autotune had nothing to go by",
            (true, false) => "auto adjust had nothing to go by",
            (false, true) => "autotune had nothing to go by",
            (false, false) => "all of it is a gap",
        };
        notices.push(format!("no notes were found: {idle}"));
    }
    if adjusted.clipped_share > 0.01 {
        notices.push(format!(
            "{:.0}% of frames would have left the range of pitch (8 to 4699 Hz) and were held at its end: shift by \
             fewer octaves",
            100.0 * adjusted.clipped_share
        ));
    }
    (text, notices)
}

/// A number between two limits.
pub(crate) fn within(range: RangeInclusive<f64>) -> impl Fn(&str) -> Result<f64, String> + Clone {
    let (least, most) = range.into_inner();
    move |text| {
        let value: f64 =
            text.parse().map_err(|_| format!("expected a number {least} to {most}"))?;
        if value >= least && value <= most {
            return Ok(value);
        }
        Err(format!("expected {least} to {most}"))
    }
}
