//! Features: what a recording is reduced to before the instrument plays it.

pub mod f0;
pub mod framing;
pub mod loudness;
