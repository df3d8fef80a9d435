//! Group `freq_scaling`.

use ddsp_cases::Case;
use ddsp_core::real::Real;
use ddsp_core::scale::{
    CriticalBandScale, CriticalBands, frequencies_critical_bands, frequencies_sigmoid,
    frequencies_softmax,
};

use super::{Outputs, one, real};

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    if !case.function.starts_with("core.frequencies_") {
        return None;
    }
    let number = |name: &str| case.args[name].as_f64();
    let raw = real::<R>(case.tensors.get("in/freqs"));
    let (depth, n_sinusoids) = match *case.tensors.shape("in/freqs") {
        [.., n_sinusoids, depth] if case.tensors.shape("in/freqs").len() == 4 => {
            (depth, n_sinusoids)
        }
        [.., n_raw] => {
            let depth = case.args["depth"].as_u64()? as usize;
            (depth, n_raw / depth)
        }
        [] => return None,
    };
    let (hz_min, hz_max) = (number("hz_min")?, number("hz_max")?);
    let mut hz = vec![R::default(); raw.len() / depth];
    match case.function.as_str() {
        "core.frequencies_softmax" => frequencies_softmax(&raw, depth, hz_min, hz_max, &mut hz),
        "core.frequencies_sigmoid" => frequencies_sigmoid(&raw, depth, hz_min, hz_max, &mut hz),
        "core.frequencies_critical_bands" => {
            let scale = match case.args["scale"].as_str()? {
                "bark" => CriticalBandScale::Bark,
                "mel" => CriticalBandScale::Mel,
                _ => return None,
            };
            let (depth_scale, bandwidth_scale) =
                (number("depth_scale")?, number("bandwidth_scale")?);
            let bands =
                CriticalBands { depth, depth_scale, bandwidth_scale, hz_min, hz_max, scale };
            frequencies_critical_bands(&raw, n_sinusoids, &bands, &mut hz);
        }
        _ => return None,
    }
    one(hz)
}
