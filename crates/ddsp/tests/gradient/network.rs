//! Cases of the network.

use ddsp::burn::tensor::Tensor;
use ddsp::burn::tensor::activation::relu;
use ddsp::nn::{
    Decoded, Norm, Parameters, dense, fc_stack, gru, layer_norm, mfcc_encoder, normalize,
    rnn_fc_decoder,
};
use ddsp_cases::Case;
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{MfccEncoderConfig, RnnFcDecoderConfig};

use crate::elements::{Outputs, output};
use crate::leaves::Leaves;

pub(crate) fn run(case: &Case, leaves: &Leaves<'_>) -> Outputs {
    let args = &case.args;
    if args["rnn_type"].as_str().is_some_and(|t| t != "gru") || args["bidir"] == true {
        return None;
    }
    let n_layers = |name: &str| args[name].as_u64().map(|n| n as usize);
    let layers = match case.function.as_str() {
        "nn.Fc" if args["nonlinearity"] == "relu" => vec![Layer::Relu],
        "nn.Fc" => vec![Layer::FcStack(1)],
        "nn.FcStack" => vec![Layer::FcStack(n_layers("layers")?)],
        "nn.FcStackOut" => vec![Layer::FcStack(n_layers("layers")?), Layer::Dense],
        "nn.Rnn" => vec![Layer::Gru],
        "nn.RnnSandwich" => {
            let n = n_layers("fc_stack_layers")?;
            vec![Layer::FcStack(n), Layer::Gru, Layer::FcStack(n)]
        }
        "decoders.RnnFcDecoder" => return decoder(case, leaves),
        "encoders.MfccTimeDistributedRnnEncoder" => return encoder(case, leaves),
        "nn.Normalize" => return normalized(case, leaves),
        "nn.StatelessRnn" => return stateless(case, leaves),
        "nn.SingleGru" => vec![Layer::Gru, Layer::Norm],
        _ => return None,
    };
    let mut variables = Variables::new(case, leaves);
    let x = layers.iter().fold(leaves.input::<3>("x"), |x, layer| match layer {
        Layer::FcStack(n) => fc_stack(
            x,
            &variables.take((0..*n).flat_map(|i| fc_names(&format!("fc/{i}")))),
            "fc",
            *n,
        ),
        Layer::Gru => gru(x, None, &variables.take(gru_names()), "gru"),
        Layer::Dense => {
            let taken = variables.take(["kernel", "bias"].map(String::from));
            dense(x, taken.get("kernel"), taken.get("bias"))
        }
        Layer::Norm => {
            let taken = variables.take(["gamma", "beta"].map(String::from));
            layer_norm(x, taken.get("gamma"), taken.get("beta"))
        }
        Layer::Relu => {
            let taken = variables.take(fc_names("fc"));
            let one = |part: &str| taken.get::<1>(&format!("fc/{part}"));
            let x = dense(x, taken.get("fc/dense/kernel"), one("dense/bias"));
            relu(layer_norm(x, one("layer_norm/gamma"), one("layer_norm/beta")))
        }
    });
    let n_frames = x.dims()[1];
    let last_only = args["return_sequences"] == false;
    let x = if last_only { x.narrow(1, n_frames - 1, 1) } else { x };
    Some(vec![output("out", x)])
}

enum Layer {
    FcStack(usize),
    Gru,
    Dense,
    Norm,
    /// Another activation than ours, from the same parts.
    Relu,
}

fn normalized(case: &Case, leaves: &Leaves<'_>) -> Outputs {
    let norm = match case.args["norm_type"].as_str()? {
        "layer" => Norm::Layer,
        "instance" => Norm::Instance,
        "group" => Norm::Group,
        _ => return None,
    };
    let taken = Variables::new(case, leaves).take(["scale", "shift"].map(String::from));
    let flat = |name: &str| taken.get::<4>(name).flatten::<1>(0, 3);
    Some(vec![output("out", normalize(leaves.input("x"), norm, flat("scale"), flat("shift")))])
}

fn stateless(case: &Case, leaves: &Leaves<'_>) -> Outputs {
    let taken = Variables::new(case, leaves).take(gru_names());
    let states = gru(leaves.input("x"), Some(leaves.input("state")), &taken, "gru");
    let last = states.dims()[1] - 1;
    Some(vec![output("out", states.clone()), output("out1", states.narrow(1, last, 1))])
}

fn encoder(case: &Case, leaves: &Leaves<'_>) -> Outputs {
    let config = MfccEncoderConfig {
        gru_units: case.size("rnn_channels"),
        z_dims: case.size("z_dims"),
        z_time_steps: case.size("z_time_steps"),
    };
    let shapes = config.weight_shapes().into_iter();
    let mut parameters = Parameters::default();
    for ((name, shape), (variable, ..)) in shapes.zip(case.tensors.under("w/")) {
        let values = leaves.flat(&format!("w/{variable}"), &format!("w.{variable}"));
        parameters.insert(name, shape, values);
    }
    let n_frames = case.tensors.shape("out/z")[1];
    let z = mfcc_encoder(&config, leaves.input("audio"), n_frames, &parameters).unwrap();
    Some(vec![output("z", z)])
}

fn fc_names(name: &str) -> Vec<String> {
    let parts = ["dense/kernel", "dense/bias", "layer_norm/gamma", "layer_norm/beta"];
    parts.map(|part| format!("{name}/{part}")).into()
}

fn gru_names() -> Vec<String> {
    ["gru/kernel", "gru/recurrent_kernel", "gru/bias"].map(String::from).into()
}

/// The variables of a case in the order in which Keras made them.
struct Variables<'a> {
    names: std::vec::IntoIter<(String, Vec<usize>)>,
    leaves: &'a Leaves<'a>,
}

impl<'a> Variables<'a> {
    fn new(case: &Case, leaves: &'a Leaves<'a>) -> Self {
        let names =
            case.tensors.under("w/").map(|(name, shape, _)| (name.to_owned(), shape.to_vec()));
        Self { names: names.collect::<Vec<_>>().into_iter(), leaves }
    }

    fn take(&mut self, names: impl IntoIterator<Item = String>) -> Parameters {
        let mut parameters = Parameters::default();
        for name in names {
            let (variable, shape) = self.names.next().expect("the case has so many variables");
            let values = self.leaves.flat(&format!("w/{variable}"), &format!("w.{variable}"));
            parameters.insert(name, shape, values);
        }
        parameters
    }
}

fn decoder(case: &Case, leaves: &Leaves<'_>) -> Outputs {
    let args = &case.args;
    let keys: Vec<(&str, InputKey)> = args["input_keys"]
        .as_array()?
        .iter()
        .map(|key| match key.as_str()? {
            "f0_scaled" => Some(("f0_scaled", InputKey::F0Scaled)),
            "ld_scaled" => Some(("ld_scaled", InputKey::LoudnessScaled)),
            // Power takes the place of loudness.
            "pw_scaled" => Some(("pw_scaled", InputKey::LoudnessScaled)),
            "z" => Some(("z", InputKey::Z)),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let splits = args["output_splits"].as_array()?.iter();
    let splits = splits.map(|s| Some((s[0].as_str()?, s[1].as_u64()? as usize)));
    let splits: Vec<(&str, usize)> = splits.collect::<Option<_>>()?;
    let config = RnnFcDecoderConfig {
        input_keys: keys.iter().map(|k| k.1).collect(),
        channels: case.size("ch"),
        gru_units: case.size("rnn_channels"),
        layers_per_stack: case.size("layers_per_stack"),
        n_outputs: splits.iter().map(|s| s.1).sum(),
        z_dims: if leaves.has_input("z") { case.tensors.shape("in/z")[2] } else { 0 },
    };
    let n_layers = config.layers_per_stack;
    let stack = |name: &str| -> Vec<String> {
        (0..n_layers).flat_map(|i| fc_names(&format!("{name}/{i}"))).collect()
    };
    let mut names: Vec<String> = keys.iter().flat_map(|k| stack(k.1.stack_name())).collect();
    names.extend(gru_names());
    names.extend(stack("out_stack"));
    names.extend(["dense_out/kernel", "dense_out/bias"].map(String::from));
    let parameters = Variables::new(case, leaves).take(names);
    let inputs: Vec<Tensor<3>> = keys.iter().map(|k| leaves.input(k.0)).collect();
    let state = (args["stateless"] == true).then(|| leaves.input("state"));
    let Decoded { raw, state } = rnn_fc_decoder(&config, inputs, state, &parameters);
    let mut first = 0;
    let columns = splits.iter().map(|&(name, n)| {
        let column = output(name, raw.clone().narrow(2, first, n));
        first += n;
        column
    });
    let mut outputs: Vec<_> = columns.collect();
    if args["stateless"] == true {
        outputs.push(output("state", state));
    }
    Some(outputs)
}
