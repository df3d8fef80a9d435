//! `ddsp prepare`: recordings to a data set for training.
//!
//! The way through: each recording is surveyed as it is (`survey`), which settles the rate (`settings`), converted into a file of
//! the workshop (`recording`), heard a minute at a time (`stretches`), split (`split`) and written (`write`); then the material is
//! graded (`grade`). What is finished stays in the workshop (`workshop`), so that the same command goes on where it was stopped,
//! and the data set appears whole (`output`). Audio is held a minute at a time and thread; features of all recordings are held
//! at the end, 3 kB for each second.

mod grade;
mod maker;
mod output;
mod parallel;
mod recording;
mod settings;
mod split;
mod stretches;
mod survey;
mod workshop;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ddsp_io::dataset::DatasetInfo;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::PrepareArgs;
use crate::failure::{Cause, Failure};
use crate::jobs::expand;
use crate::pipe::is_pipe;
use crate::text::count;
use maker::{Maker, Ready};
use output::Before;
use recording::Found;
use workshop::Workshop;

/// The picture of the material, in the folder of the data set.
const PICTURE: &str = "material.png";

/// Runs the command.
pub(crate) fn run(args: &PrepareArgs) -> Result<(), Failure> {
    let files = files(&args.inputs)?;
    let made_from = made_from(args, &files);
    if let Before::Same(info) = output::before(&args.output, &made_from, args.restart)? {
        println!("{} is there already, made of the same in the same way", args.output.display());
        info.grade.iter().for_each(|line| println!("  {line}"));
        return Ok(());
    }
    let mut workshop = Workshop::open(&args.output)?;
    if args.restart {
        workshop.clear();
        workshop = Workshop::open(&args.output)?;
    }
    let mut maker = Maker { args, workshop, progress: progress_bar(), failed: Vec::new() };
    let made = maker.make(files, made_from);
    maker.progress.finish_and_clear();
    let Maker { workshop, failed, .. } = maker;
    match made {
        Ok(info) => {
            workshop.clear();
            report(&info, &args.output).iter().for_each(|line| println!("{line}"));
        }
        Err(failure) if failure.cause() == Cause::Output => {
            // What is half made of it may be what fills the disk.
            let _ = std::fs::remove_dir_all(workshop.path("dataset"));
            let folder = workshop.folder().display();
            let sentence = format!(
                "{failure}; what was finished is kept in {folder}: make room and give the same command again"
            );
            return Err(Failure::new(Cause::Output, sentence));
        }
        Err(failure) => {
            // Of what cannot be made nothing is worth keeping.
            workshop.clear();
            return Err(failure);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    let sentence = format!(
        "{} could not be used, the data set was made of the others",
        count(failed.len(), "recording")
    );
    Err(Failure::new(Cause::Some, sentence))
}

/// The recordings, each once, with names of their own.
fn files(inputs: &[PathBuf]) -> Result<Vec<Found>, Failure> {
    if inputs.iter().any(|input| is_pipe(input)) {
        let sentence = "a data set is made of files, which are read twice: save what comes through a pipe first";
        return Err(Failure::new(Cause::Usage, sentence));
    }
    let (mut paths, _) = expand(inputs)?;
    paths.sort();
    paths.dedup();
    let mut n_of_name: BTreeMap<String, usize> = BTreeMap::new();
    let mut files: Vec<Found> = paths.into_iter().map(Found::new).collect();
    for file in &mut files {
        let n = n_of_name.entry(file.name.clone()).or_default();
        *n += 1;
        if *n > 1 {
            file.name = format!("{} ({n})", file.name);
        }
    }
    Ok(files)
}

/// What is asked for, a line each.
fn made_from(args: &PrepareArgs, files: &[Found]) -> String {
    let asked = |rate: Option<u32>| rate.map_or("as suits".to_owned(), |rate| rate.to_string());
    let mut lines = vec![
        format!("sample rate {}", asked(args.sample_rate)),
        format!("frame rate {}", asked(args.frame_rate)),
        format!("pitch {} {:?}", args.pitch, args.f0_range),
        format!("channel {:?}", args.channel),
        format!("examples of {} s, {} s apart", args.example_s, args.hop_s),
        format!("held out {}", args.held_out),
    ];
    lines.extend(files.iter().map(Found::line));
    lines.join("\n")
}

/// What was made, in words.
fn report(info: &DatasetInfo, output: &Path) -> Vec<String> {
    let mut lines: Vec<String> = info
        .sources
        .iter()
        .flat_map(|source| {
            source.notices.iter().map(move |n| format!("note: {}: {n}", source.name))
        })
        .collect();
    lines.push(format!(
        "wrote {}: {} and {} held out, {} Hz, {} frames a second",
        output.display(),
        count(info.n_train_examples as usize, "example"),
        info.n_held_out_examples,
        info.sample_rate,
        info.frame_rate
    ));
    lines.extend(info.grade.iter().map(|line| format!("  {line}")));
    lines.push(format!("  the picture of it: {}", output.join(PICTURE).display()));
    lines
}

/// A bar on the terminal; nothing where there is none.
fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_msg} {bar:30} {percent}% {eta}");
    let style = style.expect("the template is a constant");
    ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr()).with_style(style)
}
