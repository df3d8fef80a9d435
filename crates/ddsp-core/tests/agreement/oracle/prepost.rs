//! Group `prepost`: notes, quantiles, statistics, tuning, scaling, and how recordings are cut.

use ddsp_cases::Case;
use ddsp_core::condition::{
    FeatureStatistics, Features, N_QUANTILES, NoteDetection, OutputDistribution, QuantileTransform,
    TuneForm, auto_tune, detect_notes, fit_quantile_transform, masked, note_masks, smooth,
    tuning_factor,
};
use ddsp_core::feature::examples::{ExampleConfig, chunks, split_examples};
use ddsp_core::feature::framing::Padding;
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::feature::power::power_db;
use ddsp_core::real::Real;
use ddsp_core::resample::{ResampleMethod, resample};
use ddsp_core::scale::{DecibelScale, hz_to_midi, midi_to_hz};

use super::spectral::{loudness_rows, rows};
use super::{Outputs, one, output, real};

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    let x = || real::<R>(case.tensors.get("in/x"));
    let map = |f: &dyn Fn(f64) -> f64| one(x().iter().map(|x| R::narrow(f(x.widen()))).collect());
    match case.function.as_str() {
        "postprocessing.detect_notes" => notes::<R>(case),
        "postprocessing.smooth" => {
            let filter_size = case.size("filter_size");
            let (x, shape) = (x(), case.tensors.shape("in/x"));
            let n = shape[shape.len() - 1];
            one(x.chunks(n).flat_map(|row| smooth(row, filter_size)).collect())
        }
        "postprocessing.QuantileTransformer" => quantiles::<R>(case),
        "postprocessing.fit_quantile_transform" => fit::<R>(case),
        "postprocessing.compute_dataset_statistics" => statistics::<R>(case),
        "colab_utils.auto_tune" => tune::<R>(case),
        // Slices have no rank: only a tensor form adds axes.
        "preprocessing.at_least_3d" => one(x()),
        "preprocessing.scale_db" => map(&|db| LoudnessConfig::magenta_3().scale(db)),
        "preprocessing.inv_scale_db" => map(&|x| LoudnessConfig::magenta_3().unscale(x)),
        "preprocessing.scale_f0_hz" => map(&|hz| hz_to_midi(hz) / 127.0),
        "preprocessing.inv_scale_f0_hz" => map(&|x| midi_to_hz(127.0 * x)),
        "preprocessing.F0LoudnessPreprocessor" => f0_loudness::<R>(case),
        "preprocessing.F0PowerPreprocessor" | "preprocessing.OnlineF0PowerPreprocessor" => {
            f0_power::<R>(case)
        }
        "prepare_tfrecord_lib._split_example" => examples::<R>(case),
        "prepare_tfrecord_lib._chunk_audio" => chunked::<R>(case),
        _ => None,
    }
}

fn flags(values: &[f64]) -> Vec<bool> {
    values.iter().map(|&x| x != 0.0).collect()
}

fn numbers<R: Real>(values: impl IntoIterator<Item = f64>) -> Vec<R> {
    values.into_iter().map(R::narrow).collect()
}

fn notes<R: Real>(case: &Case) -> Outputs {
    let number = |name: &str, default: f64| case.args[name].as_f64().unwrap_or(default);
    let magenta = NoteDetection::default();
    let smoothing = case.args["smoothing"].as_u64().map(|n| n as usize);
    let detection = NoteDetection {
        note_threshold: number("note_threshold", magenta.note_threshold),
        exponent: number("exponent", magenta.exponent),
        smoothing_frames: smoothing.unwrap_or(magenta.smoothing_frames),
        f0_confidence_threshold: number("f0_confidence_threshold", magenta.f0_confidence_threshold),
        min_db: number("min_db", magenta.min_db),
    };
    let [loudness_db, f0_confidence] =
        ["in/loudness_db", "in/f0_confidence"].map(|name| real::<R>(case.tensors.get(name)));
    let notes = detect_notes(&loudness_db, &f0_confidence, &detection);
    let mask_on = notes.mask_on.iter().map(|&on| f64::from(u8::from(on)));
    Some(vec![
        output("mask_on", numbers::<R>(mask_on)),
        output("note_on_ratio", notes.note_on_ratio),
    ])
}

fn quantiles<R: Real>(case: &Case) -> Outputs {
    let form = match case.args["output_distribution"].as_str()? {
        "uniform" => OutputDistribution::Uniform,
        "normal" => OutputDistribution::Normal,
        _ => return None,
    };
    let x = real::<R>(case.tensors.get("in/x"));
    let q = QuantileTransform::fit(&x, case.size("n_quantiles"));
    let n = q.quantiles().len();
    let to = |x: &[R]| -> Vec<f64> { x.iter().map(|x| q.transform_to(x.widen(), form)).collect() };
    let transformed = to(&x);
    let inverse = transformed.iter().map(|&share| q.inverse_from(share, form));
    let new_x = real::<R>(case.tensors.get("in/new_x"));
    Some(vec![
        output("quantiles", numbers::<R>(q.quantiles().iter().copied())),
        output("references", numbers::<R>((0..n).map(|i| i as f64 / (n - 1) as f64))),
        output("inverse", numbers::<R>(inverse)),
        output("transform_new", numbers::<R>(to(&new_x))),
        output("fit_transform", numbers::<R>(transformed)),
    ])
}

fn fit<R: Real>(case: &Case) -> Outputs {
    let target = real::<R>(case.tensors.get("in/target_loudness"));
    let target = QuantileTransform::fit(&target, N_QUANTILES);
    let loudness_db = real::<R>(case.tensors.get("in/loudness_db"));
    let mask_on = flags(case.tensors.get("in/mask_on"));
    let (own, fitted) = fit_quantile_transform(&loudness_db, &mask_on, Some(&target));
    Some(vec![
        output("loudness_norm", fitted),
        output("target_quantiles", numbers::<R>(target.quantiles().iter().copied())),
        output("fitted_quantiles", numbers::<R>(own.quantiles().iter().copied())),
    ])
}

/// The statistics of Magenta from ours: pitch, power and loudness, of all frames and of notes.
fn statistics<R: Real>(case: &Case) -> Outputs {
    let rate = 16_000;
    let hop_size = rate / case.size("power_frame_rate");
    let frame_size = case.size("power_frame_size");
    let table = |name: &str| rows::<f32>(case, name);
    let audio = table("in/audio");
    let n_kept = case.tensors.shape("in/f0_hz")[1] - case.size("trim_end");
    let cut = |rows: Vec<Vec<f32>>| -> Vec<Vec<f32>> {
        rows.into_iter().map(|row| row[..n_kept].to_vec()).collect()
    };
    let [f0_hz, f0_confidence, loudness_db] =
        ["in/f0_hz", "in/f0_confidence", "in/loudness_db"].map(|name| cut(table(name)));
    let power = audio.iter().map(|audio| {
        let padding = Padding::Center;
        let n = padding.n_frames(audio.len(), frame_size, hop_size);
        power_db(audio, frame_size, hop_size, n, padding, DecibelScale::default())
    });
    let power = cut(power.collect());
    let pitch: Vec<Vec<f32>> =
        f0_hz.iter().map(|row| row.iter().map(|&hz| hz_to_midi(hz)).collect()).collect();
    let examples: Vec<Features> = (0..f0_hz.len())
        .map(|i| Features {
            f0_hz: f0_hz[i].clone(),
            f0_confidence: f0_confidence[i].clone(),
            loudness_db: loudness_db[i].clone(),
        })
        .collect();
    let mut masks = note_masks(&examples, &NoteDetection::default());
    masks.iter_mut().filter(|mask| !mask.contains(&true)).for_each(|mask| mask.fill(true));
    let all: Vec<Vec<bool>> = masks.iter().map(|mask| vec![true; mask.len()]).collect();
    let mut outputs = Vec::new();
    for (suffix, masks) in [("", &all), ("_note", &masks)] {
        for (name, values) in [("pitch", &pitch), ("power", &power), ("loudness", &loudness_db)] {
            let values: Vec<&[f32]> = values.iter().map(Vec::as_slice).collect();
            let s = FeatureStatistics::of(&masked(&values, masks))?;
            let numbers = [
                ("mean", s.mean),
                ("max", s.max),
                ("min", s.min),
                ("mean_max", s.mean_max),
                ("mean_min", s.mean_min),
                ("std", s.std),
            ];
            for (kind, value) in numbers {
                outputs.push(output(&format!("{kind}_{name}{suffix}"), vec![R::narrow(value)]));
            }
        }
    }
    let loudness: Vec<&[f32]> = loudness_db.iter().map(Vec::as_slice).collect();
    let on = masked(&loudness, &masks).concat();
    let q = QuantileTransform::fit(&on, N_QUANTILES);
    outputs.push(output("quantiles", numbers::<R>(q.quantiles().iter().copied())));
    Some(outputs)
}

fn tune<R: Real>(case: &Case) -> Outputs {
    let [f0_midi, f0_confidence] =
        ["in/f0_midi", "in/f0_confidence"].map(|name| real::<R>(case.tensors.get(name)));
    let mask_on = flags(case.tensors.get("in/mask_on"));
    let tuning = tuning_factor(&f0_midi, &f0_confidence, &mask_on);
    let form =
        if case.args["chromatic"] == true { TuneForm::Chromatic } else { TuneForm::MajorScale };
    let amount = case.args["amount"].as_f64()?;
    let tuned = auto_tune(&f0_midi, tuning, &mask_on, amount, form);
    Some(vec![output("tuning_factor", vec![tuning]), output("out", tuned)])
}

/// `time_steps` values of a row.
fn steps<R: Real>(row: &[R], n: usize) -> Vec<R> {
    resample(row, 1, n, ResampleMethod::Linear, true).unwrap()
}

fn f0_outputs<R: Real>(f0_hz: Vec<R>) -> [(String, Vec<f64>); 2] {
    let scaled: Vec<R> =
        f0_hz.iter().map(|&hz| R::narrow(hz_to_midi(hz.widen()) / 127.0)).collect();
    [output("f0_hz", f0_hz), output("f0_scaled", scaled)]
}

fn f0_loudness<R: Real>(case: &Case) -> Outputs {
    let n = case.size("time_steps");
    let each =
        |rows: Vec<Vec<R>>| -> Vec<R> { rows.iter().flat_map(|row| steps(row, n)).collect() };
    let config = LoudnessConfig::magenta_3();
    let loudness_db = if case.args["compute_loudness"] == true {
        loudness_rows::<R>(case, &config)
    } else {
        rows(case, "in/loudness_db")
    };
    let loudness_db = each(loudness_db);
    let scaled = loudness_db.iter().map(|db| config.scale(db.widen()));
    let scaled = output("ld_scaled", numbers::<R>(scaled));
    let mut outputs = f0_outputs(each(rows(case, "in/f0_hz"))).to_vec();
    outputs.extend([output("loudness_db", loudness_db), scaled]);
    Some(outputs)
}

fn f0_power<R: Real>(case: &Case) -> Outputs {
    let sample_rate = case.args["sample_rate"].as_u64().unwrap_or(16_000) as usize;
    let (frame_size, hop_size) = (case.size("frame_size"), sample_rate / case.size("frame_rate"));
    let f0_hz: Vec<Vec<R>> = rows(case, "in/f0_hz");
    // Online features keep their own frames, others are brought to `time_steps`.
    let n_steps = case.args["time_steps"].as_u64().map(|n| n as usize);
    let each = |rows: Vec<Vec<R>>| -> Vec<R> {
        rows.iter().flat_map(|row| n_steps.map_or_else(|| row.clone(), |n| steps(row, n))).collect()
    };
    let power = rows::<R>(case, "in/audio").into_iter().map(|audio| {
        let padding = Padding::Center;
        let n = padding.n_frames(audio.len(), frame_size, hop_size);
        power_db(&audio, frame_size, hop_size, n, padding, DecibelScale::default())
    });
    let power = each(power.collect());
    let range_db = DecibelScale::default().range_db;
    let scaled = power.iter().map(|db| db.widen() / range_db + 1.0);
    let scaled = output("pw_scaled", numbers::<R>(scaled));
    let mut outputs = f0_outputs(each(f0_hz)).to_vec();
    outputs.extend([output("pw_db", power), scaled]);
    if case.tensors.has("in/f0_confidence") {
        outputs.push(output("f0_confidence", real::<R>(case.tensors.get("in/f0_confidence"))));
    }
    Some(outputs)
}

fn examples<R: Real>(case: &Case) -> Outputs {
    let config = ExampleConfig {
        sample_rate: case.size("sample_rate") as u32,
        frame_rate: case.size("frame_rate") as u32,
        example_s: case.args["example_secs"].as_f64()?,
        hop_s: case.args["hop_secs"].as_f64()?,
        center: case.args["center"].as_bool()?,
    };
    let examples = split_examples(case.size("n_audio"), case.size("n_frames"), &config);
    let each = |name: &str, f: &dyn Fn(usize) -> usize| {
        output(name, numbers::<R>((0..examples.len()).map(|i| f(i) as f64)))
    };
    Some(vec![
        each("audio_start", &|i| examples[i].samples.start),
        each("audio_len", &|i| examples[i].samples.len()),
        each("frame_start", &|i| examples[i].frames.start),
        each("frame_len", &|i| examples[i].frames.len()),
    ])
}

/// The reference fills up its last chunk, which we leave to whoever reads the audio.
fn chunked<R: Real>(case: &Case) -> Outputs {
    let chunk_size = (case.args["chunk_secs"].as_f64()? * 16_000.0) as usize;
    let chunks = chunks(case.size("n_audio"), chunk_size);
    Some(vec![
        output("n_chunks", vec![R::narrow(chunks.len() as f64)]),
        output("lens", numbers::<R>(chunks.iter().map(|_| chunk_size as f64))),
        output("nonzero", numbers::<R>(chunks.iter().map(|chunk| chunk.len() as f64))),
    ])
}
