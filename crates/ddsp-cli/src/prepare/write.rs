//! The record files and the statistics of a data set.

use std::path::Path;

use ddsp_core::condition::{DatasetStatistics, Features, NoteDetection};
use ddsp_io::dataset::{Example, Part, Placed, ShardWriter};
use indicatif::ProgressBar;

use super::Ready;
use super::recording::Converted;
use super::settings::Settings;
use super::split::{Stretch, starts};
use super::stretches::Heard;
use crate::failure::Failure;

/// Magenta's second rate.
const CREPE_RATE: usize = 16_000;

/// Writes the examples of a part; returns how many there are.
pub(super) fn write_part(
    folder: &Path,
    part: Part,
    stretches: &[Stretch],
    ready: &[Ready],
    settings: &Settings,
    progress: &ProgressBar,
) -> Result<u64, Failure> {
    let mut writer = ShardWriter::new(folder, part);
    for stretch in stretches.iter().filter(|stretch| stretch.part == part) {
        let Ready { found, converted, heard, .. } = &ready[stretch.recording];
        for start in starts(&stretch.hops, settings.example_hops, settings.step_hops) {
            let example = example(converted, heard, start, settings)?;
            let seconds = settings.seconds(start);
            let start_16k = (seconds * CREPE_RATE as f64).round() as usize;
            let n_16k =
                (settings.seconds(settings.example_hops) * CREPE_RATE as f64).round() as usize;
            let audio_16k = converted.read_16k(start_16k, n_16k)?;
            let placed = Placed { source: found.name.clone(), start_s: seconds as f32 };
            writer.write(&example.to_features(&audio_16k, &placed))?;
            progress.inc(1);
        }
    }
    Ok(writer.finish()?)
}

fn example(
    converted: &Converted,
    heard: &Heard,
    start: usize,
    settings: &Settings,
) -> Result<Example, Failure> {
    let (n_hops, hop_size) = (settings.example_hops, settings.hop_size);
    let frames = start..start + n_hops + 1;
    Ok(Example {
        audio: converted.read(start * hop_size, n_hops * hop_size)?,
        f0_hz: heard.f0_hz[frames.clone()].to_vec(),
        f0_confidence: heard.f0_confidence[frames.clone()].to_vec(),
        loudness_db: heard.loudness_db[frames].to_vec(),
    })
}

/// What auto adjust goes by, of the part that is learned from; none if it holds no note.
pub(super) fn statistics(
    stretches: &[Stretch],
    ready: &[Ready],
    settings: &Settings,
) -> Option<DatasetStatistics> {
    let train = stretches.iter().filter(|stretch| stretch.part == Part::Train);
    let examples: Vec<Features> = train
        .flat_map(|stretch| {
            let heard = &ready[stretch.recording].heard;
            // Side by side: overlapping ones would count most frames several times.
            let size = settings.example_hops;
            let whole = stretch.hops.len() / size;
            (0..whole).map(move |i| {
                let frames = stretch.hops.start + i * size..stretch.hops.start + (i + 1) * size;
                Features {
                    f0_hz: heard.f0_hz[frames.clone()].to_vec(),
                    f0_confidence: heard.f0_confidence[frames.clone()].to_vec(),
                    loudness_db: heard.loudness_db[frames].to_vec(),
                }
            })
        })
        .collect();
    let detection =
        NoteDetection { min_db: settings.loudness.floor_db(), ..NoteDetection::default() };
    DatasetStatistics::of(&examples, f64::from(settings.frame_rate), &detection).ok()
}
