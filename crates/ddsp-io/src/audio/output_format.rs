//! How samples are stored in a file written here.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// How samples are stored in an output file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OutputFormat {
    /// WAV with 16-bit integers.
    Wav16,
    /// WAV with 24-bit integers.
    #[default]
    Wav24,
    /// WAV with 32-bit floats, which may pass full scale.
    Wav32f,
    /// FLAC with 16-bit integers.
    Flac16,
    /// FLAC with 24-bit integers: the samples of [`Wav24`](Self::Wav24) in less space.
    Flac24,
}

impl OutputFormat {
    /// Every format, in the order of the messages that list them.
    pub const ALL: [Self; 5] = [Self::Wav16, Self::Wav24, Self::Wav32f, Self::Flac16, Self::Flac24];

    /// The extension of a file of this format, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Wav16 | Self::Wav24 | Self::Wav32f => "wav",
            Self::Flac16 | Self::Flac24 => "flac",
        }
    }

    /// The format that a file of this extension has when nothing else is said: 24 bit.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "wav" | "wave" => Some(Self::Wav24),
            "flac" => Some(Self::Flac24),
            _ => None,
        }
    }

    /// The bits of an integer sample; None of floats.
    pub(super) fn integer_bits(self) -> Option<u32> {
        match self {
            Self::Wav16 | Self::Flac16 => Some(16),
            Self::Wav24 | Self::Flac24 => Some(24),
            Self::Wav32f => None,
        }
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wav16 => "wav16",
            Self::Wav24 => "wav24",
            Self::Wav32f => "wav32f",
            Self::Flac16 => "flac16",
            Self::Flac24 => "flac24",
        })
    }
}

impl FromStr for OutputFormat {
    type Err = Error;

    /// The names of `Display`; `wav` and `flac` alone are 24 bit.
    fn from_str(given: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|format| format.to_string() == given);
        match (named, given) {
            (Some(format), _) => Ok(format),
            (None, "wav") => Ok(Self::Wav24),
            (None, "flac") => Ok(Self::Flac24),
            (None, _) => Err(Error::OutputFormat { given: given.into() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_extensions_come_back() {
        for format in OutputFormat::ALL {
            assert_eq!(format.to_string().parse::<OutputFormat>().unwrap(), format);
            let plain = OutputFormat::of_extension(format.extension()).unwrap();
            assert_eq!(plain.extension(), format.extension());
            assert_eq!(plain, format.extension().parse().unwrap());
        }
        let e = "mp3".parse::<OutputFormat>().unwrap_err();
        let expected = "expected an output format wav16, wav24, wav32f, flac16 or flac24";
        assert_eq!(e.to_string(), format!("{expected}, found \"mp3\""));
    }
}
