//! The decoder: dense stacks and a GRU from conditioned features to raw outputs.

use burn::tensor::Tensor;
use ddsp_core::nn::RnnFcDecoderConfig;
use ddsp_core::nn::rnn_fc_decoder::InputKey;

use crate::nn::{Parameters, dense, fc_stack, gru};

/// What a decoder gives.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// `[batch, n_frames, n_outputs]`.
    pub raw: Tensor<3>,
    /// The state of the GRU behind the last frame, `[batch, gru_units]`: where the next frames go on.
    pub state: Tensor<2>,
}

/// One dense stack for each input, a GRU over their concatenation from `state` or from zeros, a dense stack over both, a dense layer
/// out.
///
/// *Shapes*: `inputs` one `[batch, n_frames, n]` for each of `config.input_keys`. The weights are those of
/// [`RnnFcDecoderConfig::weight_shapes`].
///
/// *Panics* if there are not as many inputs.
///
/// *Reference*: Engel et al. 2020, B.2; Magenta's `decoders.RnnFcDecoder`.
pub fn rnn_fc_decoder(
    config: &RnnFcDecoderConfig,
    inputs: Vec<Tensor<3>>,
    state: Option<Tensor<2>>,
    parameters: &Parameters,
) -> Decoded {
    assert_eq!(inputs.len(), config.input_keys.len(), "an input for each key");
    let n_layers = config.layers_per_stack;
    let stack =
        |(x, key): (Tensor<3>, &InputKey)| fc_stack(x, parameters, key.stack_name(), n_layers);
    let mut joined: Vec<Tensor<3>> =
        inputs.into_iter().zip(&config.input_keys).map(stack).collect();
    let states = gru(Tensor::cat(joined.clone(), 2), state, parameters, "gru");
    let [n_batch, n_frames, units] = states.dims();
    let state = states.clone().narrow(1, n_frames - 1, 1).reshape([n_batch, units]);
    joined.push(states);
    let x = fc_stack(Tensor::cat(joined, 2), parameters, "out_stack", n_layers);
    let raw = dense(x, parameters.get("dense_out/kernel"), parameters.get("dense_out/bias"));
    Decoded { raw, state }
}
