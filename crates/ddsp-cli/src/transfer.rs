//! `ddsp transfer`: recordings to the sound of an instrument.

use std::time::Instant;

use ddsp_core::condition::{Adjustments, Features, condition};
use ddsp_core::engine::Engine;
use ddsp_core::feature::f0;
use ddsp_core::feature::loudness::recomputed_loudness_db;
use ddsp_core::model::{Model, ModelConfig};
use ddsp_core::scale::amplitude_to_db;
use ddsp_core::synth::PhaseMode;
use ddsp_io::audio::{resample, write_audio};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::TransferArgs;
use crate::failure::{Cause, Failure};
use crate::instruments;
use crate::jobs::{Job, Wanted, plan};
use crate::listen::{listen, loudness, tracker};
use crate::showing::{Shown, show};
use crate::text::{count, one_line};

/// Clips up to here stay within a sixth of a semitone when phase is summed in f32.
const DRIFT_S: f64 = 10.0;
const DRIFTS: &str = "phase is summed in f32 as Magenta does, which goes out of tune in long clips; \
                      --phase-mode exact stays in tune";

/// Runs the command.
pub(crate) fn run(args: &TransferArgs) -> Result<(), Failure> {
    let mut model = instruments::load(&args.listening.model)?;
    if let Some(phase_mode) = args.phase_mode {
        model = model.with_phase_mode(phase_mode.into());
    }
    let engine = Engine::prepare(&model, args.seed);
    let mut engine = engine.map_err(|e| Failure::new(Cause::Model, e.to_string()))?;
    let wanted = Wanted {
        output: args.output.as_deref(),
        features: args.showing.features.as_deref(),
        plot: args.showing.plot.as_deref(),
        instrument: &model.config().name,
    };
    let jobs = plan(&args.inputs, &wanted)?;
    if let [job] = &jobs[..] {
        let progress = progress_bar();
        let lines = transfer(job, args, &model, &mut engine, &progress);
        progress.finish_and_clear();
        lines?.iter().for_each(|line| println!("{line}"));
        return Ok(());
    }
    many(&jobs, args, &model, &mut engine)
}

/// Transfers several inputs; one that fails is reported and the others go on.
fn many(
    jobs: &[Job],
    args: &TransferArgs,
    model: &Model,
    engine: &mut Engine,
) -> Result<(), Failure> {
    let mut n_failed = 0;
    let progress = progress_bar();
    for (i, job) in jobs.iter().enumerate() {
        progress.set_prefix(format!("{}/{}", i + 1, jobs.len()));
        let result = transfer(job, args, model, engine, &progress);
        progress.suspend(|| match result {
            Ok(lines) => lines.iter().for_each(|line| println!("{line}")),
            Err(failure) => {
                n_failed += 1;
                eprintln!("ddsp: {failure}");
            }
        });
    }
    progress.finish_and_clear();
    if n_failed > 0 {
        let sentence = format!("{} of {} failed, the others are done", n_failed, jobs.len());
        return Err(Failure::new(Cause::Some, sentence));
    }
    println!("{} transferred", count(jobs.len(), "recording"));
    Ok(())
}

/// Transfers one input and says what was done.
fn transfer(
    job: &Job,
    args: &TransferArgs,
    model: &Model,
    engine: &mut Engine,
    progress: &ProgressBar,
) -> Result<Vec<String>, Failure> {
    let start = Instant::now();
    let config = model.config();
    progress.set_length(1);
    progress.set_position(0);
    progress.set_message(format!("listening to {}", job.input.display()));
    let mut heard = listen(&job.input, &args.listening, model)?;
    let drifts = model.phase_modes().any(|mode| mode == PhaseMode::MagentaF32);
    if drifts && heard.source.duration_s > DRIFT_S {
        heard.notices.push(DRIFTS.to_owned());
    }

    let mut adjustments = Adjustments {
        f0_octave_shift: args.f0_octave_shift,
        f0_confidence_threshold: args.f0_confidence_threshold,
        loudness_db_shift: args.loudness_db_shift,
    };
    if args.recompute_loudness {
        let n_frames = heard.features.f0_hz.len();
        heard.features.loudness_db = recomputed_loudness_db(
            &heard.samples,
            config.sample_rate,
            config.hop_size,
            n_frames,
            &config.loudness,
        )
        .map_err(|e| Failure::file(Cause::Input, &job.input, e))?;
        adjustments.loudness_db_shift = 0.0;
    }
    let frames = condition(&heard.features, &adjustments, &config.loudness, config.frame_rate());
    progress.set_length(heard.features.f0_hz.len() as u64);
    progress.set_message(format!("playing {}", job.input.display()));
    let mut signal = engine.render(frames.as_frames(), |n| progress.set_position(n as u64));
    signal.truncate(heard.samples.len());

    let mut lines = heard.report(&job.input);
    lines.extend(heard.notices.iter().map(|notice| format!("  note: {notice}")));
    let name = one_line(&config.name);
    lines.push(format!("played by {name}{}", adjusted(args)));
    lines.push(write_sound(job, args, config.sample_rate, &signal)?);
    let before = Shown { title: "before", samples: &heard.samples, features: &heard.features };
    if job.plot.is_some() {
        let features = hear_again(&signal, heard.features.f0_hz.len(), config)?;
        let after = Shown { title: &name, samples: &signal, features: &features };
        lines.extend(show(job, config, &[before, after])?);
    } else {
        lines.extend(show(job, config, &[before])?);
    }
    let (wall_s, duration_s) = (start.elapsed().as_secs_f64(), heard.source.duration_s);
    lines.push(format!("took {wall_s:.2} s, {:.0} x real time", duration_s / wall_s));
    Ok(lines)
}

/// The adjustments that are in force, for the report.
fn adjusted(args: &TransferArgs) -> String {
    let mut text = String::new();
    if args.f0_octave_shift != 0.0 {
        text += &format!(", {:+} octaves", args.f0_octave_shift);
    }
    if args.f0_confidence_threshold > 0.0 {
        text += &format!(", tone from confidence {}", args.f0_confidence_threshold);
    }
    if args.recompute_loudness {
        text += ", loudness recomputed from the recording";
    } else if args.loudness_db_shift != 0.0 {
        text += &format!(", loudness {:+} dB", args.loudness_db_shift);
    }
    text
}

fn write_sound(
    job: &Job,
    args: &TransferArgs,
    model_rate: u32,
    signal: &[f32],
) -> Result<String, Failure> {
    let sample_rate = args.sample_rate.unwrap_or(model_rate);
    let converted;
    let signal = if sample_rate == model_rate {
        signal
    } else {
        converted = resample(signal, model_rate, sample_rate)?;
        &converted
    };
    let written = write_audio(&job.output, signal, sample_rate, args.format)?;
    let peak = signal.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    let level = match (written.reduced_db, peak > 0.0) {
        (Some(db), _) => format!("turned down by {db:.1} dB to fit full scale"),
        (None, true) => format!("peak {:.1} dB", amplitude_to_db(f64::from(peak))),
        (None, false) => "silence".to_owned(),
    };
    let (path, format, duration_s) = (job.output.display(), args.format, written.duration_s);
    Ok(format!("wrote {path}: {duration_s:.2} s, {sample_rate} Hz, {format}, {level}"))
}

/// The features of what was played, for the picture.
fn hear_again(signal: &[f32], n_frames: usize, config: &ModelConfig) -> Result<Features, Failure> {
    let (tracker, _) = tracker(config);
    let track = f0::track(signal, config.sample_rate, config.hop_size, n_frames, &tracker)
        .map_err(|e| Failure::new(Cause::Model, e.to_string()))?;
    Ok(Features {
        f0_hz: track.f0_hz,
        f0_confidence: track.f0_confidence,
        loudness_db: loudness(signal, config, n_frames),
    })
}

/// A bar on the terminal; nothing where there is none.
fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {wide_msg} {bar:30} {percent}% {eta}");
    let style = style.expect("the template is a constant");
    ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr()).with_style(style)
}
