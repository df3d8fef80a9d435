//! Which inputs there are, and where the output of each goes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::failure::{Cause, Failure};

/// What is picked out of a folder.
const AUDIO_EXTENSIONS: &[&str] =
    &["wav", "wave", "flac", "mp3", "ogg", "oga", "m4a", "mp4", "aif", "aiff", "aifc", "caf"];

/// One input and its outputs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) input: PathBuf,
    pub(crate) output: PathBuf,
    pub(crate) features: Option<PathBuf>,
    pub(crate) plot: Option<PathBuf>,
}

/// Where outputs are asked to go.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) output: Option<&'a Path>,
    pub(crate) features: Option<&'a Path>,
    pub(crate) plot: Option<&'a Path>,
    /// Goes into the name of an output for which no place was given.
    pub(crate) instrument: &'a str,
}

/// Expands folders and patterns and gives every input its outputs; makes the folders that are needed.
pub(crate) fn plan(inputs: &[PathBuf], wanted: &Wanted<'_>) -> Result<Vec<Job>, Failure> {
    let mut files = Vec::new();
    let mut is_many = inputs.len() > 1;
    for input in inputs {
        let text = input.to_string_lossy();
        if input.is_dir() {
            is_many = true;
            files.extend(audio_files(input)?);
        } else if !input.exists() && text.contains(['*', '?', '[']) {
            is_many = true;
            files.extend(matches(&text)?);
        } else {
            files.push(input.clone());
        }
    }
    let jobs = if is_many { many(files, wanted) } else { one(files.remove(0), wanted) }?;
    for job in &jobs {
        refuse_overwriting_input(job)?;
    }
    Ok(jobs)
}

fn one(input: PathBuf, wanted: &Wanted<'_>) -> Result<Vec<Job>, Failure> {
    let stem = stem(&input);
    let place = |place: &Path, extension: &str| {
        if place.is_dir() { place.join(format!("{stem}.{extension}")) } else { place.to_owned() }
    };
    let output = match wanted.output {
        Some(output) => place(output, "wav"),
        None => PathBuf::from(format!("{stem}.{}.wav", wanted.instrument)),
    };
    let features = wanted.features.map(|p| place(p, "csv"));
    let plot = wanted.plot.map(|p| place(p, "png"));
    Ok(vec![Job { input, output, features, plot }])
}

fn many(files: Vec<PathBuf>, wanted: &Wanted<'_>) -> Result<Vec<Job>, Failure> {
    let Some(folder) = wanted.output else {
        let sentence = "several inputs need a folder for their outputs: add -o FOLDER";
        return Err(Failure::new(Cause::Usage, sentence));
    };
    let mut by_stem: BTreeMap<String, &Path> = BTreeMap::new();
    for file in &files {
        // Two names that differ in case alone are one file on many disks.
        if let Some(other) = by_stem.insert(stem(file).to_lowercase(), file) {
            let sentence = format!(
                "{} and {} would both become {}.wav: rename one, or transfer them apart",
                other.display(),
                file.display(),
                stem(file)
            );
            return Err(Failure::new(Cause::Usage, sentence));
        }
    }
    for folder in [Some(folder), wanted.features, wanted.plot].into_iter().flatten() {
        make_folder(folder)?;
    }
    let jobs = files.into_iter().map(|input| {
        let stem = stem(&input);
        let place = |folder: &Path, extension| folder.join(format!("{stem}.{extension}"));
        Job {
            output: place(folder, "wav"),
            features: wanted.features.map(|f| place(f, "csv")),
            plot: wanted.plot.map(|f| place(f, "png")),
            input,
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
    let Ok(input) = job.input.canonicalize() else { return Ok(()) };
    let outputs = [Some(&job.output), job.features.as_ref(), job.plot.as_ref()];
    for output in outputs.into_iter().flatten() {
        if output.canonicalize().is_ok_and(|output| output == input) {
            let sentence = "the output would replace the input: give another name with -o";
            return Err(Failure::file(Cause::Usage, output, sentence));
        }
    }
    Ok(())
}
