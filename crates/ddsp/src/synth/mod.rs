//! Synthesizers.

mod filtered_noise;
mod harmonic;
mod phase;

pub use filtered_noise::{filtered_noise, filtered_noise_controls};
pub use harmonic::{
    HarmonicControls, harmonic, harmonic_controls, harmonic_synthesis, normalize_harmonics,
};
