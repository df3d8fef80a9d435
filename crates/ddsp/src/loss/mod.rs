//! What training makes small.

mod difference;
mod spectral;

pub use difference::{LossType, mean_difference};
pub use spectral::{SpectralLossConfig, spectral_loss};
