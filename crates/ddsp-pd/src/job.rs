//! The work: a recording to an instrument's sound, and a file to samples.

use std::path::Path;

use ddsp_core::condition::Adjustments;
use ddsp_core::engine::Engine;
use ddsp_core::model::Model;
use ddsp_core::transfer::{Listening, Playing, listen, play};
use ddsp_io::audio::{ReadOptions, read_mono, resample};

/// A transfer as it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transfer {
    /// A built-in name, or the path that was found for it.
    pub(crate) instrument: String,
    pub(crate) in_sample_rate: u32,
    pub(crate) out_sample_rate: u32,
    pub(crate) adjustments: Adjustments,
}

/// Plays `samples` as `ddsp transfer` does with the same arguments.
pub(crate) fn transfer(
    model: &Model,
    samples: &[f32],
    asked: &Transfer,
    progress: impl FnMut(usize, usize),
) -> Result<Vec<f32>, String> {
    let mut progress = progress;
    let config = model.config();
    let finite: Vec<f32> = samples.iter().map(|x| if x.is_finite() { *x } else { 0.0 }).collect();
    let samples = converted(finite, asked.in_sample_rate, config.sample_rate)?;
    let heard = listen(samples, &Listening::default(), config).map_err(|e| e.to_string())?;
    let playing = Playing { adjustments: asked.adjustments, recompute_loudness: false };
    let mut engine = Engine::prepare(model, 0).map_err(|e| e.to_string())?;
    let n_frames = heard.features.f0_hz.len();
    let played = play(&heard, &playing, config, &mut engine, |n| progress(n, n_frames))
        .map_err(|e| e.to_string())?;
    converted(played.signal, config.sample_rate, asked.out_sample_rate)
}

/// Reads a recording at that rate.
pub(crate) fn read(path: &Path, sample_rate: u32) -> Result<Vec<f32>, String> {
    let options = ReadOptions { sample_rate: Some(sample_rate), ..ReadOptions::default() };
    read_mono(path, &options).map(|recording| recording.samples).map_err(|e| e.to_string())
}

fn converted(samples: Vec<f32>, from: u32, to: u32) -> Result<Vec<f32>, String> {
    if from == to {
        return Ok(samples);
    }
    resample(&samples, from, to).map_err(|e| e.to_string())
}
