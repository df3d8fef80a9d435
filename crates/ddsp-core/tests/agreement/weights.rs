//! The weights of cases under the names that the kernels know.

use ddsp_cases::Case;
use ddsp_core::model::Weights;

/// The weights of an `RnnFcDecoder` case: variables in the order in which Keras made them.
pub(crate) fn rnn_fc_decoder(case: &Case, stacks: &[&str], n_layers: usize) -> Weights {
    let mut names = Vec::new();
    let stack = |names: &mut Vec<String>, stack: &str| {
        for i in 0..n_layers {
            for part in ["dense/kernel", "dense/bias", "layer_norm/gamma", "layer_norm/beta"] {
                names.push(format!("{stack}/{i}/{part}"));
            }
        }
    };
    stacks.iter().for_each(|name| stack(&mut names, name));
    names.extend(["gru/kernel", "gru/recurrent_kernel", "gru/bias"].map(String::from));
    stack(&mut names, "out_stack");
    names.extend(["dense_out/kernel", "dense_out/bias"].map(String::from));
    let mut weights = Weights::default();
    let mut given = 0;
    for (name, (_, shape, values)) in names.iter().zip(case.tensors.under("w/")) {
        weights.insert(name, shape.to_vec(), values.iter().map(|&x| x as f32).collect());
        given += 1;
    }
    assert_eq!(given, names.len(), "the case has as many weights as the decoder");
    weights
}
