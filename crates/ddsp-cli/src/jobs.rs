//! Which inputs there are, and where the output of each goes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::failure::{Cause, Failure};
use crate::pipe::{Input, Output, is_pipe, refuse_terminal};

/// What is picked out of a folder.
pub(crate) const AUDIO_EXTENSIONS: &[&str] =
    &["wav", "wave", "flac", "mp3", "ogg", "oga", "m4a", "mp4", "aif", "aiff", "aifc", "caf"];

/// One input and its outputs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) input: Input,
    /// None if no sound is asked for.
    pub(crate) output: Option<Output>,
    pub(crate) features: Option<Output>,
    pub(crate) plot: Option<Output>,
}

impl Job {
    /// Whether standard output carries something that is no report.
    pub(crate) fn takes_stdout(&self) -> bool {
        self.outputs().any(|output| *output == Output::Pipe)
    }

    fn outputs(&self) -> impl Iterator<Item = &Output> {
        [&self.output, &self.features, &self.plot].into_iter().flatten()
    }
}

/// Where outputs are asked to go.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) output: Option<&'a Path>,
    pub(crate) features: Option<&'a Path>,
    pub(crate) plot: Option<&'a Path>,
    /// The sound, if one is asked for.
    pub(crate) sound: Option<Sound<'a>>,
}

/// What an output is called that was not named in full.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sound<'a> {
    /// Goes into the name of an output for which no place was given.
    pub(crate) instrument: &'a str,
    /// Without the dot.
    pub(crate) extension: &'a str,
}

/// Expands folders and patterns and gives every input its outputs; makes the folders that are needed.
pub(crate) fn plan(inputs: &[PathBuf], wanted: &Wanted<'_>) -> Result<Vec<Job>, Failure> {
    let jobs = match inputs {
        [input] if is_pipe(input) => vec![one(Input::Pipe, wanted)],
        _ => plan_files(inputs, wanted)?,
    };
    for job in &jobs {
        refuse_overwriting_input(job)?;
        refuse_mixing(job)?;
    }
    Ok(jobs)
}

fn plan_files(inputs: &[PathBuf], wanted: &Wanted<'_>) -> Result<Vec<Job>, Failure> {
    let (mut files, is_many) = expand(inputs)?;
    if is_many { many(files, wanted) } else { Ok(vec![one(Input::File(files.remove(0)), wanted)]) }
}

/// The files that are named, those in folders and those that patterns match; and whether there may be several.
pub(crate) fn expand(inputs: &[PathBuf]) -> Result<(Vec<PathBuf>, bool), Failure> {
    let mut files = Vec::new();
    let mut is_many = inputs.len() > 1;
    for input in inputs {
        let text = input.to_string_lossy();
        if is_pipe(input) {
            let sentence = "standard input (-) can be the only input, and there are several";
            return Err(Failure::new(Cause::Usage, sentence));
        } else if input.is_dir() {
            is_many = true;
            files.extend(audio_files(input)?);
        } else if !input.exists() && text.contains(['*', '?', '[']) {
            is_many = true;
            files.extend(matches(&text)?);
        } else {
            files.push(input.clone());
        }
    }
    Ok((files, is_many))
}

fn one(input: Input, wanted: &Wanted<'_>) -> Job {
    let stem = match &input {
        Input::File(path) => stem(path),
        Input::Pipe => "stdin".to_owned(),
    };
    let place = |place: &Path, extension: &str| match place {
        place if is_pipe(place) => Output::Pipe,
        place if place.is_dir() => Output::File(place.join(format!("{stem}.{extension}"))),
        place => Output::File(place.to_owned()),
    };
    let output =
        wanted.sound.map(|Sound { instrument, extension }| match (wanted.output, &input) {
            (Some(output), _) => place(output, extension),
            (None, Input::File(_)) => {
                Output::File(format!("{stem}.{instrument}.{extension}").into())
            }
            (None, Input::Pipe) => Output::Pipe,
        });
    let features = wanted.features.map(|p| place(p, "csv"));
    let plot = wanted.plot.map(|p| place(p, "png"));
    Job { input, output, features, plot }
}

fn many(files: Vec<PathBuf>, wanted: &Wanted<'_>) -> Result<Vec<Job>, Failure> {
    let Some(folder) = wanted.output else {
        let sentence = "several inputs need a folder for their outputs: add -o FOLDER";
        return Err(Failure::new(Cause::Usage, sentence));
    };
    let folders = [Some(folder), wanted.features, wanted.plot];
    if folders.into_iter().flatten().any(is_pipe) {
        let sentence = "several inputs cannot share standard output (-): give a folder instead";
        return Err(Failure::new(Cause::Usage, sentence));
    }
    let extension = wanted.sound.map_or("", |sound| sound.extension);
    let mut by_stem: BTreeMap<String, &Path> = BTreeMap::new();
    for file in &files {
        // Two names that differ in case alone are one file on many disks.
        if let Some(other) = by_stem.insert(stem(file).to_lowercase(), file) {
            let sentence = format!(
                "{} and {} would both become {}.{extension}: rename one, or transfer them apart",
                other.display(),
                file.display(),
                stem(file)
            );
            return Err(Failure::new(Cause::Usage, sentence));
        }
    }
    for folder in folders.into_iter().flatten() {
        make_folder(folder)?;
    }
    let jobs = files.into_iter().map(|input| {
        let stem = stem(&input);
        let place = |folder: &Path, extension: &str| {
            Output::File(folder.join(format!("{stem}.{extension}")))
        };
        Job {
            output: wanted.sound.map(|sound| place(folder, sound.extension)),
            features: wanted.features.map(|f| place(f, "csv")),
            plot: wanted.plot.map(|f| place(f, "png")),
            input: Input::File(input),
        }
    });
    Ok(jobs.collect())
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn audio_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable =
        |e| Failure::file(Cause::Input, folder, format!("the folder cannot be read: {e}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if is_audio(&path) {
            files.push(path);
        }
    }
    if files.is_empty() {
        let expected = AUDIO_EXTENSIONS.join(", ");
        let sentence = format!("expected recordings in this folder ({expected}), found none");
        return Err(Failure::file(Cause::Input, folder, sentence));
    }
    files.sort();
    Ok(files)
}

/// Whether this is a file that calls itself audio.
pub(crate) fn is_audio(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    extension.is_some_and(|e| AUDIO_EXTENSIONS.contains(&e.as_str())) && path.is_file()
}

fn matches(pattern: &str) -> Result<Vec<PathBuf>, Failure> {
    let found = glob::glob(pattern)
        .map_err(|e| Failure::new(Cause::Usage, format!("{pattern}: not a usable pattern: {e}")))?;
    let files: Vec<PathBuf> = found.flatten().filter(|path| path.is_file()).collect();
    if files.is_empty() {
        return Err(Failure::new(Cause::Input, format!("{pattern}: no file matches")));
    }
    Ok(files)
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    if folder.exists() && !folder.is_dir() {
        let sentence = "expected a folder for the outputs of several inputs, found a file";
        return Err(Failure::file(Cause::Output, folder, sentence));
    }
    std::fs::create_dir_all(folder).map_err(|e| {
        Failure::file(Cause::Output, folder, format!("the folder cannot be made: {e}"))
    })
}

fn refuse_overwriting_input(job: &Job) -> Result<(), Failure> {
    let Input::File(input) = &job.input else { return Ok(()) };
    let Ok(input) = input.canonicalize() else { return Ok(()) };
    for output in job.outputs() {
        if let Output::File(path) = output
            && path.canonicalize().is_ok_and(|output| output == input)
        {
            let sentence = "the output would replace the input: give another name with -o";
            return Err(Failure::file(Cause::Usage, path, sentence));
        }
    }
    Ok(())
}

/// Standard output takes one thing, and a terminal shows text alone.
fn refuse_mixing(job: &Job) -> Result<(), Failure> {
    if job.outputs().filter(|output| **output == Output::Pipe).count() > 1 {
        let sentence = "standard output (-) takes one of sound, table and picture: \
                        give the others a file";
        return Err(Failure::new(Cause::Usage, sentence));
    }
    let is_pipe = |output: &Option<Output>| *output == Some(Output::Pipe);
    if is_pipe(&job.output) || is_pipe(&job.plot) { refuse_terminal() } else { Ok(()) }
}
