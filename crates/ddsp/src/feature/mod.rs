//! What is heard of a clip: spectrograms and loudness.

mod loudness;
mod spectrum;

pub use loudness::loudness_db;
pub use spectrum::{frames, logmag, magnitudes, mel, mfcc, power_spectrogram};
