//! Group `nn`.

use ddsp_cases::Case;
use ddsp_core::model::Weights;
use ddsp_core::nn::dense::FcStack;
use ddsp_core::nn::gru::Gru;
use ddsp_core::nn::matrix::PackedMatrix;
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{MfccEncoder, MfccEncoderConfig, RnnFcDecoder, RnnFcDecoderConfig};
use ddsp_core::real::Real;
use ddsp_core::simd::Isa;

use super::{Outputs, one, output, real};
use crate::weights;

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    match case.function.as_str() {
        "nn.Fc" | "nn.FcStack" | "nn.FcStackOut" | "nn.Rnn" | "nn.RnnSandwich" => layers::<R>(case),
        "decoders.RnnFcDecoder" => decoder::<R>(case),
        "encoders.MfccTimeDistributedRnnEncoder" => encoder::<R>(case),
        _ => None,
    }
}

fn decoder<R: Real>(case: &Case) -> Outputs {
    let args = &case.args;
    if args["rnn_type"].as_str().is_some_and(|t| t != "gru") || args["stateless"] == true {
        return None;
    }
    let names: Vec<&str> = args["input_keys"].as_array()?.iter().flat_map(|k| k.as_str()).collect();
    let key = |name: &&str| match *name {
        "f0_scaled" => Some(InputKey::F0Scaled),
        // Power takes the place of loudness.
        "ld_scaled" | "pw_scaled" => Some(InputKey::LoudnessScaled),
        "z" => Some(InputKey::Z),
        _ => None,
    };
    let keys: Vec<InputKey> = names.iter().map(key).collect::<Option<_>>()?;
    let splits: Vec<(&str, usize)> = args["output_splits"]
        .as_array()?
        .iter()
        .map(|s| Some((s[0].as_str()?, s[1].as_u64()? as usize)))
        .collect::<Option<_>>()?;
    let config = RnnFcDecoderConfig {
        input_keys: keys.clone(),
        channels: args["ch"].as_u64()? as usize,
        gru_units: args["rnn_channels"].as_u64()? as usize,
        layers_per_stack: args["layers_per_stack"].as_u64()? as usize,
        n_outputs: splits.iter().map(|s| s.1).sum(),
        z_dims: if keys.contains(&InputKey::Z) { case.tensors.shape("in/z")[2] } else { 0 },
    };
    let stacks: Vec<&str> = keys.iter().map(|key| key.stack_name()).collect();
    let mut weights = weights::rnn_fc_decoder(case, &stacks, config.layers_per_stack);
    let mut decoder = RnnFcDecoder::<R>::new(&config, &mut weights).unwrap();
    let [n_batch, n_frames, _] = *case.tensors.shape("in/f0_scaled") else { return None };
    let mut raw = vec![R::default(); n_batch * n_frames * config.n_outputs];
    for (b, raw) in raw.chunks_mut(n_frames * config.n_outputs).enumerate() {
        let frame = |i| {
            names.iter().flat_map(move |n| {
                let name = format!("in/{n}");
                let width = case.tensors.shape(&name)[2];
                case.tensors.get(&name)[i * width..(i + 1) * width].to_vec()
            })
        };
        let inputs: Vec<f64> = (b * n_frames..(b + 1) * n_frames).flat_map(frame).collect();
        decoder.reset();
        decoder.process(&real::<R>(&inputs), raw);
    }
    let mut first = 0;
    let outputs = splits.iter().map(|&(name, n)| {
        let column = raw.chunks(config.n_outputs).flat_map(|row| &row[first..first + n]);
        let column = column.copied().collect();
        first += n;
        output(name, column)
    });
    Some(outputs.collect())
}

fn encoder<R: Real>(case: &Case) -> Outputs {
    let config = MfccEncoderConfig {
        gru_units: case.size("rnn_channels"),
        z_dims: case.size("z_dims"),
        z_time_steps: case.size("z_time_steps"),
    };
    let mut weights = Weights::default();
    for ((name, shape), (.., values)) in
        config.weight_shapes().into_iter().zip(case.tensors.under("w/"))
    {
        weights.insert(name, shape, values.iter().map(|&x| x as f32).collect());
    }
    let mut encoder = MfccEncoder::<R>::new(&config, &mut weights).unwrap();
    let ([_, n_samples], [_, n_frames, _]) =
        (case.tensors.shape("in/audio"), case.tensors.shape("out/z"))
    else {
        return None;
    };
    let audio = real::<R>(case.tensors.get("in/audio"));
    let z = audio.chunks(*n_samples).flat_map(|audio| encoder.z(audio, *n_frames).unwrap());
    Some(vec![output("z", z.collect())])
}

/// A layer with the variables that it takes, in the order in which Keras made them.
enum Layer {
    /// Dense, layer norm, leaky ReLU, this many times.
    FcStack(usize),
    Gru,
    Dense,
}

/// Stacks of layers, one element of the batch at a time.
fn layers<R: Real>(case: &Case) -> Outputs {
    let args = &case.args;
    if args["rnn_type"].as_str().is_some_and(|t| t != "gru")
        || args["nonlinearity"].is_string()
        || args["bidir"] == true
    {
        return None;
    }
    let layers = match case.function.as_str() {
        "nn.Fc" => vec![Layer::FcStack(1)],
        "nn.FcStack" => vec![Layer::FcStack(case.size("layers"))],
        "nn.FcStackOut" => vec![Layer::FcStack(case.size("layers")), Layer::Dense],
        "nn.Rnn" => vec![Layer::Gru],
        "nn.RnnSandwich" => {
            let n = case.size("fc_stack_layers");
            vec![Layer::FcStack(n), Layer::Gru, Layer::FcStack(n)]
        }
        _ => return None,
    };
    let [n_batch, n_frames, n_in] = *case.tensors.shape("in/x") else { return None };
    let x = real::<R>(case.tensors.get("in/x"));
    let last_only = args["return_sequences"] == false;
    let rows = x.chunks(n_frames * n_in).take(n_batch).flat_map(|x| {
        let mut variables = case.tensors.under("w/").map(|(_, shape, values)| (shape, values));
        let (mut rows, mut width) = (x.to_vec(), n_in);
        for layer in &layers {
            (rows, width) = match layer {
                Layer::FcStack(n) => fc_stack(&mut variables, *n, &rows, width),
                Layer::Gru => gru(&mut variables, &rows, width),
                Layer::Dense => dense(&mut variables, &rows, width),
            };
        }
        if last_only { rows.split_off(rows.len() - width) } else { rows }
    });
    one(rows.collect())
}

/// Moves the next variables under the names that the kernels know.
fn take<'a>(
    variables: &mut impl Iterator<Item = (&'a [usize], &'a [f64])>,
    names: impl IntoIterator<Item = String>,
) -> Weights {
    let mut weights = Weights::default();
    for name in names {
        let (shape, values) = variables.next().expect("the case has this variable");
        weights.insert(name, shape.to_vec(), values.iter().map(|&x| x as f32).collect());
    }
    weights
}

fn fc_stack<'a, R: Real>(
    variables: &mut impl Iterator<Item = (&'a [usize], &'a [f64])>,
    n_layers: usize,
    rows: &[R],
    n_in: usize,
) -> (Vec<R>, usize) {
    let parts = ["dense/kernel", "dense/bias", "layer_norm/gamma", "layer_norm/beta"];
    let names = (0..n_layers).flat_map(|i| parts.map(|part| format!("stack/{i}/{part}")));
    let mut weights = take(variables, names);
    let shape = weights.iter().find(|(name, ..)| *name == "stack/0/dense/bias").unwrap().1;
    let channels = shape[0];
    let stack = FcStack::<R>::new(&mut weights, "stack", n_in, channels, n_layers).unwrap();
    let mut out = vec![R::default(); rows.len() / n_in * channels];
    let mut scratch = out.clone();
    stack.process(Isa::detect(), rows, &mut out, &mut scratch);
    (out, channels)
}

fn gru<'a, R: Real>(
    variables: &mut impl Iterator<Item = (&'a [usize], &'a [f64])>,
    rows: &[R],
    n_in: usize,
) -> (Vec<R>, usize) {
    let names = ["kernel", "recurrent_kernel", "bias"].map(|part| format!("gru/{part}"));
    let mut weights = take(variables, names);
    let shape = weights.iter().find(|(name, ..)| *name == "gru/recurrent_kernel").unwrap().1;
    let units = shape[0];
    let mut gru = Gru::<R>::new(&mut weights, "gru", n_in, units).unwrap();
    let n_frames = rows.len() / n_in;
    let mut out = vec![R::default(); n_frames * units];
    gru.process(Isa::detect(), rows, &mut out, &mut vec![R::default(); n_frames * 3 * units]);
    (out, units)
}

fn dense<'a, R: Real>(
    variables: &mut impl Iterator<Item = (&'a [usize], &'a [f64])>,
    rows: &[R],
    n_in: usize,
) -> (Vec<R>, usize) {
    let (_, kernel) = variables.next().expect("the case has a kernel");
    let (_, bias) = variables.next().expect("the case has a bias");
    let matrix = PackedMatrix::<R>::new(n_in, bias.len(), &real(kernel), &real(bias));
    let mut out = vec![R::default(); rows.len() / n_in * bias.len()];
    matrix.multiply(Isa::detect(), rows, &mut out);
    (out, bias.len())
}
