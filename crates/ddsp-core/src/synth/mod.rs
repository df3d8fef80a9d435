//! Synthesizers: raw outputs to controls, controls to signal.
//!
//! Each is a streaming kernel over frames. What it gives for a frame is delayed by its
//! `latency_samples`, because it looks ahead.

pub mod conversion;
pub mod filtered_noise;
mod frame_bank;
pub mod harmonic;
pub mod harmonic_synthesis;
pub mod oscillator_bank;
pub mod sinusoidal;

pub use filtered_noise::{FilteredNoise, FilteredNoiseConfig};
pub use harmonic::{Harmonic, HarmonicConfig};
pub use oscillator_bank::{OscillatorBank, PhaseMode};
pub use sinusoidal::{FrequencyScaleFn, Sinusoidal, SinusoidalConfig};
