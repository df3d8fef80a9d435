//! Group `resample`.

use ddsp_cases::Case;
use ddsp_core::real::Real;
use ddsp_core::resample::{ResampleMethod, center_crop, resample, upsample_with_windows};

use super::{Outputs, one, real};

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    match case.function.as_str() {
        "core.resample" => resampled::<R>(case, Some(method(case, "method")?)),
        "core.upsample_with_windows" => resampled::<R>(case, None),
        "core.center_crop" => {
            let audio = real::<R>(case.tensors.get("in/audio"));
            let n_batch = case.tensors.shape("in/audio")[0];
            let frame_size = case.size("frame_size");
            let rows = audio.chunks(audio.len() / n_batch);
            one(rows.flat_map(|row| center_crop(row, frame_size).to_vec()).collect())
        }
        _ => None,
    }
}

/// The resampling method that an argument names.
pub(super) fn method(case: &Case, argument: &str) -> Option<ResampleMethod> {
    Some(match case.args[argument].as_str()? {
        "nearest" => ResampleMethod::Nearest,
        "linear" => ResampleMethod::Linear,
        "cubic" => ResampleMethod::Cubic,
        "window" => ResampleMethod::Window,
        _ => return None,
    })
}

fn resampled<R: Real>(case: &Case, method: Option<ResampleMethod>) -> Outputs {
    let inputs = real::<R>(case.tensors.get("in/inputs"));
    let shape = case.tensors.shape("in/inputs");
    let (n_batch, n_channels) = match shape {
        [_] => (1, 1),
        [n_batch, _] => (*n_batch, 1),
        [n_batch, _, channels @ ..] => (*n_batch, channels.iter().product()),
        [] => return None,
    };
    let n_timesteps = case.size("n_timesteps");
    let add_endpoint = case.args["add_endpoint"].as_bool()?;
    let rows = inputs.chunks(inputs.len() / n_batch);
    one(rows
        .flat_map(|row| match method {
            Some(method) => resample(row, n_channels, n_timesteps, method, add_endpoint).unwrap(),
            None => upsample_with_windows(row, n_channels, n_timesteps, add_endpoint).unwrap(),
        })
        .collect())
}
