//! Which recordings there are, where their true pitch stands, and which row of the table they belong to.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use crate::failure::{Cause, Failure};
use crate::jobs::is_audio;

/// A recording with its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clip {
    pub(crate) audio: PathBuf,
    pub(crate) table: PathBuf,
    pub(crate) row: Row,
}

/// Rows in the order of the table: conditions, clean first, then the loudest noise last; sweeps; single
/// recordings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    /// Clips under one condition, all in one row; the kind of noise and its distance in dB, if told.
    Condition { is_noisy: bool, kind: String, level: Reverse<u32>, name: String },
    /// A made sweep: a row of its own.
    Sweep(String),
    /// A recording with a table of its own: a row of its own.
    Recording(String),
}

impl Row {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Condition { name, .. } | Self::Sweep(name) | Self::Recording(name) => name,
        }
    }

    fn condition(name: &str) -> Self {
        let stem = name.strip_suffix("dB").unwrap_or(name);
        let kind = stem.trim_end_matches(|c: char| c.is_ascii_digit());
        Self::Condition {
            is_noisy: name != "clean",
            kind: kind.to_owned(),
            level: Reverse(stem[kind.len()..].parse().unwrap_or(u32::MAX)),
            name: name.to_owned(),
        }
    }
}

/// Finds the recordings below `folder` that have a table, and those that have none.
pub(crate) fn find(folder: &Path) -> Result<(Vec<Clip>, Vec<PathBuf>), Failure> {
    let mut files = Vec::new();
    audio_below(folder, &mut files)?;
    files.sort();
    let (mut clips, mut without) = (Vec::new(), Vec::new());
    for audio in files {
        match table_of(&audio) {
            Some((table, row)) => clips.push(Clip { audio, table, row }),
            None => without.push(audio),
        }
    }
    Ok((clips, without))
}

/// The table of the same stem, or else of the stem up to its last underscore.
fn table_of(audio: &Path) -> Option<(PathBuf, Row)> {
    let stem = audio.file_stem()?.to_str()?;
    let own = audio.with_extension("csv");
    if own.is_file() {
        return Some((own, Row::Recording(stem.to_owned())));
    }
    let (base, condition) = stem.rsplit_once('_')?;
    let shared = audio.with_file_name(format!("{base}.csv"));
    let row = match (base.starts_with("sweep_"), condition) {
        (true, "clean") => Row::Sweep(base.to_owned()),
        (true, _) => Row::Sweep(stem.to_owned()),
        (false, _) => Row::condition(condition),
    };
    shared.is_file().then_some((shared, row))
}

/// Links to folders are not followed: they may lead in a circle.
fn audio_below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable =
        |e| Failure::file(Cause::Input, folder, format!("the folder cannot be read: {e}"));
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        if entry.file_type().map_err(unreadable)?.is_dir() {
            audio_below(&path, files)?;
        } else if is_audio(&path) {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_recording_finds_its_table_and_its_row() {
        let folder = tempfile::tempdir().unwrap();
        let sub = folder.path().join("real/deep");
        fs::create_dir_all(&sub).unwrap();
        let names = [
            "cello.csv",
            "cello_pink10dB.flac",
            "cello_clean.flac",
            "cello_pink20dB.wav",
            "sweep_sine.csv",
            "sweep_sine_clean.flac",
            "stray_clean.wav",
            "plain.wav",
            "real/deep/vocadito_1.csv",
            "real/deep/vocadito_1.flac",
            "cello_rain10dB.flac",
        ];
        names.iter().for_each(|name| fs::write(folder.path().join(name), "").unwrap());
        let (mut clips, without) = find(folder.path()).unwrap();
        clips.sort_by(|a, b| a.row.cmp(&b.row));
        let rows: Vec<&str> = clips.iter().map(|clip| clip.row.name()).collect();
        let expected = ["clean", "pink20dB", "pink10dB", "rain10dB", "sweep_sine", "vocadito_1"];
        assert_eq!(rows, expected);
        assert_eq!(clips[1].table, folder.path().join("cello.csv"));
        assert_eq!(clips[5].table, sub.join("vocadito_1.csv"));
        let stray: Vec<_> = without.iter().map(|path| path.file_name().unwrap()).collect();
        assert_eq!(stray, ["plain.wav", "stray_clean.wav"]);
    }

    #[test]
    fn a_folder_that_is_none_is_told() {
        let error = find(Path::new("no/such/folder")).unwrap_err().to_string();
        assert!(error.starts_with("no/such/folder: the folder cannot be read"), "{error}");
    }
}
