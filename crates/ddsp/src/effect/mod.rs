//! What follows the synthesizers.

mod impulse_response;
mod reverb;

pub use impulse_response::{exp_decay_ir, filtered_noise_ir};
pub use reverb::reverb;
