//! The network: dense stacks, a GRU, and the decoder that is made of them.

mod dense;
mod gru;
mod initialize;
mod mfcc_encoder;
mod parameters;
mod rnn_fc_decoder;

pub use dense::{Norm, dense, fc, fc_stack, layer_norm, leaky_relu, normalize};
pub use gru::gru;
pub use initialize::initial_weights;
pub use mfcc_encoder::mfcc_encoder;
pub use parameters::Parameters;
pub use rnn_fc_decoder::{Decoded, rnn_fc_decoder};
