//! What follows the synthesizers.

mod reverb;

pub use reverb::reverb;
