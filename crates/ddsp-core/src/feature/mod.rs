//! Features: what a recording is reduced to before the instrument plays it.

pub mod examples;
pub mod f0;
pub mod framing;
pub mod loudness;
pub mod power;
pub mod spectrum;
