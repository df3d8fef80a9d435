//! Group `spectral`, and what 1.0.2 did otherwise.

use ddsp_cases::Case;
use ddsp_core::feature::framing::Padding;
use ddsp_core::feature::loudness::{LoudnessConfig, a_weighting_db, loudness_db};
use ddsp_core::feature::power::{power_db, rms_energy};
use ddsp_core::feature::spectrum::{MelConfig, StftConfig, logmag, magnitudes, mel, mfcc};
use ddsp_core::math::{LOG_EPS, safe_log};
use ddsp_core::real::Real;
use ddsp_core::resample::{ResampleMethod, resample};
use ddsp_core::scale::{DecibelScale, hz_to_midi};

use super::{Outputs, one, output, real};

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    match case.function.as_str() {
        "spectral_ops.compute_loudness" => loudness::<R>(case),
        "ddsp 1.0.2 spectral_ops.compute_loudness" => loudness_1::<R>(case),
        "ddsp 1.0.2 preprocessing.F0LoudnessPreprocessor" => preprocessor_1::<R>(case),
        "spectral_ops.compute_rms_energy" | "spectral_ops.compute_power" => power::<R>(case),
        "ddsp 1.0.2 spectral_ops.compute_rms_energy" | "ddsp 1.0.2 spectral_ops.compute_power" => {
            power_1::<R>(case)
        }
        "spectral_ops.compute_mag"
        | "spectral_ops.compute_logmag"
        | "spectral_ops.compute_mel"
        | "spectral_ops.compute_logmel"
        | "spectral_ops.compute_mfcc" => spectrum::<R>(case),
        "spectral_ops.get_framed_lengths + pad" => framing::<R>(case),
        "librosa.A_weighting(fft_frequencies)" => {
            let (sample_rate, n_fft) = (case.size("sample_rate"), case.size("n_fft"));
            let hz: Vec<f64> =
                (0..=n_fft / 2).map(|k| (k * sample_rate) as f64 / n_fft as f64).collect();
            let db = hz.iter().map(|&hz| R::narrow(a_weighting_db(hz))).collect();
            let hz = hz.into_iter().map(R::narrow).collect();
            Some(vec![output("frequencies", hz), output("a_weighting_db", db)])
        }
        _ => None,
    }
}

fn padding(case: &Case) -> Option<Padding> {
    match case.args["padding"].as_str() {
        Some("center") | None => Some(Padding::Center),
        Some("same") => Some(Padding::Same),
        Some("valid") => Some(Padding::Valid),
        Some(_) => None,
    }
}

fn spectrum<R: Real>(case: &Case) -> Outputs {
    let number = |name: &str| case.args[name].as_f64();
    let size = case.args.get("size").or_else(|| case.args.get("fft_size"))?.as_u64()?;
    let stft = StftConfig {
        size: size as usize,
        overlap: number("overlap")?,
        pad_end: case.args["pad_end"] != false,
    };
    let bands = |n_bands: &str| {
        Some(MelConfig {
            lo_hz: number("lo_hz")?,
            hi_hz: number("hi_hz")?,
            n_bands: case.size(n_bands),
            sample_rate: case.size("sample_rate") as u32,
        })
    };
    let [_, n_samples] = *case.tensors.shape("in/audio") else { return None };
    let of = |audio: &[R]| match case.function.as_str() {
        "spectral_ops.compute_mag" => Some(magnitudes(audio, &stft)),
        "spectral_ops.compute_logmag" => Some(logmag(audio, &stft)),
        "spectral_ops.compute_mel" => Some(mel(audio, &stft, &bands("bins")?)),
        "spectral_ops.compute_logmel" => {
            let mel = mel(audio, &stft, &bands("bins")?);
            Some(mel.into_iter().map(|x| safe_log(x, LOG_EPS)).collect())
        }
        _ => Some(mfcc(audio, &stft, &bands("mel_bins")?, case.size("mfcc_bins"))),
    };
    let clips = real::<R>(case.tensors.get("in/audio"));
    let clips: Vec<Vec<R>> = clips.chunks(n_samples).map(of).collect::<Option<_>>()?;
    one(clips.concat())
}

fn loudness<R: Real>(case: &Case) -> Outputs {
    let args = &case.args;
    let n_fft = case.size("n_fft");
    // The reference's own framing loses samples there: 1000 samples hop by 63 instead of 64.
    if args["use_tf"] == false && !n_fft.is_power_of_two() {
        return None;
    }
    let config = LoudnessConfig::Magenta3 {
        n_fft,
        range_db: args["range_db"].as_f64().unwrap_or(80.0),
        ref_db: args["ref_db"].as_f64().unwrap_or(0.0),
    };
    let sample_rate = case.size("sample_rate");
    let (hop_size, padding) = (sample_rate / case.size("frame_rate"), padding(case)?);
    let audio = real::<R>(case.tensors.get("in/audio"));
    let n_batch = match case.tensors.shape("in/audio") {
        [n_batch, _] => *n_batch,
        _ => 1,
    };
    let rows = audio.chunks(audio.len() / n_batch).flat_map(|audio| {
        let n_frames = padding.n_frames(audio.len(), n_fft, hop_size);
        loudness_db::<R>(audio, sample_rate as u32, hop_size, n_frames, padding, &config)
    });
    one(rows.collect())
}

/// A tensor by its last axis.
pub(super) fn rows<R: Real>(case: &Case, name: &str) -> Vec<Vec<R>> {
    let shape = case.tensors.shape(name);
    let values = real::<R>(case.tensors.get(name));
    values.chunks(shape[shape.len() - 1].max(1)).map(<[R]>::to_vec).collect()
}

/// The centred loudness of a batch of audio.
pub(super) fn loudness_rows<R: Real>(case: &Case, config: &LoudnessConfig) -> Vec<Vec<R>> {
    let sample_rate = case.size("sample_rate");
    let (hop_size, padding) = (sample_rate / case.size("frame_rate"), Padding::Center);
    let of = |audio: Vec<R>| {
        let n_frames = padding.n_frames(audio.len(), config.n_fft(), hop_size);
        loudness_db::<R>(&audio, sample_rate as u32, hop_size, n_frames, padding, config)
    };
    rows(case, "in/audio").into_iter().map(of).collect()
}

fn power<R: Real>(case: &Case) -> Outputs {
    let hop_size = case.size("sample_rate") / case.size("frame_rate");
    let (frame_size, padding) = (case.size("frame_size"), padding(case)?);
    let each = rows::<R>(case, "in/audio").into_iter().flat_map(|audio| {
        let n = padding.n_frames(audio.len(), frame_size, hop_size);
        match (case.args["range_db"].as_f64(), case.args["ref_db"].as_f64()) {
            (Some(range_db), Some(ref_db)) => {
                let scale = DecibelScale { ref_db, range_db };
                power_db(&audio, frame_size, hop_size, n, padding, scale)
            }
            _ => rms_energy(&audio, frame_size, hop_size, n, padding),
        }
    });
    one(each.collect())
}

/// Power of 1.0.2: clips have as many frames as whole hops, and the root mean square is squared before it is taken for
/// an amplitude.
fn power_1<R: Real>(case: &Case) -> Outputs {
    let (sample_rate, frame_rate) = (case.size("sample_rate"), case.size("frame_rate"));
    let (frame_size, hop_size) = (case.size("frame_size"), sample_rate / frame_rate);
    let each = rows::<R>(case, "in/audio").into_iter().flat_map(|audio| {
        let n = audio.len() * frame_rate / sample_rate;
        let rms = rms_energy(&audio, frame_size, hop_size, n, Padding::Same);
        match (case.args["range_db"].as_f64(), case.args["ref_db"].as_f64()) {
            (Some(range_db), Some(ref_db)) => {
                let db = |rms: &R| (40.0 * rms.widen().max(1e-10).log10() - ref_db).max(-range_db);
                rms.iter().map(|rms| R::narrow(db(rms))).collect()
            }
            _ => rms,
        }
    });
    one(each.collect())
}

/// The loudness of 1.0.2, whose clips have as many frames as whole hops, silence filling up.
fn loudness_1<R: Real>(case: &Case) -> Outputs {
    let config = LoudnessConfig::Magenta1 {
        n_fft: case.size("n_fft"),
        range_db: case.args["range_db"].as_f64()?,
        ref_db: case.args["ref_db"].as_f64()?,
    };
    let (sample_rate, frame_rate) = (case.size("sample_rate"), case.size("frame_rate"));
    let audio = real::<R>(case.tensors.get("in/audio"));
    let n_batch = if let [n_batch, _] = case.tensors.shape("in/audio") { *n_batch } else { 1 };
    let rows = audio.chunks(audio.len() / n_batch).flat_map(|audio| {
        let (n_frames, hop_size) =
            (audio.len() * frame_rate / sample_rate, sample_rate / frame_rate);
        loudness_db::<R>(audio, sample_rate as u32, hop_size, n_frames, config.padding(), &config)
    });
    one(rows.collect())
}

/// `ld_scaled` and `f0_scaled` of 1.0.2; the rest passes through.
fn preprocessor_1<R: Real>(case: &Case) -> Outputs {
    let f0_hz = real::<R>(case.tensors.get("in/f0_hz"));
    let loudness_db = real::<R>(case.tensors.get("in/loudness_db"));
    let n_timesteps = case.size("time_steps");
    let steps = |x: &[R]| resample(x, 1, n_timesteps, ResampleMethod::Linear, true).unwrap();
    let (f0_hz, loudness_db) = (steps(&f0_hz), steps(&loudness_db));
    let config = LoudnessConfig::magenta_1();
    let loudness = loudness_db.iter().map(|x| R::narrow(config.scale(x.widen())));
    let f0 = f0_hz.iter().map(|&x| hz_to_midi(x) / R::narrow(127.0));
    Some(vec![
        output("ld_scaled", loudness.collect::<Vec<R>>()),
        output("f0_scaled", f0.collect::<Vec<R>>()),
        output("f0_hz", f0_hz),
        output("loudness_db", loudness_db),
    ])
}

fn framing<R: Real>(case: &Case) -> Outputs {
    let (frame_size, hop_size) = (case.size("frame_size"), case.size("hop_size"));
    let (n_samples, padding) = (case.size("input_length"), padding(case)?);
    let n_frames = padding.n_frames(n_samples, frame_size, hop_size);
    let n_padded = match padding {
        Padding::Center => n_samples + 2 * padding.n_before(frame_size),
        Padding::Same => (n_frames - 1) * hop_size + frame_size,
        Padding::Valid => n_samples,
    };
    let mut outputs = vec![
        output("n_frames", vec![R::narrow(n_frames as f64)]),
        output("padded_length", vec![R::narrow(n_padded as f64)]),
    ];
    if case.tensors.has("in/x") {
        let padded = real::<R>(case.tensors.get("in/x"))
            .chunks(n_samples)
            .flat_map(|row| {
                let mut padded = vec![R::default(); padding.n_before(frame_size)];
                padded.extend(row);
                padded.resize(n_padded, R::default());
                padded
            })
            .collect();
        outputs.push(output("padded", padded));
    }
    Some(outputs)
}
