//! Group `nn`.

use ddsp_cases::Case;
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{RnnFcDecoder, RnnFcDecoderConfig};
use ddsp_core::real::Real;

use super::{Outputs, output, real};
use crate::weights;

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    match case.function.as_str() {
        "decoders.RnnFcDecoder" => decoder::<R>(case),
        _ => None,
    }
}

fn decoder<R: Real>(case: &Case) -> Outputs {
    let args = &case.args;
    if args["rnn_type"].as_str().is_some_and(|t| t != "gru") {
        return None;
    }
    let names: Vec<&str> = args["input_keys"].as_array()?.iter().flat_map(|k| k.as_str()).collect();
    let key = |name: &&str| match *name {
        "f0_scaled" => Some((InputKey::F0Scaled, "f0_stack")),
        "ld_scaled" => Some((InputKey::LoudnessScaled, "loudness_stack")),
        _ => None,
    };
    let keys: Vec<_> = names.iter().map(key).collect::<Option<_>>()?;
    let splits: Vec<(&str, usize)> = args["output_splits"]
        .as_array()?
        .iter()
        .map(|s| Some((s[0].as_str()?, s[1].as_u64()? as usize)))
        .collect::<Option<_>>()?;
    let config = RnnFcDecoderConfig {
        input_keys: keys.iter().map(|k| k.0).collect(),
        channels: args["ch"].as_u64()? as usize,
        gru_units: args["rnn_channels"].as_u64()? as usize,
        layers_per_stack: args["layers_per_stack"].as_u64()? as usize,
        n_outputs: splits.iter().map(|s| s.1).sum(),
    };
    let stacks: Vec<&str> = keys.iter().map(|k| k.1).collect();
    let mut weights = weights::rnn_fc_decoder(case, &stacks, config.layers_per_stack);
    let mut decoder = RnnFcDecoder::<R>::new(&config, &mut weights).unwrap();
    let [n_batch, n_frames, _] = *case.tensors.shape("in/f0_scaled") else { return None };
    let mut raw = vec![R::default(); n_batch * n_frames * config.n_outputs];
    for (b, raw) in raw.chunks_mut(n_frames * config.n_outputs).enumerate() {
        let frame = |i| names.iter().map(move |n| case.tensors.get(&format!("in/{n}"))[i]);
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
