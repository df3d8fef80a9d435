//! Cases of the reference through the elements: what each gives, by the name of the output.

use ddsp::burn::tensor::Tensor;
use ddsp::effect::{exp_decay_ir, filtered_noise_ir, reverb};
use ddsp::feature::{loudness_db, magnitudes};
use ddsp::filter::{
    DelayCompensation, Padding, fft_convolve, frequency_filter, frequency_impulse_response,
};
use ddsp::loss::{LossType, SpectralLossConfig, mean_difference, spectral_loss};
use ddsp::math::soft_limit;
use ddsp::resample::resample;
use ddsp::scale::{exp_sigmoid_with, sym_exp_sigmoid};
use ddsp::synth::{
    HarmonicControls, filtered_noise, filtered_noise_controls, harmonic, harmonic_controls,
    harmonic_synthesis,
};
use ddsp_cases::Case;
use ddsp_core::effect::FilteredNoiseReverbConfig;
use ddsp_core::feature::framing;
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::feature::spectrum::StftConfig;
use ddsp_core::resample::ResampleMethod;
use ddsp_core::scale::ScaleFn;
use ddsp_core::synth::{FilteredNoiseConfig, HarmonicConfig};
use serde_json::Value;

use crate::leaves::Leaves;

/// Outputs by name, flat; `None` where the function or these arguments are not built.
pub(crate) type Outputs = Option<Vec<(String, Tensor<1>)>>;

pub(crate) fn output<const D: usize>(name: &str, x: Tensor<D>) -> (String, Tensor<1>) {
    let n = x.dims().iter().product::<usize>();
    (name.to_owned(), x.reshape([n]))
}

fn one<const D: usize>(x: Tensor<D>) -> Outputs {
    Some(vec![output("out", x)])
}

fn signal(x: Tensor<2>) -> Outputs {
    Some(vec![output("signal", x)])
}

fn method(value: &Value) -> ResampleMethod {
    serde_json::from_value(value.clone()).unwrap()
}

fn scale_fn(value: &Value) -> Option<ScaleFn> {
    match value.as_str() {
        Some("exp_sigmoid") => Some(ScaleFn::ExpSigmoid),
        Some("None") | None => Some(ScaleFn::None),
        Some(_) => None,
    }
}

fn padding(value: &Value) -> Padding {
    if value == "valid" { Padding::Valid } else { Padding::Same }
}

pub(crate) fn run(case: &Case, leaves: &Leaves<'_>) -> Outputs {
    let args = &case.args;
    let number = |name: &str| args[name].as_f64().unwrap();
    let rate = || case.size("sample_rate") as u32;
    match case.function.as_str() {
        "core.soft_limit" => {
            one(soft_limit(leaves.input::<1>("x"), number("x_min"), number("x_max")))
        }
        "core.exp_sigmoid" => one(exp_sigmoid_with(
            leaves.input::<1>("x"),
            number("exponent"),
            number("max_value"),
            number("threshold"),
        )),
        "core.sym_exp_sigmoid" => one(sym_exp_sigmoid(leaves.input::<1>("x"), number("width"))),
        "core.resample" | "core.upsample_with_windows" => {
            let n = args["n_timesteps"].as_u64()? as usize;
            let method = args.get("method").map_or(ResampleMethod::Window, method);
            let endpoint = args["add_endpoint"] == true;
            let two_axes = case.tensors.shape("in/inputs").len() < 3;
            let inputs = leaves.input::<3>("inputs");
            let [a, b, _] = inputs.dims();
            // One channel without an axis of its own, or a lone channel of one clip.
            let inputs = match case.tensors.shape("in/inputs").len() {
                1 => inputs.reshape([1, a, 1]),
                _ if two_axes => inputs.reshape([a, b, 1]),
                _ => inputs,
            };
            one(resample(inputs, n, method, endpoint).unwrap())
        }
        "core.harmonic_synthesis" => {
            let f0_hz = leaves.input::<3>("frequencies");
            let shifts =
                leaves.has_input("harmonic_shifts").then(|| leaves.input("harmonic_shifts"));
            if !leaves.has_input("harmonic_distribution") {
                return None;
            }
            let controls = HarmonicControls {
                f0_hz,
                amplitudes: leaves.input("amplitudes"),
                harmonic_distribution: leaves.input("harmonic_distribution"),
            };
            let method = method(&args["amp_resample_method"]);
            one(harmonic_synthesis(controls, shifts, case.size("n_samples"), rate(), method)
                .unwrap())
        }
        "synths.Harmonic" => {
            let config = HarmonicConfig {
                amp_resample_method: method(&args["amp_resample_method"]),
                normalize_below_nyquist: args["normalize_below_nyquist"] != false,
                scale_fn: scale_fn(&args["scale_fn"])?,
                ..HarmonicConfig::new(1)
            };
            let controls = harmonic_controls(
                &config,
                leaves.input("amplitudes"),
                leaves.input("harmonic_distribution"),
                leaves.input("f0_hz"),
                rate(),
            );
            signal(harmonic(&config, controls, case.size("n_samples"), rate()).unwrap())
        }
        "synths.FilteredNoise" => {
            let config = FilteredNoiseConfig {
                n_noise_bands: 0,
                initial_bias: number("initial_bias"),
                window_size: case.size("window_size"),
            };
            let raw = leaves.input::<3>("magnitudes");
            let noise_magnitudes = match scale_fn(&args["scale_fn"])? {
                ScaleFn::ExpSigmoid => filtered_noise_controls(&config, raw),
                ScaleFn::None => raw,
            };
            signal(filtered_noise(&config, noise_magnitudes, leaves.input("noise")).unwrap())
        }
        "core.fft_convolve" => {
            let delay = match args["delay_compensation"].as_i64()? {
                n if n < 0 => DelayCompensation::LinearPhase,
                n => DelayCompensation::Samples(n as usize),
            };
            let flat = case.tensors.shape("in/impulse_response").len() == 2;
            let ir = leaves.input::<3>("impulse_response");
            let [a, b, _] = ir.dims();
            let ir = if flat { ir.reshape([a, 1, b]) } else { ir };
            let padding = padding(&args["padding"]);
            one(fft_convolve(leaves.input("audio"), ir, padding, delay).unwrap())
        }
        "core.frequency_impulse_response" => {
            let taps =
                frequency_impulse_response(leaves.input("magnitudes"), case.size("window_size"));
            one(taps.unwrap())
        }
        "core.frequency_filter" => {
            let flat = case.tensors.shape("in/magnitudes").len() == 2;
            let magnitudes = leaves.input::<3>("magnitudes");
            let [a, b, _] = magnitudes.dims();
            let magnitudes = if flat { magnitudes.reshape([a, 1, b]) } else { magnitudes };
            let size = case.size("window_size");
            let padding = padding(&args["padding"]);
            one(frequency_filter(leaves.input("audio"), magnitudes, size, padding).unwrap())
        }
        "effects.Reverb" => {
            let audio = leaves.input("audio");
            let dry = args["add_dry"] != false;
            let ir = if args["trainable"] == true {
                leaves.flat("w/00:ir:0", "ir_variable").unsqueeze()
            } else {
                leaves.input::<2>("ir")
            };
            signal(reverb(audio, ir, dry).unwrap())
        }
        "effects.ExpDecayReverb" => {
            let noise = leaves.constant("in/noise", [1, case.size("reverb_length")]);
            let ir = exp_decay_ir(noise, leaves.input("gain"), leaves.input("decay"));
            let signal = reverb(leaves.input("audio"), ir.clone(), true).unwrap();
            Some(vec![output("signal", signal)])
        }
        "effects.FilteredNoiseReverb" => {
            let config = FilteredNoiseReverbConfig {
                ir_size: case.size("reverb_length"),
                n_frames: 0,
                n_noise_bands: 0,
                initial_bias: number("initial_bias"),
                window_size: case.size("window_size"),
                add_dry: true,
            };
            let magnitudes = if args["trainable"] == true {
                let [n_frames, n_bands] = *case.tensors.shape("w/00:magnitudes:0") else {
                    return None;
                };
                leaves
                    .flat("w/00:magnitudes:0", "magnitudes_variable")
                    .reshape([1, n_frames, n_bands])
            } else {
                leaves.input::<3>("magnitudes")
            };
            let [n_noise, ir_size] = *case.tensors.shape("in/noise") else { return None };
            let noise = leaves.constant("in/noise", [n_noise, ir_size]);
            let ir = filtered_noise_ir(&config, magnitudes, noise).unwrap();
            signal(reverb(leaves.input("audio"), ir, true).unwrap())
        }
        "spectral_ops.compute_mag" => {
            let stft = StftConfig {
                size: case.size("size"),
                overlap: number("overlap"),
                pad_end: args["pad_end"] != false,
            };
            one(magnitudes(leaves.input("audio"), &stft))
        }
        "spectral_ops.compute_loudness" => {
            let config = LoudnessConfig::Magenta3 {
                n_fft: case.size("n_fft"),
                range_db: number("range_db"),
                ref_db: number("ref_db"),
            };
            let padding = match args["padding"].as_str()? {
                "center" => framing::Padding::Center,
                "same" => framing::Padding::Same,
                _ => framing::Padding::Valid,
            };
            let hop_size = case.size("sample_rate") / case.size("frame_rate");
            let audio = leaves.input("audio");
            one(loudness_db(audio, rate(), hop_size, padding, &config).unwrap())
        }
        "losses.mean_difference" => {
            let loss_type: LossType = serde_json::from_value(args["loss_type"].clone()).unwrap();
            let (target, value) = (leaves.input::<3>("target"), leaves.input("value"));
            one(mean_difference(target, value, loss_type))
        }
        "losses.SpectralLoss" => {
            let config: SpectralLossConfig = serde_json::from_value(args.clone()).unwrap();
            let target = leaves.input("target_audio");
            one(spectral_loss(&config, target, leaves.input("audio")).unwrap())
        }
        _ => None,
    }
}
