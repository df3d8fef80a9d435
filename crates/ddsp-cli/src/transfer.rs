//! `ddsp transfer`: recordings to the sound of an instrument.

use std::borrow::Cow;
use std::time::Instant;

use ddsp_core::condition::Features;
use ddsp_core::engine::Engine;
use ddsp_core::feature::f0;
use ddsp_core::model::{Model, ModelConfig};
use ddsp_core::scale::amplitude_to_db;
use ddsp_core::synth::PhaseMode;
use ddsp_core::transfer::{Heard, Played, Playing, loudness, play, tracker};
use ddsp_io::audio::{OutputFormat, resample};
use ddsp_io::instrument::at_native_rate;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::TransferArgs;
use crate::controls::changed;
use crate::failure::{Cause, Failure};
use crate::format;
use crate::jobs::{Job, Sound, Wanted, plan};
use crate::listen::listen;
use crate::pipe::Output;
use crate::say::report;
use crate::showing::{Shown, show};
use crate::text::{count, one_line};

/// Clips up to here stay within a sixth of a semitone when phase is summed in f32.
const DRIFT_S: f64 = 10.0;
const DRIFTS: &str = "phase is summed in f32 as Magenta does, which goes out of tune in long clips; \
                      --phase-mode exact stays in tune";

/// Runs the command.
pub(crate) fn run(args: &TransferArgs) -> Result<(), Failure> {
    let format = format::choose(args.format, args.output.as_deref())?;
    let mut player = Player::new(args, format)?;
    let wanted = Wanted {
        output: args.output.as_deref(),
        features: args.showing.features.as_deref(),
        plot: args.showing.plot.as_deref(),
        sound: Some(Sound {
            instrument: &player.model.config().name,
            extension: format.extension(),
        }),
    };
    let jobs = plan(&args.inputs, &wanted)?;
    if let [job] = &jobs[..] {
        let progress = progress_bar();
        let lines = player.transfer(job, &progress);
        progress.finish_and_clear();
        report(&lines?, job.takes_stdout());
        return Ok(());
    }
    many(&jobs, &mut player)
}

/// Transfers several inputs; one that fails is reported and the others go on.
fn many(jobs: &[Job], player: &mut Player<'_>) -> Result<(), Failure> {
    let mut n_failed = 0;
    let progress = progress_bar();
    for (i, job) in jobs.iter().enumerate() {
        progress.set_prefix(format!("{}/{}", i + 1, jobs.len()));
        let result = player.transfer(job, &progress);
        progress.suspend(|| match result {
            Ok(lines) => report(&lines, job.takes_stdout()),
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

/// An instrument, ready to play whatever it hears.
struct Player<'a> {
    args: &'a TransferArgs,
    format: OutputFormat,
    /// What listens.
    model: Model,
    /// What plays, at `played_rate`.
    engine: Engine,
    played_rate: u32,
    playing: Playing,
}

impl<'a> Player<'a> {
    fn new(args: &'a TransferArgs, format: OutputFormat) -> Result<Self, Failure> {
        let mut model = args.controls.fit_to(args.listening.load()?)?;
        if let Some(phase_mode) = args.phase_mode {
            model = model.with_phase_mode(phase_mode.into());
        }
        let playing = args.controls.playing(&model);
        let native = match args.native_rate {
            Some(rate) => &at_native_rate(model.clone(), rate, args.controls.magenta_compat)
                .map_err(|e| Failure::new(Cause::Usage, e.to_string()))?,
            None => &model,
        };
        let engine = Engine::prepare(native, args.seed);
        let engine = engine.map_err(|e| Failure::new(Cause::Model, e.to_string()))?;
        let played_rate = native.config().sample_rate;
        Ok(Self { args, format, model, engine, played_rate, playing })
    }

    /// Transfers one input and says what was done.
    fn transfer(&mut self, job: &Job, progress: &ProgressBar) -> Result<Vec<String>, Failure> {
        let start = Instant::now();
        progress.set_length(1);
        progress.set_position(0);
        progress.set_message(format!("listening to {}", job.input));
        let heard = listen(&job.input, &self.args.listening, &self.model)?;
        progress.set_length(heard.heard.features.f0_hz.len() as u64);
        progress.set_message(format!("playing {}", job.input));
        let on_frame = |n| progress.set_position(n as u64);
        let config = self.model.config();
        let played = play(&heard.heard, &self.playing, config, &mut self.engine, on_frame);
        let Played { signal, adjusted } =
            played.map_err(|e| Failure::new(Cause::Usage, e.to_string()))?;

        let (changed, notices) = changed(&self.playing, &adjusted);
        let mut lines = heard.report(&job.input);
        let notices = heard.notices.iter().chain(&notices).map(String::as_str);
        let notices = notices.chain(self.drift(heard.source.duration_s));
        lines.extend(notices.map(|notice| format!("  note: {notice}")));
        lines.push(format!("played by {}{changed}", one_line(&config.name)));
        if let Some(output) = &job.output {
            lines.push(self.write_sound(output, &signal)?);
        }
        lines.extend(self.show(job, &heard.heard, &signal)?);
        let (wall_s, duration_s) = (start.elapsed().as_secs_f64(), heard.source.duration_s);
        lines.push(format!("took {wall_s:.2} s, {:.0} x real time", duration_s / wall_s));
        Ok(lines)
    }

    /// A sentence where the sound will go out of tune.
    fn drift(&self, duration_s: f64) -> Option<&'static str> {
        let drifts = self.model.phase_modes().any(|mode| mode == PhaseMode::MagentaF32);
        (drifts && duration_s > DRIFT_S).then_some(DRIFTS)
    }

    fn write_sound(&self, output: &Output, signal: &[f32]) -> Result<String, Failure> {
        let sample_rate = self.args.sample_rate.unwrap_or(self.played_rate);
        let signal = converted(signal, self.played_rate, sample_rate)?;
        let format = self.format;
        let written = output.write_audio(&signal, sample_rate, format)?;
        let peak = signal.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        let level = match (written.reduced_db, peak > 0.0) {
            (Some(db), _) => format!("turned down by {db:.1} dB to fit full scale"),
            (None, true) => format!("peak {:.1} dB", amplitude_to_db(f64::from(peak))),
            (None, false) => "silence".to_owned(),
        };
        let duration_s = written.duration_s;
        Ok(format!("wrote {output}: {duration_s:.2} s, {sample_rate} Hz, {format}, {level}"))
    }

    /// Writes the table of what was heard, and the picture of it before and after.
    fn show(&self, job: &Job, heard: &Heard, signal: &[f32]) -> Result<Vec<String>, Failure> {
        let config = self.model.config();
        let before = Shown { title: "before", samples: &heard.samples, features: &heard.features };
        if job.plot.is_none() {
            return show(job, config, &[before]);
        }
        let signal = converted(signal, self.played_rate, config.sample_rate)?;
        let features = hear_again(&signal, heard.features.f0_hz.len(), config)?;
        let name = one_line(&config.name);
        let after = Shown { title: &name, samples: &signal, features: &features };
        show(job, config, &[before, after])
    }
}

/// The signal at another rate.
fn converted(signal: &[f32], from: u32, to: u32) -> Result<Cow<'_, [f32]>, Failure> {
    Ok(if from == to { Cow::Borrowed(signal) } else { Cow::Owned(resample(signal, from, to)?) })
}

/// The features of what was played, for the picture.
fn hear_again(signal: &[f32], n_frames: usize, config: &ModelConfig) -> Result<Features, Failure> {
    let track = f0::track(signal, config.sample_rate, config.hop_size, n_frames, &tracker(config))
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
