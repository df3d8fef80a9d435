//! Showing what was heard and played: tables and pictures.

use std::path::Path;

use ddsp_core::condition::Features;
use ddsp_core::model::ModelConfig;
use ddsp_io::atomic::write_bytes;

use crate::failure::{Cause, Failure};
use crate::features_csv;
use crate::jobs::Job;
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
    if let Some(path) = &job.features {
        features_csv::write(path, sounds[0].features, config.frame_rate())?;
        lines.push(format!("wrote {}", path.display()));
    }
    if let Some(path) = &job.plot {
        draw(path, config, sounds)?;
        lines.push(format!("wrote {}", path.display()));
    }
    Ok(lines)
}

fn draw(path: &Path, config: &ModelConfig, sounds: &[Shown<'_>]) -> Result<(), Failure> {
    let panels: Vec<Panel<'_>> = sounds.iter().map(|sound| panel(*sound, config)).collect();
    let png = plot::render(&panels, WIDTH_PX)
        .map_err(|e| Failure::file(Cause::Output, path, format!("cannot be drawn: {e}")))?;
    Ok(write_bytes(path, &png)?)
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
