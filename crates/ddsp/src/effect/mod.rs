//! What follows the synthesizers.

mod crop;
mod impulse_response;
mod reverb;

pub use crop::crop;
pub use impulse_response::{exp_decay_ir, filtered_noise_ir};
pub use reverb::reverb;
