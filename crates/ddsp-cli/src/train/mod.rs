//! `ddsp train`: a data set to an instrument.
//!
//! [`settings`] is what was asked for, kept with the run; [`origin`] is what a run began with, so that only the same one goes on;
//! [`reporter`] writes what happens into the folder of the run, and [`crate::watch`] shows that folder, to whoever started the run as to
//! everybody else.

mod gin;
mod origin;
mod reporter;
mod settings;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ddsp::burn::tensor::Device;
use ddsp::train::{
    Checkpoint, Checkpoints, Clips, Ending, Event, Progress, Run, Session, lead_in_frames, train,
};
use ddsp_core::model::{ModelConfig, Weights};
use ddsp_io::dataset::{Dataset, Part};
use ddsp_io::import::Moments;
use ddsp_io::run_folder::{RunFolder, State};

use crate::args::TrainArgs;
use crate::failure::{Cause, Failure};
use crate::{detach, interrupt, memory, watch};
use origin::Origin;
use reporter::Reporter;

/// A data set that is nowhere louder than this has nothing to learn.
const SILENCE_DB: f64 = -60.0;

/// Runs the command.
pub(crate) fn run(args: &TrainArgs) -> Result<(), Failure> {
    let folder = RunFolder::new(&args.output);
    if args.detach {
        refuse_other_folders(&args.output)?;
        folder.create()?;
        // Whoever holds the lock is told of here, and not in a log.
        drop(folder.lock()?);
        return detach::run(&folder);
    }
    memory::keep_pages();
    interrupt::ask_to_stop_first();
    let dataset = open(&args.dataset)?;
    let wanted = Origin::wanted(args, &dataset)?;
    let device = device(&args.device)?;
    refuse_other_folders(&args.output)?;
    folder.create()?;
    let lock = folder.lock()?;
    if args.restart {
        // Only when it is known that there is something to take its place.
        training_clips(&dataset, &wanted)?;
        origin::clear(&folder)?;
    }
    let checkpoints =
        Checkpoints::new(folder.file("checkpoints"), wanted.config.upkeep.checkpoints_to_keep);
    let (checkpoint, passed_over) = checkpoints.newest().map_err(unusable)?;
    let origin = Origin::settled(wanted, &folder, &args.output, checkpoint.is_some())?;
    for notice in &origin.notices {
        println!("note: {notice}");
    }
    passed_over.iter().for_each(|sentence| println!("note: passed over {sentence}"));
    if let Some(checkpoint) = checkpoint.as_ref().filter(|c| c.progress.is_finished) {
        finish(&folder, &origin, checkpoint)?;
        println!(
            "{}: has finished at step {}: play it with `ddsp transfer IN -m {0}/model.ddsp`, keep it with `ddsp export {0} -o \
             NAME.ddsp`, or train anew with --restart",
            args.output.display(),
            checkpoint.progress.step
        );
        return Ok(());
    }
    let progress = checkpoint.as_ref().map_or_else(Progress::default, |c| c.progress);
    let mut reporter = Reporter::new(&folder, &origin, &progress)?;
    let follower = watch::follow_in_background(&folder, args.plain);
    let ended = work(&dataset, &origin, checkpoint, &checkpoints, &device, &mut reporter);
    let ended = reporter.end(ended);
    drop(lock);
    follower.join().map_err(|_| Failure::new(Cause::Output, "the view of the run failed"))?;
    ended
}

fn open(path: &Path) -> Result<Dataset, Failure> {
    Ok(Dataset::open(path)?)
}

/// Does what a run that made all its steps could not do any more.
fn finish(folder: &RunFolder, origin: &Origin, checkpoint: &Checkpoint) -> Result<(), Failure> {
    let has_model = folder.file("model.ddsp").is_file();
    let is_told = folder.status()?.is_some_and(|status| status.state == State::Finished);
    if has_model && is_told {
        return Ok(());
    }
    let mut reporter = Reporter::new(folder, origin, &checkpoint.progress)?;
    if !has_model {
        reporter.keep_model(&checkpoint.average, None)?;
    }
    reporter.end(Ok(Ending::Finished))
}

/// What is trained on.
fn training_clips(dataset: &Dataset, origin: &Origin) -> Result<Clips, Failure> {
    let (hop_size, n_frames) = (origin.description.hop_size, origin.config.window_frames());
    let clips = Clips::new(dataset.clips(Part::Train)?, hop_size, n_frames).map_err(unusable)?;
    if clips.are_silent(SILENCE_DB) {
        let sentence = "expected sound to learn from, found silence alone";
        return Err(Failure::new(Cause::Input, format!("{}: {sentence}", origin.dataset)));
    }
    Ok(clips)
}

/// Reads the data and trains.
fn work(
    dataset: &Dataset,
    origin: &Origin,
    checkpoint: Option<Checkpoint>,
    checkpoints: &Checkpoints,
    device: &Device,
    reporter: &mut Reporter,
) -> Result<Ending, Failure> {
    let Origin { config, description, .. } = origin;
    let clips = training_clips(dataset, origin)?;
    let held_out = Clips::held_out(
        dataset.clips(Part::HeldOut)?,
        description,
        config.upkeep.evaluation_window_s,
        lead_in_frames(description),
    );
    if held_out.is_none() {
        reporter.note("nothing is held out: how well it plays what it never heard is not measured, and the last weights are kept");
    }
    let (plan, mut progress) =
        checkpoint.as_ref().map_or((None, Progress::default()), |c| (c.plan, c.progress));
    if !reporter.has_model() {
        // The next one is the best there is.
        (progress.best, progress.n_no_better) = (None, 0);
    }
    let session = match &checkpoint {
        Some(checkpoint) => {
            Session::resume(config.clone(), description.clone(), checkpoint, device)
        }
        None => Session::new(config.clone(), description.clone(), origin.weights.as_ref(), device),
    };
    let mut session = session.map_err(unusable)?;
    if let Some(slots) = origin.slots.as_ref().filter(|_| checkpoint.is_none()) {
        let moments = |of: fn(&Moments) -> &Vec<f32>| {
            let mut flat = Weights::default();
            for (name, moments) in &slots.moments {
                flat.insert(name, vec![of(moments).len()], of(moments).clone());
            }
            flat
        };
        session.remember(slots.n_iterations, &moments(|m| &m.m), &moments(|m| &m.v));
    }
    let run = Run { train: &clips, held_out: held_out.as_ref(), description, checkpoints, device };
    let mut failure = None;
    let mut observe = |event: Event<'_>| {
        if let Err(e) = reporter.take(event) {
            failure.get_or_insert(e);
        }
        if failure.is_some() || interrupt::is_asked_to_stop() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let ending = train(&run, &mut session, plan, progress, &mut observe);
    if let Some(failure) = failure {
        return Err(failure);
    }
    ending.map_err(unusable)
}

/// Why a training cannot begin or go on, with its exit code.
fn unusable(error: ddsp::train::Error) -> Failure {
    match error {
        ddsp::train::Error::File(error) => error.into(),
        ddsp::train::Error::Diverged { .. } => Failure::new(Cause::Training, error.to_string()),
        other => Failure::new(Cause::Usage, other.to_string()),
    }
}

/// A folder with other things in it is nobody's run.
fn refuse_other_folders(path: &Path) -> Result<(), Failure> {
    if path.exists() && !path.is_dir() {
        let sentence = "expected a folder for the run, found a file: give another name with -o";
        return Err(Failure::file(Cause::Output, path, sentence));
    }
    let mut entries = std::fs::read_dir(path).into_iter().flatten();
    let is_run =
        ["config.toml", "run.lock", "train.log"].iter().any(|name| path.join(name).exists());
    if entries.next().is_some() && !is_run {
        let sentence = "expected the folder of a run or an empty one, found other files: give another name with -o";
        return Err(Failure::file(Cause::Output, path, sentence));
    }
    Ok(())
}

/// The device of that name.
pub(crate) fn device(name: &str) -> Result<Device, Failure> {
    let device = match name {
        "cpu" => Device::flex(),
        #[cfg(feature = "cuda")]
        "cuda" => Device::cuda(0),
        #[cfg(feature = "wgpu")]
        "wgpu" => Device::wgpu(ddsp::burn::tensor::DeviceKind::DefaultDevice),
        other => {
            let sentence = format!(
                "--device {other}: expected cpu, or cuda or wgpu in a build that has them (--features cuda, --features wgpu)"
            );
            return Err(Failure::new(Cause::Usage, sentence));
        }
    };
    Ok(device.autodiff())
}

/// The model of a run, or what is named otherwise.
pub(crate) fn model_of(name: &str) -> PathBuf {
    let path = Path::new(name);
    let of_run = path.join("model.ddsp");
    if of_run.is_file() { of_run } else { path.to_owned() }
}

/// What a description is called that comes from a run.
fn named(mut description: ModelConfig, run: &Path) -> ModelConfig {
    let name = run.file_name().unwrap_or_default().to_string_lossy();
    description.name = crate::text::one_line(&name);
    description
}
