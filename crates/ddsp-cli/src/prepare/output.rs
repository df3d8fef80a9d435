//! The folder of the data set: what is there before, and how the new one takes its place.

use std::fs;
use std::path::Path;

use ddsp_io::dataset::{DatasetInfo, INFO_FILE};

use super::workshop::failed;
use crate::failure::{Cause, Failure};

/// What is there.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Before {
    /// Nothing.
    Nothing,
    /// The data set that is asked for.
    Same(Box<DatasetInfo>),
    /// A data set, which is to be made anew.
    Old,
}

/// Looks at what is there; refuses to touch what is something else than was asked for.
pub(super) fn before(output: &Path, made_from: &str, restart: bool) -> Result<Before, Failure> {
    let refuse = |sentence: String| Err(Failure::file(Cause::Output, output, sentence));
    if !output.exists() {
        return Ok(Before::Nothing);
    }
    if !output.is_dir() {
        return refuse("expected a folder for the data set, found a file: name another".to_owned());
    }
    if !output.join(INFO_FILE).exists() {
        let mut entries = fs::read_dir(output).map_err(|e| failed(output, e))?;
        if entries.next().is_none() {
            return Ok(Before::Nothing);
        }
        return refuse(format!(
            "expected a folder of a data set, or none, found one with other things in it (no {INFO_FILE}): name another"
        ));
    }
    if restart {
        return Ok(Before::Old);
    }
    let info = match DatasetInfo::read(output) {
        Ok(info) => info,
        Err(e) => return refuse(format!("{e}; --restart makes it anew")),
    };
    match difference(&info.made_from, made_from) {
        None => Ok(Before::Same(Box::new(info))),
        Some(difference) => refuse(format!(
            "is a data set that was made otherwise: {difference}; name another folder, or make it anew with --restart"
        )),
    }
}

/// What differs, in words.
fn difference(before: &str, now: &str) -> Option<String> {
    let lacks = |one: &str, other: &str| -> Option<String> {
        one.lines().find(|line| !other.lines().any(|found| found == *line)).map(str::to_owned)
    };
    match (lacks(before, now), lacks(now, before)) {
        (None, None) => None,
        (Some(before), Some(now)) => {
            Some(format!("it has \"{before}\", and asked for is \"{now}\""))
        }
        (Some(before), None) => Some(format!("it has \"{before}\", which is not asked for")),
        (None, Some(now)) => Some(format!("it lacks \"{now}\"")),
    }
}

/// Puts the finished folder in its place. The old one is gone when this returns.
pub(super) fn put(finished: &Path, output: &Path, old: &Path) -> Result<(), Failure> {
    if output.join(INFO_FILE).exists() {
        fs::rename(output, old).map_err(|e| failed(output, e))?;
    } else if output.is_dir() {
        fs::remove_dir(output).map_err(|e| failed(output, e))?;
    }
    fs::rename(finished, output).map_err(|e| failed(output, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told() {
        assert_eq!(difference("a\nb", "b\na"), None);
        assert_eq!(
            difference("a 1\nb", "a 2\nb").unwrap(),
            "it has \"a 1\", and asked for is \"a 2\""
        );
        assert_eq!(difference("a", "a\nb").unwrap(), "it lacks \"b\"");
    }
}
