//! The mathematics and the instrument of DDSP, over plain slices.
//!
//! Walk the modules in the order in which the data flows: [`feature`]s describe a recording,
//! [`condition`]ing scales them for a network, the network ([`nn`]) gives raw outputs, the
//! synthesizers ([`synth`]) turn them into controls and controls into sound, [`effect`]s follow. A
//! [`model`] holds all of it for one instrument, an [`engine`] plays it, and [`transfer`] walks the whole way. [`math`], [`scale`],
//! [`filter`], [`resample`] and [`wavetable`] are what they are made of. There is no tensor
//! library here and no file is opened.
//!
//! Two kinds of code live here, and say which they are. A *streaming kernel* is a struct with state
//! over the caller's buffers: any block length, no allocation, the same bits for any split. A
//! *whole-clip function* looks at all of a clip: path searches, anything that normalises over time.

pub mod condition;
pub mod effect;
pub mod engine;
pub mod error;
pub mod feature;
pub mod fft;
pub mod filter;
pub mod math;
pub mod model;
pub mod nn;
pub mod noise;
pub mod real;
pub mod resample;
pub mod scale;
pub mod simd;
pub mod synth;
pub mod transfer;
pub mod wavetable;

pub use error::Error;
