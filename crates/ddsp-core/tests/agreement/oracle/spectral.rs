//! Group `spectral`.

use ddsp_cases::Case;
use ddsp_core::feature::loudness::{LoudnessConfig, loudness_db};
use ddsp_core::real::Real;

use super::{Outputs, one, real};

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    match case.function.as_str() {
        "spectral_ops.compute_loudness" => loudness::<R>(case),
        _ => None,
    }
}

fn loudness<R: Real>(case: &Case) -> Outputs {
    let args = &case.args;
    if args["padding"] != "center" || args["use_tf"] == false {
        return None;
    }
    let config = LoudnessConfig::Magenta3 {
        n_fft: args["n_fft"].as_u64()? as usize,
        range_db: args["range_db"].as_f64()?,
        ref_db: args["ref_db"].as_f64()?,
    };
    let sample_rate = args["sample_rate"].as_u64()?;
    let hop_size = (sample_rate / args["frame_rate"].as_u64()?) as usize;
    let [n_batch, n_frames] = *case.tensors.shape("out/out") else { return None };
    let audio = real::<R>(case.tensors.get("in/audio"));
    let rows = audio.chunks(audio.len() / n_batch);
    let row = |audio| loudness_db::<R>(audio, sample_rate as u32, hop_size, n_frames, &config);
    one(rows.flat_map(row).collect())
}
