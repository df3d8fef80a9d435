//! How an output is stored: by `--format`, or by its name.

use std::path::Path;

use ddsp_io::audio::OutputFormat;

use crate::failure::{Cause, Failure};
use crate::jobs::AUDIO_EXTENSIONS;
use crate::pipe::is_pipe;

/// What is asked for, or else what the name of the output says, or else the default; refuses a name
/// that says something else.
pub(crate) fn choose(
    asked: Option<OutputFormat>,
    output: Option<&Path>,
) -> Result<OutputFormat, Failure> {
    let named = output.filter(|output| !is_pipe(output) && !output.is_dir());
    let Some((output, extension)) = named.and_then(|output| Some((output, output.extension()?)))
    else {
        return Ok(asked.unwrap_or_default());
    };
    let extension = extension.to_string_lossy().to_lowercase();
    let refuse = |sentence: String| Err(Failure::file(Cause::Usage, output, sentence));
    match (asked, OutputFormat::of_extension(&extension)) {
        (Some(asked), Some(named)) if asked.extension() != named.extension() => refuse(format!(
            "the name says {} and --format says {asked}: change one of them",
            named.extension()
        )),
        (Some(asked), Some(_)) => Ok(asked),
        (None, Some(named)) => Ok(named),
        (_, None) if AUDIO_EXTENSIONS.contains(&extension.as_str()) => {
            refuse(format!("expected an output that ends in .wav or .flac, found .{extension}"))
        }
        (asked, None) => Ok(asked.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_when_nothing_is_asked() {
        use OutputFormat::{Flac16, Flac24, Wav16, Wav24, Wav32f};
        assert_eq!(choose(None, None).unwrap(), Wav24);
        for (asked, name, expected) in [
            (None, "a.wav", Some(Wav24)),
            (None, "a.FLAC", Some(Flac24)),
            (None, "-", Some(Wav24)),
            (None, "a.dat", Some(Wav24)),
            (None, "a.mp3", None),
            (Some(Flac16), "a.flac", Some(Flac16)),
            (Some(Flac16), "-", Some(Flac16)),
            (Some(Flac16), "a.wav", None),
            (Some(Wav16), "a.flac", None),
            (Some(Wav32f), "a.ogg", None),
        ] {
            let chosen = choose(asked, Some(Path::new(name))).ok();
            assert_eq!(chosen, expected, "{asked:?} {name}");
        }
    }
}
