//! The one error type of this crate.

use std::fmt;

/// What can go wrong while something is set up or a model file is read.
///
/// Processing never fails: everything that might has been settled before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A configuration value is outside what the element can do.
    Config {
        /// The element and the field, as `harmonic.n_harmonics`.
        what: String,
        /// What was expected and what was found.
        detail: String,
    },
    /// The bytes of a model file are not a model file that this version reads.
    Model {
        /// The tensor or metadata field.
        what: String,
        /// What was expected and what was found.
        detail: String,
    },
}

impl Error {
    /// A configuration error: `what` names the field, `detail` what was expected and found.
    pub fn config(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Config { what: what.into(), detail: detail.into() }
    }

    /// A model file error: `what` names the tensor or field, `detail` what was expected and found.
    pub fn model(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Model { what: what.into(), detail: detail.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config { what, detail } | Self::Model { what, detail } => {
                write!(f, "{what}: {detail}")
            }
        }
    }
}

impl std::error::Error for Error {}
