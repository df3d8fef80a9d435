//! Scales and units: hertz, MIDI pitch, decibels, and the squashing of raw outputs.
//!
//! Conversions take one number; they are computed in f64 and rounded once.

mod auditory;
mod exp_sigmoid;
mod frequencies;
mod level;
mod pitch;

pub use auditory::{bark_to_hz, hz_to_bark, hz_to_erb, hz_to_mel, mel_to_hz};
pub use exp_sigmoid::{ScaleFn, exp_sigmoid, exp_sigmoid_all, exp_sigmoid_with, sym_exp_sigmoid};
pub use frequencies::{
    CriticalBandScale, CriticalBands, frequencies_critical_bands, frequencies_sigmoid,
    frequencies_softmax,
};
pub use level::{DecibelScale, amplitude_to_db, db_to_amplitude, db_to_power};
pub use pitch::{
    hz_to_midi, hz_to_unit, midi_to_hz, midi_to_hz_or_silence, midi_to_unit, unit_to_hz,
    unit_to_midi,
};
