//! Groups `math` and `units`.

use ddsp_cases::Case;
use ddsp_core::real::Real;
use ddsp_core::scale::DecibelScale;
use ddsp_core::{math, scale};

use super::{Outputs, one, real};

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    math::<R>(case).or_else(|| units::<R>(case))
}

fn number(case: &Case, name: &str) -> f64 {
    case.args[name].as_f64().unwrap_or_else(|| panic!("{}: no number {name}", case.name))
}

fn math<R: Real>(case: &Case) -> Outputs {
    let x = || real::<R>(case.tensors.get("in/x"));
    let map = |f: &dyn Fn(R) -> R| one(x().into_iter().map(f).collect());
    let number = |name: &str| number(case, name);
    let axis = || case.args["axis"].as_u64().map(|axis| axis as usize);
    let shape = || case.tensors.shape("in/x");
    match case.function.as_str() {
        "core.nan_to_num" => map(&|x| math::nan_to_num(x, R::narrow(number("value")))),
        "core.safe_divide" => {
            let [over, under] =
                ["in/numerator", "in/denominator"].map(|name| real::<R>(case.tensors.get(name)));
            let pairs = over.into_iter().zip(under);
            one(pairs.map(|(a, b)| math::safe_divide(a, b, number("eps"))).collect())
        }
        "core.safe_log" => map(&|x| math::safe_log(x, number("eps"))),
        "core.logb" => map(&|x| math::logb(x, number("base"), number("eps"))),
        "core.log10" => map(&|x| math::log10(x, math::LOG_EPS)),
        "core.log_scale" => map(&|x| math::log_scale(x, number("min_x"), number("max_x"))),
        "core.soft_limit" => map(&|x| math::soft_limit(x, number("x_min"), number("x_max"))),
        // Forward it is the identity; only a tensor form can hold the rest.
        "core.gradient_reversal" => one(x()),
        "core.exp_sigmoid" => {
            let [exponent, max_value, threshold] =
                ["exponent", "max_value", "threshold"].map(number);
            if [exponent, max_value, threshold] == [10.0, 2.0, 1e-7] {
                return map(&scale::exp_sigmoid);
            }
            map(&|x| scale::exp_sigmoid_with(x, exponent, max_value, threshold))
        }
        "core.sym_exp_sigmoid" => map(&|x| scale::sym_exp_sigmoid(x, number("width"))),
        "core.pad_axis" => {
            let [before, after] = [0, 1].map(|i| case.args["padding"][i].as_u64());
            let padding = (before? as usize, after? as usize);
            one(math::pad_axis(&x(), shape(), axis()?, padding))
        }
        "core.diff" => one(math::diff(&x(), shape(), axis()?)),
        _ => None,
    }
}

fn units<R: Real>(case: &Case) -> Outputs {
    let map =
        |f: &dyn Fn(R) -> R| one(real::<R>(case.tensors.get("in/x")).into_iter().map(f).collect());
    let number = |name: &str| number(case, name);
    let between = |f: fn(R, f64, f64, bool) -> R, min: &str, max: &str| {
        let clip = case.args["clip"].as_bool()?;
        map(&|x| f(x, number(min), number(max), clip))
    };
    let decibels = || DecibelScale { ref_db: number("ref_db"), range_db: number("range_db") };
    match case.function.as_str() {
        "core.amplitude_to_db" => map(&|x| decibels().amplitude_to_db(x)),
        "core.power_to_db" => map(&|x| decibels().power_to_db(x)),
        "core.db_to_amplitude" => map(&scale::db_to_amplitude),
        "core.db_to_power" => map(&scale::db_to_power),
        "core.midi_to_hz" if case.args["midi_zero_silence"] == true => {
            map(&scale::midi_to_hz_or_silence)
        }
        "core.midi_to_hz" => map(&scale::midi_to_hz),
        "core.hz_to_midi" => map(&scale::hz_to_midi),
        "core.unit_to_midi" => between(scale::unit_to_midi, "midi_min", "midi_max"),
        "core.midi_to_unit" => between(scale::midi_to_unit, "midi_min", "midi_max"),
        "core.unit_to_hz" => between(scale::unit_to_hz, "hz_min", "hz_max"),
        "core.hz_to_unit" => between(scale::hz_to_unit, "hz_min", "hz_max"),
        "core.hz_to_bark" => map(&scale::hz_to_bark),
        "core.bark_to_hz" => map(&scale::bark_to_hz),
        "core.hz_to_mel" => map(&scale::hz_to_mel),
        "core.mel_to_hz" => map(&scale::mel_to_hz),
        "core.hz_to_erb" => map(&scale::hz_to_erb),
        _ => None,
    }
}
