//! Group `effects`.

use ddsp_cases::Case;
use ddsp_core::effect::{Reverb, ReverbConfig};
use ddsp_core::real::Real;

use super::{Outputs, output, real};

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    match case.function.as_str() {
        "effects.Reverb" => reverb::<R>(case),
        _ => None,
    }
}

fn reverb<R: Real>(case: &Case) -> Outputs {
    if case.args["trainable"] != false || case.tensors.shape("in/ir").len() != 2 {
        return None;
    }
    let [n_batch, n_samples] = *case.tensors.shape("in/audio") else { return None };
    let ir_size = case.tensors.shape("in/ir")[1];
    let config = ReverbConfig { ir_size, add_dry: case.args["add_dry"].as_bool()? };
    let mut signal = real::<R>(case.tensors.get("in/audio"));
    let ir = real::<R>(case.tensors.get("in/ir"));
    for b in 0..n_batch {
        let mut reverb = Reverb::<R>::new(&config, &ir[b * ir_size..][..ir_size]).unwrap();
        reverb.process(&mut signal[b * n_samples..][..n_samples]);
    }
    Some(vec![output("signal", signal)])
}
