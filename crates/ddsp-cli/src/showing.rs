//! Showing what was heard and played: tables and pictures.

use ddsp_core::condition::Features;
use ddsp_core::model::ModelConfig;

use crate::failure::{Cause, Failure};
use crate::features_csv;
use crate::jobs::Job;
use crate::pipe::Output;
use crate::plot::{self, Panel};

/// Pixels of a picture from left to right.
const WIDTH_PX: u32 = 1600;

/// A sound with its features, as one column of a picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) title: &'a str,
    pub(crate) samples: &'a [f32],
    pub(crate) features: &'a Features,
}

/// Writes the table and the picture that `job` asks for and says so. The table is of the first sound.
pub(crate) fn show(
    job: &Job,
    config: &ModelConfig,
    sounds: &[Shown<'_>],
) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    if let Some(output) = &job.features {
        output.write(features_csv::table(sounds[0].features, config.frame_rate()).as_bytes())?;
        lines.push(format!("wrote {output}"));
    }
    if let Some(output) = &job.plot {
        draw(output, config, sounds)?;
        lines.push(format!("wrote {output}"));
    }
    Ok(lines)
}

fn draw(output: &Output, config: &ModelConfig, sounds: &[Shown<'_>]) -> Result<(), Failure> {
    let panels: Vec<Panel<'_>> = sounds.iter().map(|sound| panel(*sound, config)).collect();
    let png = plot::render(&panels, WIDTH_PX)
        .map_err(|e| Failure::new(Cause::Output, format!("{output}: cannot be drawn: {e}")))?;
    output.write(&png)
}

fn panel<'a>(sound: Shown<'a>, config: &ModelConfig) -> Panel<'a> {
    Panel {
        title: sound.title,
        samples: sound.samples,
        sample_rate: config.sample_rate,
        f0_hz: &sound.features.f0_hz,
        f0_confidence: Some(&sound.features.f0_confidence),
        loudness_db: &sound.features.loudness_db,
        frame_rate: config.frame_rate(),
    }
}
