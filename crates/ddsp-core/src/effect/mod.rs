//! Effects: what the sum of the synthesizers passes through.

pub mod reverb;

pub use reverb::{Reverb, ReverbConfig};
