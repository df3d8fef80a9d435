//! Group `filters`.

use ddsp_cases::Case;
use ddsp_core::filter::{
    DelayCompensation, Padding, SincFilter, apply_window_to_impulse_response,
    crop_and_compensate_delay, fft_convolve, frequency_filter, frequency_impulse_response,
    get_fft_size, next_fast_fft_size, sinc, sinc_filter, sinc_impulse_response,
};
use ddsp_core::real::Real;

use super::{Outputs, one, output, real};

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    let size = |name: &str| case.args[name].as_u64().map(|n| n as usize);
    match case.function.as_str() {
        "core.get_fft_size" => {
            let (frame, ir) = (size("frame_size")?, size("ir_size")?);
            let sizes =
                [("pow2", get_fft_size(frame, ir)), ("smooth5", next_fast_fft_size(frame, ir))];
            Some(sizes.map(|(name, n)| output(name, vec![n as f64])).to_vec())
        }
        "core.crop_and_compensate_delay" => {
            let (audio_size, ir_size, cut) = (size("audio_size")?, size("ir_size")?, cut(case)?);
            clips::<R>(case, |_, audio| {
                let total = audio.len();
                let out = crop_and_compensate_delay(&audio, audio_size, ir_size, cut.0, cut.1);
                keep(out, total, ir_size, &cut)
            })
        }
        "core.fft_convolve" => {
            let (responses, n_ir_frames, ir_size) = frames(case, "in/impulse_response")?;
            let cut = cut(case)?;
            clips::<R>(case, |b, audio| {
                let ir = real(row(case, "in/impulse_response", b % responses));
                let out = fft_convolve(&audio, &ir, n_ir_frames, cut.0, cut.1).unwrap();
                keep(out, convolved_size(audio.len(), n_ir_frames, ir_size), ir_size, &cut)
            })
        }
        "core.frequency_impulse_response" => {
            let (_, _, n_bands) = frames(case, "in/magnitudes")?;
            let magnitudes = real::<R>(case.tensors.get("in/magnitudes"));
            one(frequency_impulse_response(&magnitudes, n_bands, size("window_size")?).unwrap())
        }
        "core.apply_window_to_impulse_response" => {
            let (_, _, ir_size) = frames(case, "in/impulse_response")?;
            let ir = real::<R>(case.tensors.get("in/impulse_response"));
            let (window_size, causal) = (size("window_size")?, case.args["causal"].as_bool()?);
            one(apply_window_to_impulse_response(&ir, ir_size, window_size, causal))
        }
        "core.frequency_filter" => {
            let (filters, n_frames, n_bands) = frames(case, "in/magnitudes")?;
            let (window_size, cut) = (size("window_size")?, cut(case)?);
            clips::<R>(case, |b, audio| {
                let magnitudes = real(row(case, "in/magnitudes", b % filters));
                let out =
                    frequency_filter(&audio, &magnitudes, n_bands, window_size, cut.0).unwrap();
                let taps = frequency_impulse_response(&magnitudes, n_bands, window_size).unwrap();
                let ir_size = taps.len() / n_frames;
                keep(out, convolved_size(audio.len(), n_frames, ir_size), ir_size, &cut)
            })
        }
        "core.sinc" => one(real::<R>(case.tensors.get("in/x")).into_iter().map(sinc).collect()),
        "core.sinc_impulse_response" => {
            let cutoff = real::<R>(case.tensors.get("in/cutoff_frequency"));
            one(sinc_impulse_response(&cutoff, &sinc_config(case)?))
        }
        "core.sinc_filter" => {
            let (filter, cut) = (sinc_config(case)?, cut(case)?);
            let (filters, n_frames, _) = frames(case, "in/cutoff_frequency")?;
            clips::<R>(case, |b, audio| {
                let cutoff = real(row(case, "in/cutoff_frequency", b % filters));
                let out = sinc_filter(&audio, &cutoff, &filter, cut.0).unwrap();
                let ir_size = filter.n_taps();
                keep(out, convolved_size(audio.len(), n_frames, ir_size), ir_size, &cut)
            })
        }
        _ => None,
    }
}

fn sinc_config(case: &Case) -> Option<SincFilter> {
    Some(SincFilter {
        window_size: case.args["window_size"].as_u64()? as usize,
        sample_rate: case.args["sample_rate"].as_u64().map(|rate| rate as u32),
        high_pass: case.args["high_pass"].as_bool()?,
    })
}

/// The clips, frames and values of `[batch, n_frames, n]`, or of `[batch, n]` as one frame.
fn frames(case: &Case, name: &str) -> Option<(usize, usize, usize)> {
    match *case.tensors.shape(name) {
        [n_batch, n_frames, n] => Some((n_batch, n_frames, n)),
        [n_batch, n] => Some((n_batch, 1, n)),
        _ => None,
    }
}

fn row<'a>(case: &'a Case, name: &str, b: usize) -> &'a [f64] {
    let size = case.tensors.get(name).len() / case.tensors.shape(name)[0];
    &case.tensors.get(name)[b * size..][..size]
}

/// The results of each clip of `in/audio`, one after the other.
fn clips<R: Real>(case: &Case, f: impl Fn(usize, Vec<R>) -> Vec<R>) -> Outputs {
    let n_batch = case.tensors.shape("in/audio")[0];
    one((0..n_batch).flat_map(|b| f(b, real(row(case, "in/audio", b)))).collect())
}

fn cut(case: &Case) -> Option<(Padding, DelayCompensation)> {
    let padding = match case.args["padding"].as_str()? {
        "same" => Padding::Same,
        "valid" => Padding::Valid,
        _ => return None,
    };
    let delay = match case.args.get("delay_compensation").map_or(Some(-1), |n| n.as_i64())? {
        n if n < 0 => DelayCompensation::LinearPhase,
        n => DelayCompensation::Samples(n as usize),
    };
    Some((padding, delay))
}

/// How long the reference's convolution is before it is cut.
pub(super) fn convolved_size(audio_size: usize, n_frames: usize, ir_size: usize) -> usize {
    let frame_size = audio_size.div_ceil(n_frames);
    frame_size * (n_frames - 1) + get_fft_size(frame_size, ir_size)
}

/// Empties `out` where the reference's slice `[start:-end]` of `total` samples is empty: `start` is -1,
/// or `end` is not positive because nothing is left behind what is kept. Ours has its full size there.
pub(super) fn keep<R: Real>(
    out: Vec<R>,
    total: usize,
    ir_size: usize,
    cut: &(Padding, DelayCompensation),
) -> Vec<R> {
    let start = match cut.1 {
        DelayCompensation::LinearPhase => (ir_size as i64 - 1) / 2 - 1,
        DelayCompensation::Samples(n) => n as i64,
    };
    let end = total as i64 - out.len() as i64 - start;
    if start < 0 || end <= 0 { Vec::new() } else { out }
}
