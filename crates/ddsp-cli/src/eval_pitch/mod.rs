//! `ddsp eval-pitch`: how right, and how fast, the pitch trackers are.
//!
//! Recordings are resampled and tracked as `ddsp transfer` does it for the default instrument. [`clips`]
//! finds them, [`ddsp_io::pitch_table`] reads what their pitch is, [`score`] judges. The shares of a row are
//! means over its recordings.

mod clips;
pub(crate) mod score;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use ddsp_core::feature::f0::{self, F0Config, F0Track};
use ddsp_core::model::ModelConfig;
use ddsp_io::atomic::write_bytes;
use ddsp_io::audio::{ReadOptions, read_mono};
use ddsp_io::pitch_table::{PitchRow, read_pitch_table};
use serde::Serialize;

use crate::args::EvalPitchArgs;
use crate::failure::{Cause, Failure};
use crate::instruments;
use clips::{Clip, Row};
use score::{Tally, mean};

/// The instrument whose rate and frames are used.
const INSTRUMENT: &str = "alto_sax";

/// The fastest of so many runs counts: what else the machine does only ever adds.
const N_RUNS: usize = 3;

/// One row of the table; what could not be measured is missing.
#[derive(Debug, Serialize)]
struct Measured<'a> {
    tracker: &'a str,
    condition: &'a str,
    rpa: Option<f64>,
    rca: Option<f64>,
    octave_error: Option<f64>,
    voicing_accuracy: Option<f64>,
    ms_per_s: Option<f64>,
}

/// Everything counted for a row, one tally a clip.
#[derive(Debug, Default)]
struct Sum {
    tallies: Vec<Tally>,
    audio_s: f64,
    tracking_s: f64,
}

/// Runs the command.
pub(crate) fn run(args: &EvalPitchArgs) -> Result<(), Failure> {
    let model = instruments::load(INSTRUMENT)?;
    let trackers = trackers(&args.pitch);
    let (clips, without) = clips::find(&args.folder)?;
    if !without.is_empty() {
        let names: Vec<String> = without.iter().map(|path| path.display().to_string()).collect();
        println!("no table of true pitch, left out: {}", names.join(", "));
    }
    if clips.is_empty() {
        let sentence = "expected recordings with tables of their pitch beside them \
                        (STEM.wav or STEM_CONDITION.wav and STEM.csv), found none";
        return Err(Failure::file(Cause::Input, &args.folder, sentence));
    }
    let mut sums: BTreeMap<(usize, &Row), Sum> = BTreeMap::new();
    for clip in &clips {
        let truth = read_pitch_table(&clip.table)?;
        let samples = read(clip, model.config())?;
        for (i, tracker) in trackers.iter().enumerate() {
            let sum = sums.entry((i, &clip.row)).or_default();
            measure(&samples, &truth, tracker, model.config(), sum)?;
        }
    }
    let table: Vec<Measured<'_>> =
        sums.iter().map(|((i, row), sum)| sum.measured(trackers[*i].name(), row.name())).collect();
    print(&table);
    args.json.as_deref().map_or(Ok(()), |path| write_json(path, &table))
}

/// The trackers asked for, each once, or all.
fn trackers(names: &[String]) -> Vec<F0Config> {
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let wanted = F0Config::NAMES.iter().filter(|name| is_wanted(name));
    wanted.filter_map(|name| F0Config::named(name)).collect()
}

fn read(clip: &Clip, config: &ModelConfig) -> Result<Vec<f32>, Failure> {
    let options = ReadOptions { sample_rate: Some(config.sample_rate), ..ReadOptions::default() };
    Ok(read_mono(&clip.audio, &options)?.samples)
}

/// Tracks a clip on this thread and adds what comes out to its row.
fn measure(
    samples: &[f32],
    truth: &[PitchRow],
    tracker: &F0Config,
    config: &ModelConfig,
    sum: &mut Sum,
) -> Result<(), Failure> {
    let n_frames = samples.len().div_ceil(config.hop_size);
    let mut best_s = f64::INFINITY;
    let mut track = F0Track::default();
    for _ in 0..N_RUNS {
        let start = Instant::now();
        track = f0::track(samples, config.sample_rate, config.hop_size, n_frames, tracker)
            .map_err(|e| Failure::new(Cause::Model, e.to_string()))?;
        best_s = best_s.min(start.elapsed().as_secs_f64());
    }
    let mut tally = Tally::default();
    for truth in truth {
        let frame = nearest_frame(truth.time_s, config.frame_rate(), n_frames);
        let estimate = frame.filter(|&i| track.voiced[i]).map(|i| f64::from(track.f0_hz[i]));
        tally.add(truth.f0_hz, estimate);
    }
    sum.tallies.push(tally);
    sum.audio_s += samples.len() as f64 / f64::from(config.sample_rate);
    sum.tracking_s += best_s;
    Ok(())
}

/// The frame whose centre is nearest; beyond either end the last or first.
fn nearest_frame(time_s: f64, frame_rate: f64, n_frames: usize) -> Option<usize> {
    let last = n_frames.checked_sub(1)?;
    Some(((time_s * frame_rate).round() as usize).min(last))
}

impl Sum {
    fn measured<'a>(&self, tracker: &'a str, condition: &'a str) -> Measured<'a> {
        Measured {
            tracker,
            condition,
            rpa: mean(&self.tallies, Tally::rpa),
            rca: mean(&self.tallies, Tally::rca),
            octave_error: mean(&self.tallies, Tally::octave_error),
            voicing_accuracy: mean(&self.tallies, Tally::voicing_accuracy),
            ms_per_s: (self.audio_s > 0.0).then(|| 1e3 * self.tracking_s / self.audio_s),
        }
    }
}

fn print(table: &[Measured<'_>]) {
    let width = |name: fn(&Measured<'_>) -> usize| table.iter().map(name).max().unwrap_or(0);
    let tracker = width(|row| row.tracker.len()).max("tracker".len());
    let condition = width(|row| row.condition.chars().count()).max("condition".len());
    println!(
        "{:tracker$}  {:condition$}     rpa    rca  octave  voicing   ms/s",
        "tracker", "condition"
    );
    let share = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{x:.3}"));
    for row in table {
        let ms_per_s = row.ms_per_s.map_or("-".to_owned(), |x| format!("{x:.2}"));
        println!(
            "{:tracker$}  {:condition$}  {:>6} {:>6}  {:>6}  {:>7}  {ms_per_s:>5}",
            row.tracker,
            row.condition,
            share(row.rpa),
            share(row.rca),
            share(row.octave_error),
            share(row.voicing_accuracy),
        );
    }
}

fn write_json(path: &Path, table: &[Measured<'_>]) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(table).expect("strings and numbers alone");
    write_bytes(path, format!("{text}\n").as_bytes())?;
    println!("wrote {}", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_frame_is_taken_and_never_one_beyond() {
        let nearest = |time_s| nearest_frame(time_s, 250.0, 10);
        assert_eq!([nearest(0.0), nearest(0.0019), nearest(0.0021)], [Some(0), Some(0), Some(1)]);
        assert_eq!((nearest(99.0), nearest_frame(0.0, 250.0, 0)), (Some(9), None));
    }

    #[test]
    fn a_tracker_named_twice_runs_once_and_none_means_all() {
        let names = vec!["autocorrelation".to_owned(); 2];
        assert_eq!(trackers(&names).len(), 1);
        assert_eq!(trackers(&[]).len(), F0Config::NAMES.len());
    }
}
