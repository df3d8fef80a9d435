//! Groups `math` and `units`.

use ddsp_cases::Case;
use ddsp_core::real::Real;
use ddsp_core::scale;

use super::{Outputs, one, real};

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    let map =
        |f: &dyn Fn(R) -> R| one(real::<R>(case.tensors.get("in/x")).into_iter().map(f).collect());
    match case.function.as_str() {
        "core.exp_sigmoid" if case.args["max_value"] == 2.0 => map(&scale::exp_sigmoid),
        "core.hz_to_midi" => map(&|x| R::narrow(scale::hz_to_midi(x.widen()))),
        "core.midi_to_hz" if case.args["midi_zero_silence"] == false => {
            map(&|x| R::narrow(scale::midi_to_hz(x.widen())))
        }
        "core.db_to_amplitude" => map(&|x| R::narrow(scale::db_to_amplitude(x.widen()))),
        _ => None,
    }
}
