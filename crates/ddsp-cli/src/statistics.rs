//! `ddsp statistics`: what an instrument was trained on, measured and stored in it.

use ddsp_core::condition::{DatasetStatistics, Features, NoteDetection};
use ddsp_io::atomic::write_bytes;
use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::args::StatisticsArgs;
use crate::failure::{Cause, Failure};
use crate::jobs::expand;
use crate::listen::listen;
use crate::pipe::Input;
use crate::text::{count, note_name};

/// Magenta's data sets are cut into examples of this length.
const EXAMPLE_S: f64 = 4.0;

/// Runs the command.
pub(crate) fn run(args: &StatisticsArgs) -> Result<(), Failure> {
    let model = args.listening.load()?;
    let config = model.config();
    let (files, _) = expand(&args.inputs)?;
    let progress =
        ProgressBar::with_draw_target(Some(files.len() as u64), ProgressDrawTarget::stderr());
    let (mut examples, mut duration_s) = (Vec::new(), 0.0);
    for file in files {
        let heard = listen(&Input::File(file), &args.listening, &model)?;
        duration_s += heard.source.duration_s;
        examples.extend(cut(&heard.heard.features, (EXAMPLE_S * config.frame_rate()) as usize));
        progress.inc(1);
    }
    progress.finish_and_clear();
    let detection =
        NoteDetection { min_db: config.loudness.floor_db(), ..NoteDetection::default() };
    let statistics = DatasetStatistics::of(&examples, config.frame_rate(), &detection)
        .map_err(|e| Failure::new(Cause::Input, e.to_string()))?;
    let lines = described(&statistics);
    let n_examples = examples.len();
    let model = model.with_statistics(statistics);
    let model = model.map_err(|e| Failure::new(Cause::Model, e.to_string()))?;
    write_bytes(&args.output, &model.to_bytes())?;
    println!("heard {duration_s:.0} s, {}", count(n_examples, "example"));
    lines.iter().for_each(|line| println!("  {line}"));
    println!("wrote {}", args.output.display());
    Ok(())
}

/// The whole examples of a clip; all of it if it is shorter than one.
fn cut(features: &Features, n_frames: usize) -> Vec<Features> {
    let n = features.f0_hz.len();
    let last = if n < n_frames { n } else { n - n % n_frames };
    (0..last)
        .step_by(n_frames.max(1))
        .map(|first| {
            let of = |values: &[f32]| values[first..last.min(first + n_frames)].to_vec();
            Features {
                f0_hz: of(&features.f0_hz),
                f0_confidence: of(&features.f0_confidence),
                loudness_db: of(&features.loudness_db),
            }
        })
        .collect()
}

/// Statistics for people.
pub(crate) fn described(statistics: &DatasetStatistics) -> Vec<String> {
    let mean = statistics.mean_pitch_midi;
    let mut pitch = format!("pitch {mean:.1} midi on average");
    if let Some(quantiles) = &statistics.pitch_quantiles_midi {
        let (low, high) = ends(quantiles);
        let name = |midi| note_name(ddsp_core::scale::midi_to_hz(midi));
        pitch += &format!(", mostly {} to {} ({low:.1} to {high:.1})", name(low), name(high));
    }
    let (low, high) = ends(&statistics.loudness_quantiles_db);
    let loudness = format!(
        "loudness {:.1} dB on average, mostly {low:.1} to {high:.1} dB, loudest {:.1} dB",
        statistics.mean_loudness_db, statistics.mean_max_loudness_db
    );
    vec![pitch, loudness]
}

/// The quantiles of 5% and 95%.
fn ends(quantiles: &[f32]) -> (f64, f64) {
    let at =
        |share: f64| f64::from(quantiles[((quantiles.len() - 1) as f64 * share).round() as usize]);
    (at(0.05), at(0.95))
}
