//! Magenta's numbers, function by function, in f32 and in f64.
//!
//! Reads `golden/core`, or the folder `core` under `DDSP_ORACLE`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ddsp_cases::{Case, Distances, GOLDEN, golden_dir, read_cases};
use ddsp_core::effect::{Reverb, ReverbConfig};
use ddsp_core::feature::loudness::{LoudnessConfig, loudness_db};
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{RnnFcDecoder, RnnFcDecoderConfig};
use ddsp_core::real::Real;
use ddsp_core::resample::ResampleMethod;
use ddsp_core::scale;
use ddsp_core::synth::{FilteredNoise, FilteredNoiseConfig, Harmonic, HarmonicConfig, PhaseMode};

use crate::weights;

/// Functions whose reference may stand further than `GOLDEN` from f64: the cause and the cap.
const KNOWN_DISTANCES: &[(&str, &str, f64)] = &[
    ("synths.Harmonic", "it sums phase in f32", 1e-3),
    ("effects.Reverb", "it convolves by an FFT in f32", 2e-5),
];

/// Outputs by name; `None` where this function or these arguments are not built.
type Outputs = Option<Vec<(&'static str, Vec<f64>)>>;

fn real<R: Real>(values: &[f64]) -> Vec<R> {
    values.iter().map(|&x| R::narrow(x)).collect()
}

fn wide<R: Real>(values: Vec<R>) -> Vec<f64> {
    values.into_iter().map(R::widen).collect()
}

fn run<R: Real>(case: &Case) -> Outputs {
    let tensors = &case.tensors;
    let map = |f: &dyn Fn(R) -> R| {
        let x = tensors.under("in/").find(|(name, ..)| *name != "grad_w")?.2;
        Some(vec![("out", wide(real::<R>(x).into_iter().map(f).collect()))])
    };
    match case.function.as_str() {
        "core.exp_sigmoid" if case.args["max_value"] == 2.0 => map(&scale::exp_sigmoid),
        "core.hz_to_midi" => map(&|x| R::narrow(scale::hz_to_midi(x.widen()))),
        "core.midi_to_hz" if case.args["midi_zero_silence"] == false => {
            map(&|x| R::narrow(scale::midi_to_hz(x.widen())))
        }
        "core.db_to_amplitude" => map(&|x| R::narrow(scale::db_to_amplitude(x.widen()))),
        "spectral_ops.compute_loudness" => loudness::<R>(case),
        "synths.Harmonic" => harmonic::<R>(case),
        "synths.FilteredNoise" => filtered_noise::<R>(case),
        "effects.Reverb" => reverb::<R>(case),
        "decoders.RnnFcDecoder" => decoder::<R>(case),
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
    Some(vec![("out", wide(rows.flat_map(row).collect()))])
}

fn harmonic<R: Real>(case: &Case) -> Outputs {
    let args = &case.args;
    if args["scale_fn"] != "exp_sigmoid" || args["normalize_below_nyquist"] != true {
        return None;
    }
    let amp_resample_method = match args["amp_resample_method"].as_str()? {
        "linear" => ResampleMethod::Linear,
        "window" => ResampleMethod::Window,
        _ => return None,
    };
    let [n_batch, n_frames, n_harmonics] = *case.tensors.shape("in/harmonic_distribution") else {
        return None;
    };
    let n_samples = args["n_samples"].as_u64()? as usize;
    let sample_rate = args["sample_rate"].as_u64()? as u32;
    let hop_size = n_samples / n_frames;
    let config = HarmonicConfig { n_harmonics, amp_resample_method, phase_mode: PhaseMode::Exact };
    let row = |name: &str, b: usize, width: usize| {
        real::<R>(&case.tensors.get(name)[b * n_frames * width..][..n_frames * width])
    };
    let [mut amplitudes, mut distribution, mut signal]: [Vec<R>; 3] = Default::default();
    for b in 0..n_batch {
        let mut synth = Harmonic::<R>::new(&config, sample_rate, hop_size).unwrap();
        let f0_hz = row("in/f0_hz", b, 1);
        let raw_distribution = row("in/harmonic_distribution", b, n_harmonics);
        let mut controls = Vec::new();
        for (i, &amplitude) in row("in/amplitudes", b, 1).iter().enumerate() {
            let mut raw = vec![amplitude];
            raw.extend(&raw_distribution[i * n_harmonics..][..n_harmonics]);
            synth.controls(f0_hz[i], &mut raw);
            amplitudes.push(raw[0]);
            distribution.extend(&raw[1..]);
            controls.extend(raw);
        }
        let mut out = vec![R::default(); n_samples + hop_size];
        let (body, tail) = out.split_at_mut(n_samples);
        synth.process(&f0_hz, &controls, n_harmonics + 1, body);
        synth.finish(tail);
        signal.extend(&out[synth.latency_samples()..]);
    }
    Some(vec![
        ("control.amplitudes", wide(amplitudes)),
        ("control.harmonic_distribution", wide(distribution)),
        ("signal", wide(signal)),
    ])
}

fn filtered_noise<R: Real>(case: &Case) -> Outputs {
    let [n_batch, n_frames, n_noise_bands] = *case.tensors.shape("in/magnitudes") else {
        return None;
    };
    let n_samples = case.args["n_samples"].as_u64()? as usize;
    let hop_size = n_samples / n_frames;
    let config = FilteredNoiseConfig {
        n_noise_bands,
        initial_bias: case.args["initial_bias"].as_f64()?,
        window_size: case.args["window_size"].as_u64()? as usize,
    };
    let mut magnitudes = real::<R>(case.tensors.get("in/magnitudes"));
    let noise = real::<R>(case.tensors.get("in/noise"));
    let mut signal: Vec<R> = Vec::new();
    for b in 0..n_batch {
        let mut synth = FilteredNoise::<R>::new(&config, hop_size).unwrap();
        let n = n_frames * n_noise_bands;
        let controls = &mut magnitudes[b * n..][..n];
        controls.chunks_mut(n_noise_bands).for_each(|raw| synth.controls(raw));
        let delay = synth.latency_samples();
        let mut out = vec![R::default(); n_samples + delay];
        let (body, mut tail) = out.split_at_mut(n_samples);
        synth.process(controls, n_noise_bands, &noise[b * n_samples..][..n_samples], body);
        while !tail.is_empty() {
            let (now, later) = tail.split_at_mut(tail.len().min(hop_size));
            synth.finish(now);
            tail = later;
        }
        signal.extend(&out[delay..]);
    }
    Some(vec![("control.magnitudes", wide(magnitudes)), ("signal", wide(signal))])
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
    Some(vec![("signal", wide(signal))])
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
        let column = wide(column.copied().collect());
        first += n;
        let name = ["amps", "harmonic_distribution", "noise_magnitudes"]
            .into_iter()
            .find(|known| *known == name)?;
        Some((name, column))
    });
    outputs.collect()
}

#[test]
fn oracle() {
    let full = std::env::var_os("DDSP_ORACLE").map(PathBuf::from);
    let dir = full.clone().unwrap_or_else(golden_dir).join("core");
    let (mut n_run, mut missing, mut failures) = (0, 0, Vec::new());
    let mut worst: BTreeMap<String, Distances> = BTreeMap::new();
    for case in read_cases(&dir) {
        let (Some(ours), Some(precise)) = (run::<f32>(&case), run::<f64>(&case)) else {
            missing += 1;
            continue;
        };
        n_run += 1;
        let cap = KNOWN_DISTANCES.iter().find(|k| k.0 == case.function).map_or(GOLDEN, |k| k.2);
        for ((name, ours), (_, precise)) in ours.iter().zip(&precise) {
            let reference = case.tensors.get(&format!("out/{name}"));
            let d = Distances::new(ours, precise, reference);
            if !d.pass(cap) {
                failures.push(format!("{} {name}: {d:?}", case.name));
            }
            let key = format!("{} {name}", case.function);
            let entry = worst.entry(key).or_insert(d);
            if d.ours_to_reference > entry.ours_to_reference {
                *entry = d;
            }
        }
    }
    for (name, d) in &worst {
        println!(
            "{name:60} ours-f64 {:.1e}  reference-f64 {:.1e}  ours-reference {:.1e}",
            d.ours_to_f64, d.reference_to_f64, d.ours_to_reference
        );
    }
    println!("{n_run} cases run, {} failed, {missing} missing", failures.len());
    assert!(n_run > 0, "no case was run");
    assert!(full.is_some() || missing == 0, "every golden case runs");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
