//! Group `synths`.

use ddsp_cases::Case;
use ddsp_core::filter::{Padding, frequency_filter};
use ddsp_core::real::Real;
use ddsp_core::resample::ResampleMethod;
use ddsp_core::scale::{ScaleFn, exp_sigmoid};
use ddsp_core::synth::harmonic_synthesis::{HarmonicControls, harmonic_synthesis};
use ddsp_core::synth::{
    FilteredNoise, FilteredNoiseConfig, FrequencyScaleFn, Harmonic, HarmonicConfig, PhaseMode,
    Sinusoidal, SinusoidalConfig,
};

use ddsp_core::wavetable::wavetable_synthesis;

use super::resample::method;
use super::sinusoids::phase_mode;
use super::{Outputs, output, real};

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    match case.function.as_str() {
        "synths.TensorToAudio" => {
            Some(vec![output("signal", real::<R>(case.tensors.get("in/samples")))])
        }
        "synths.Harmonic" => harmonic::<R>(case),
        "synths.Sinusoidal" => sinusoidal::<R>(case),
        "synths.Wavetable" => wavetable::<R>(case),
        "synths.FilteredNoise" => filtered_noise::<R>(case),
        _ => None,
    }
}

fn harmonic<R: Real>(case: &Case) -> Outputs {
    let args = &case.args;
    let [n_batch, n_frames, n_harmonics] = *case.tensors.shape("in/harmonic_distribution") else {
        return None;
    };
    let (n_samples, sample_rate) = (case.size("n_samples"), case.size("sample_rate") as u32);
    let config = HarmonicConfig {
        n_harmonics,
        amp_resample_method: method(case, "amp_resample_method")?,
        phase_mode: phase_mode(case),
        normalize_below_nyquist: args["normalize_below_nyquist"].as_bool()?,
        scale_fn: scale_fn(&args["scale_fn"])?,
    };
    // What does not stream still has controls; its signal comes from the whole-clip function.
    let cubic = config.amp_resample_method == ResampleMethod::Cubic;
    let streams = !cubic && n_samples.is_multiple_of(n_frames);
    let how = if streams { config.amp_resample_method } else { ResampleMethod::Linear };
    let row = |name: &str, b: usize, width: usize| {
        real::<R>(&case.tensors.get(name)[b * n_frames * width..][..n_frames * width])
    };
    let [mut amplitudes, mut distribution, mut signal]: [Vec<R>; 3] = Default::default();
    for b in 0..n_batch {
        let hop_size = n_samples / n_frames;
        let config = HarmonicConfig { amp_resample_method: how, ..config.clone() };
        let mut synth = Harmonic::<R>::new(&config, sample_rate, hop_size).unwrap();
        let f0_hz = row("in/f0_hz", b, 1);
        let raw_distribution = row("in/harmonic_distribution", b, n_harmonics);
        let mut controls = Vec::new();
        let (mut levels, mut shares) = (Vec::new(), Vec::new());
        for (i, &amplitude) in row("in/amplitudes", b, 1).iter().enumerate() {
            let mut raw = vec![amplitude];
            raw.extend(&raw_distribution[i * n_harmonics..][..n_harmonics]);
            synth.controls(f0_hz[i], &mut raw);
            levels.push(raw[0]);
            shares.extend(&raw[1..]);
            controls.extend(raw);
        }
        if streams {
            let mut out = vec![R::default(); n_samples + hop_size];
            let (body, tail) = out.split_at_mut(n_samples);
            synth.process(&f0_hz, &controls, n_harmonics + 1, body);
            synth.finish(tail);
            signal.extend(&out[synth.latency_samples()..]);
        } else {
            let controls = HarmonicControls {
                f0_hz: &f0_hz,
                amplitudes: &levels,
                harmonic_shifts: None,
                harmonic_distribution: Some(&shares),
            };
            let (how, mode) = (method(case, "amp_resample_method")?, config.phase_mode);
            let whole = harmonic_synthesis(&controls, n_samples, sample_rate, how, mode).unwrap();
            signal.extend(whole);
        }
        amplitudes.extend(levels);
        distribution.extend(shares);
    }
    Some(vec![
        output("control.amplitudes", amplitudes),
        output("control.harmonic_distribution", distribution),
        output("signal", signal),
    ])
}

/// The squashing function that an argument names.
fn scale_fn(argument: &serde_json::Value) -> Option<ScaleFn> {
    match argument.as_str() {
        Some("exp_sigmoid") => Some(ScaleFn::ExpSigmoid),
        Some("None") | None => Some(ScaleFn::None),
        Some(_) => None,
    }
}

fn filtered_noise<R: Real>(case: &Case) -> Outputs {
    let [n_batch, n_frames, n_noise_bands] = *case.tensors.shape("in/magnitudes") else {
        return None;
    };
    if case.args["scale_fn"] != "exp_sigmoid" {
        return None;
    }
    let n_samples = case.args["n_samples"].as_u64()? as usize;
    let hop_size = n_samples.div_ceil(n_frames);
    let config = FilteredNoiseConfig {
        n_noise_bands,
        initial_bias: case.args["initial_bias"].as_f64()?,
        window_size: case.args["window_size"].as_u64()? as usize,
    };
    let mut magnitudes = real::<R>(case.tensors.get("in/magnitudes"));
    let noise = real::<R>(case.tensors.get("in/noise"));
    let mut signal: Vec<R> = Vec::new();
    let controls = magnitudes.chunks_mut(n_frames * n_noise_bands);
    for (controls, noise) in controls.zip(noise.chunks(n_samples)).take(n_batch) {
        let mut synth = FilteredNoise::<R>::new(&config, hop_size).unwrap();
        controls.chunks_mut(n_noise_bands).for_each(|raw| synth.controls(raw));
        if !n_samples.is_multiple_of(n_frames) {
            // The stream has whole frames only; the clip's last one is shorter.
            let (bands, window) = (n_noise_bands, config.window_size);
            let clip = frequency_filter(noise, controls, bands, window, Padding::Same).unwrap();
            signal.extend(clip);
            continue;
        }
        let delay = synth.latency_samples();
        let mut out = vec![R::default(); n_samples + delay];
        let (body, mut tail) = out.split_at_mut(n_samples);
        synth.process(controls, n_noise_bands, noise, body);
        while !tail.is_empty() {
            let (now, later) = tail.split_at_mut(tail.len().min(hop_size));
            synth.finish(now);
            tail = later;
        }
        signal.extend(&out[delay..]);
    }
    Some(vec![output("control.magnitudes", magnitudes), output("signal", signal)])
}

fn sinusoidal<R: Real>(case: &Case) -> Outputs {
    let [n_batch, n_frames, n_sinusoids] = *case.tensors.shape("in/amplitudes") else {
        return None;
    };
    let (n_samples, sample_rate) = (case.size("n_samples"), case.size("sample_rate") as u32);
    let config = SinusoidalConfig {
        n_sinusoids,
        amp_resample_method: method(case, "amp_resample_method")?,
        phase_mode: PhaseMode::MagentaF32,
        amp_scale_fn: scale_fn(&case.args["amp_scale_fn"])?,
        freq_scale_fn: match case.args["freq_scale_fn"].as_str() {
            Some("frequencies_sigmoid") => FrequencyScaleFn::FrequenciesSigmoid,
            None => FrequencyScaleFn::None,
            Some(_) => return None,
        },
    };
    let hop_size = n_samples / n_frames;
    let mut amplitudes = real::<R>(case.tensors.get("in/amplitudes"));
    let mut frequencies = real::<R>(case.tensors.get("in/frequencies"));
    let mut signal: Vec<R> = Vec::new();
    let n = n_frames * n_sinusoids;
    for b in 0..n_batch {
        let mut synth = Sinusoidal::<R>::new(&config, sample_rate, hop_size).unwrap();
        let (amplitudes, frequencies) =
            (&mut amplitudes[b * n..][..n], &mut frequencies[b * n..][..n]);
        synth.controls(amplitudes, frequencies);
        let mut out = vec![R::default(); n_samples + hop_size];
        let (body, tail) = out.split_at_mut(n_samples);
        synth.process(amplitudes, frequencies, body);
        synth.finish(tail);
        signal.extend(&out[synth.latency_samples()..]);
    }
    Some(vec![
        output("control.amplitudes", amplitudes),
        output("control.frequencies", frequencies),
        output("signal", signal),
    ])
}

/// The controls of `synths.Wavetable`, then [`wavetable_synthesis`].
fn wavetable<R: Real>(case: &Case) -> Outputs {
    let n_batch = case.tensors.shape("in/f0_hz")[0];
    let n_wavetable = *case.tensors.shape("in/wavetables").last()?;
    let (n_samples, sample_rate) = (case.size("n_samples"), case.size("sample_rate") as u32);
    let mut amplitudes = real::<R>(case.tensors.get("in/amplitudes"));
    let mut wavetables = real::<R>(case.tensors.get("in/wavetables"));
    match scale_fn(&case.args["scale_fn"])? {
        ScaleFn::ExpSigmoid => {
            for values in [&mut amplitudes, &mut wavetables] {
                values.iter_mut().for_each(|x| *x = exp_sigmoid(*x));
            }
        }
        ScaleFn::None => {}
    }
    let f0_hz = real::<R>(case.tensors.get("in/f0_hz"));
    let rows = (0..n_batch).flat_map(|b| {
        let row = |values: &[R]| -> Vec<R> {
            let n = values.len() / n_batch;
            values[b * n..][..n].to_vec()
        };
        let [f0_hz, amplitudes, tables] = [&f0_hz, &amplitudes, &wavetables].map(|x| row(x));
        let mode = PhaseMode::MagentaF32;
        wavetable_synthesis(&f0_hz, &amplitudes, &tables, n_wavetable, n_samples, sample_rate, mode)
            .unwrap()
    });
    let signal = rows.collect();
    Some(vec![
        output("control.amplitudes", amplitudes),
        output("control.wavetables", wavetables),
        output("signal", signal),
    ])
}
