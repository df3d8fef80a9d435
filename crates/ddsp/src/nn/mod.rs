//! The network: dense stacks, a GRU, and the decoder that is made of them.

mod dense;
mod gru;
mod parameters;
mod rnn_fc_decoder;

pub use dense::{dense, fc, fc_stack, layer_norm, leaky_relu};
pub use gru::gru;
pub use parameters::Parameters;
pub use rnn_fc_decoder::rnn_fc_decoder;
