//! The mathematics and the instrument of DDSP, over plain slices.
//!
//! Walk the modules in the order in which the data flows: features describe a recording, conditioning
//! scales them for a network, the network gives controls, the synthesizers turn controls into sound.
//! There is no tensor library here and no file is opened.

pub mod error;
pub mod feature;
pub mod fft;

pub use error::Error;
