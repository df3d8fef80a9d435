//! Network inference: the layers that turn conditioned features into raw outputs.
//!
//! Rows are frames. Every layer takes any number of rows and gives the same bits for any split.

pub mod dense;
pub mod gru;
pub(crate) mod half;
pub mod matrix;
pub mod mfcc_encoder;
pub mod rnn_fc_decoder;

pub use mfcc_encoder::{MfccEncoder, MfccEncoderConfig};
pub use rnn_fc_decoder::{RnnFcDecoder, RnnFcDecoderConfig};
