//! Synthesizers: raw outputs to controls, controls to signal.
//!
//! Each is a streaming kernel over frames. What it gives for a frame is delayed by its
//! `latency_samples`, because it looks ahead.

pub mod filtered_noise;
pub mod harmonic;

pub use filtered_noise::{FilteredNoise, FilteredNoiseConfig};
pub use harmonic::{Harmonic, HarmonicConfig, PhaseMode};
