//! Effects: what the sum of the synthesizers passes through.

mod crop;
mod impulse_response;
pub mod reverb;

pub use crop::CropLocation;
pub use impulse_response::{
    ExpDecayReverbConfig, FilteredNoiseReverbConfig, exp_decay_ir, filtered_noise_ir, reverb_noise,
};
pub use reverb::{Reverb, ReverbConfig};
