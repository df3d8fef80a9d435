//! Which files of a folder are the checkpoint.

use std::fs;
use std::path::{Path, PathBuf};

use super::bundle::{file_name, read_whole};
use crate::error::{Error, Result};

/// The file that TensorFlow keeps beside checkpoints to name the newest.
const NEWEST_NAME: &str = "checkpoint";
/// What Magenta's timbre transfer looks for beside a checkpoint.
pub(super) const STATISTICS_NAME: &str = "dataset_statistics.pkl";
/// A file [`NEWEST_NAME`] larger than this is something else.
const MAX_NEWEST_BYTES: u64 = 1 << 20;

/// Why a checkpoint was taken among those of its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Choice {
    /// It was asked for.
    Asked,
    /// The file `checkpoint` names it.
    Named,
    /// It is the only one.
    Only,
    /// It has the highest step, and no file `checkpoint` names one that is there.
    HighestStep,
}

/// The files of a checkpoint.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) gin: PathBuf,
    pub(super) index: PathBuf,
    pub(super) choice: Choice,
    /// The other checkpoints of the folder, as `ckpt-100`.
    pub(super) others: Vec<String>,
    pub(super) statistics: Option<PathBuf>,
}

impl Folder {
    /// The files that belong to `path`: a folder, a gin file or an index.
    ///
    /// *Errors*: one of them is missing, or there are several and none is named.
    pub(super) fn find(path: &Path) -> Result<Self> {
        let metadata = fs::metadata(path).map_err(|e| Error::open(path, e))?;
        let folder = if metadata.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
        let extension = path.extension().unwrap_or_default();
        let asked =
            |wanted: &str| (!metadata.is_dir() && extension == wanted).then(|| path.to_owned());
        let (gin, index) = (asked("gin"), asked("index"));
        if !metadata.is_dir() && gin.is_none() && index.is_none() {
            let detail =
                "expected a checkpoint's folder, its gin file or its index, found another file";
            return Err(Error::checkpoint(path, detail));
        }
        let files = files(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?;
        let in_folder = |name: &String| folder.join(name);
        let with = |extension: &str| -> Vec<String> {
            let dotted = format!(".{extension}");
            files.iter().filter(|name| name.ends_with(&dotted)).cloned().collect()
        };
        let (indexes, gins) = (with("index"), with("gin"));
        if indexes.is_empty() && gins.is_empty() {
            let detail = "expected a checkpoint (ckpt-N.index, its data and operative_config-N.gin), \
                          found none of them";
            return Err(Error::checkpoint(path, detail));
        }
        let (index, choice) = match index {
            Some(index) => (index, Choice::Asked),
            None => {
                let (name, choice) = choose_index(folder, &indexes)?;
                (in_folder(&name), choice)
            }
        };
        let gin = match gin {
            Some(gin) => gin,
            None => in_folder(&choose_gin(folder, &gins)?),
        };
        let taken = file_name(&index);
        let others = indexes.iter().filter(|name| **name != taken);
        let others = others.map(|name| name.trim_end_matches(".index").to_owned()).collect();
        let statistics = files.iter().find(|name| *name == STATISTICS_NAME).map(in_folder);
        Ok(Self { gin, index, choice, others, statistics })
    }
}

/// The gin file that `path` is, or that of the folder that it is.
///
/// *Errors*: there is none, or there are several and none is named.
pub(super) fn find_gin(path: &Path) -> Result<PathBuf> {
    let metadata = fs::metadata(path).map_err(|e| Error::open(path, e))?;
    if !metadata.is_dir() {
        return Ok(path.to_owned());
    }
    let mut gins = files(path)?;
    gins.retain(|name| name.ends_with(".gin"));
    Ok(path.join(choose_gin(path, &gins)?))
}

/// The names of the files of a folder, in order.
fn files(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| Error::open(folder, e))? {
        let entry = entry.map_err(|e| Error::open(folder, e))?;
        if entry.path().is_file() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort();
    Ok(names)
}

/// The checkpoint that the file `checkpoint` names, or else that of the highest step.
fn choose_index(folder: &Path, indexes: &[String]) -> Result<(String, Choice)> {
    if let Some(named) = newest(folder)?
        && let Some(name) = indexes.iter().find(|name| **name == format!("{named}.index"))
    {
        return Ok((name.clone(), Choice::Named));
    }
    let highest = indexes.iter().max_by_key(|name| step(name));
    let name = highest.ok_or_else(|| {
        let detail = "expected a checkpoint index (ckpt-N.index) in this folder, found none: copy it \
                      beside the gin file";
        Error::checkpoint(folder, detail)
    })?;
    let choice = if indexes.len() == 1 { Choice::Only } else { Choice::HighestStep };
    Ok((name.clone(), choice))
}

/// What the file `checkpoint` names, without the folder that it once was in.
fn newest(folder: &Path) -> Result<Option<String>> {
    let path = folder.join(NEWEST_NAME);
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = read_whole(&path, MAX_NEWEST_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    let value = text.lines().find_map(|line| line.trim().strip_prefix("model_checkpoint_path:"));
    let name = value.map(|value| value.trim().trim_matches('"'));
    Ok(name.and_then(|name| name.rsplit(['/', '\\']).next()).map(str::to_owned))
}

/// The newest of the gin files that training wrote, or else the only one.
fn choose_gin(folder: &Path, gins: &[String]) -> Result<String> {
    let written = gins.iter().filter(|name| name.starts_with("operative_config"));
    if let Some(name) = written.max_by_key(|name| step(name)) {
        return Ok(name.clone());
    }
    match gins {
        [name] => Ok(name.clone()),
        [] => {
            let detail = "expected the gin file that training wrote (operative_config-N.gin), found \
                          none: copy it beside the checkpoint";
            Err(Error::checkpoint(folder, detail))
        }
        several => {
            let names = several[..several.len().min(4)].join(", ");
            let detail = format!(
                "expected operative_config-N.gin or one gin file, found {} ({names}): give the name \
                 of the right one instead of the folder",
                several.len()
            );
            Err(Error::checkpoint(folder, detail))
        }
    }
}

/// The number at the end of a name such as `ckpt-300.index`, and the name, to decide between equals.
pub(super) fn step(name: &str) -> (Option<u64>, &str) {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    (stem.rsplit_once('-').and_then(|(_, digits)| digits.parse().ok()), name)
}
