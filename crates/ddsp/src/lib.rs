//! Differentiable digital signal processing: the elements that a model learns through, as functions on burn tensors.
//!
//! Names and modules are those of `ddsp-core`, whose kernels are the same mathematics; tables (windows, weightings, resampling
//! taps, filter designs) are made there. Tensors are `[batch, time, channel]`, audio is `[batch, samples]`. Every function takes
//! f32 or f64, and computes in what it is given.

mod autoencoder;
pub mod cpu;
pub mod effect;
pub mod feature;
mod fft;
pub mod filter;
mod group;
pub mod loss;
pub mod math;
pub mod nn;
pub mod optim;
pub mod resample;
pub mod scale;
pub mod synth;
mod tensor;
pub mod train;

pub use autoencoder::{Autoencoder, Features};
pub use burn;
pub use group::{Controls, Noise, Rendered, processor_group};
