//! Checkpoints of Magenta's library through the autoencoder, where the material is at hand: loss, sound and gradients of one example
//! each.
//!
//! The gradient of a logarithm of magnitudes is one over each magnitude, and between the partials those lie below what f32 resolves of
//! the loudest: there gradients are rounding, in both libraries. How far rounding moves them is found in f64: at the sounds that each of
//! the two had, and at sounds that differ by the error bound of a transform in f32.
//!
//! Phases are summed as there, in f32; everything else is computed in f32 and in f64. d is the reference's own distance from the
//! latter.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail loudly and print tallies")]

mod description;

use std::path::Path;

use burn::tensor::{DType, Device, Tensor, TensorData};
use ddsp::burn;
use ddsp::loss::{SpectralLossConfig, spectral_loss};
use ddsp::nn::Parameters;
use ddsp::{Autoencoder, Features, Noise};
use ddsp_cases::{Tensors, distance, shared_dir};
use ddsp_core::model::ModelConfig;
use ddsp_core::noise::uniform;

use crate::description::{described, read_weights};

/// The error bound of a transform in f32 of nine stages.
const ROUNDING: f64 = 9.0 / 16_777_216.0;
/// Sounds that are tried with it.
const N_SEEDS: u64 = 4;

/// Against the stored sound, in Magenta's own way of summing phase.
const SOUND_LIMIT: f64 = 1e-3;

struct Example {
    forward: Tensors,
    device: Device,
    dtype: DType,
}

impl Example {
    fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        let shape = self.forward.shape(name);
        let mut whole = [1; D];
        whole[..shape.len()].copy_from_slice(shape);
        let data = TensorData::new(self.forward.get(name).to_vec(), whole);
        Tensor::from_data(data, (&self.device, self.dtype))
    }

    fn features(&self, config: &ModelConfig) -> Features {
        let scaled = ["out/ld_scaled", "out/pw_scaled"].into_iter().find(|n| self.forward.has(n));
        let scaled: Tensor<3> = self.tensor(scaled.unwrap());
        Features {
            f0_hz: self.tensor("in/f0_hz"),
            loudness_db: (scaled - 1.0) * -config.loudness.floor_db(),
            audio: Some(self.tensor("in/audio")),
        }
    }

    fn noise(&self) -> Noise {
        let reverb = self.forward.has("noise/1").then(|| self.tensor("noise/1"));
        Noise { signal: self.tensor("noise/0"), reverb }
    }
}

/// What one pass gives.
struct Passed {
    sound: Vec<f64>,
    loss: f64,
    /// In the order of the description's weights.
    gradient_norms: Vec<f64>,
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data().convert::<f64>().try_to_vec().unwrap()
}

fn loss_config() -> SpectralLossConfig {
    SpectralLossConfig { logmag_weight: 1.0, ..SpectralLossConfig::default() }
}

/// One pass, its loss taken at the sound `heard` in place of its own.
fn pass(
    model: &Autoencoder,
    example: &Example,
    parameters: &Parameters,
    heard: Option<&[f64]>,
) -> Passed {
    let features = example.features(model.config());
    let rendered = model.forward(&features, &example.noise(), parameters).unwrap();
    let audio: Tensor<2> = example.tensor("in/audio");
    let n_samples = audio.dims()[1];
    let sound = rendered.signal.narrow(1, 0, n_samples);
    let heard = match heard {
        None => sound.clone(),
        Some(heard) => {
            let moved = heard.iter().zip(values(sound.clone())).map(|(a, b)| a - b).collect();
            let moved = TensorData::new::<f64, _>(moved, [1, n_samples]);
            sound.clone() + Tensor::from_data(moved, (&example.device, example.dtype))
        }
    };
    let loss = spectral_loss(&loss_config(), audio, heard).unwrap();
    let gradients = parameters.gradients(&loss.backward());
    let norm = |(name, _): &(String, Vec<usize>)| {
        let gradient = gradients.get(name).map(|g| values(g.clone())).unwrap_or_default();
        gradient.iter().map(|x| x * x).sum::<f64>().sqrt()
    };
    Passed {
        sound: values(sound),
        loss: values(loss)[0],
        gradient_norms: model.config().weight_shapes().iter().map(norm).collect(),
    }
}

fn check(folder: &Path, name: &str, failures: &mut Vec<String>) {
    let path = folder.join(format!("{name}-forward.safetensors"));
    let device = Device::flex().autodiff();
    let example = |dtype| Example { forward: Tensors::read(&path), device: device.clone(), dtype };
    let (single, double) = (example(DType::F32), example(DType::F64));
    let model = Autoencoder::new(described(name)).unwrap();
    let weights = read_weights(&folder.join(name), model.config());

    // The loss of the stored sound.
    let loss = |example: &Example| {
        let (audio, sound) = (example.tensor("in/audio"), example.tensor("out/audio_synth"));
        values(spectral_loss(&loss_config(), audio, sound).unwrap())[0]
    };
    let reference = single.forward.get("loss/spectral_loss")[0];
    let (ours, precise) = (loss(&single), loss(&double));
    let d = (reference / precise - 1.0).abs();
    let off = (ours / reference - 1.0).abs();
    let limit = f64::max(1e-5, 2.0 * d);
    println!(
        "{name}: loss of the stored sound {ours:.6}, reference {reference:.6}: {off:.1e} apart, d {d:.1e}"
    );
    if off > limit {
        failures.push(format!("{name}: loss {off:.1e} apart, limit {limit:.1e}"));
    }

    // End to end.
    let ours = pass(&model, &single, &Parameters::new(&weights, &device, DType::F32), None);
    let parameters = Parameters::new(&weights, &device, DType::F64);
    let precise = pass(&model, &double, &parameters, None);
    let sound = single.forward.get("out/audio_synth");
    let peak = precise.sound.iter().fold(0.0, |a, b| f64::max(a, b.abs()));
    let rounded = |seed: u64| -> Vec<f64> {
        let moved =
            |(i, x): (usize, &f64)| x + ROUNDING * peak * f64::from(uniform(seed, i as u64));
        precise.sound.iter().enumerate().map(moved).collect()
    };
    let sounds = [ours.sound.clone(), sound.to_vec()].into_iter().chain((0..N_SEEDS).map(rounded));
    let moved: Vec<Vec<f64>> = sounds
        .map(|heard| pass(&model, &double, &parameters, Some(&heard)).gradient_norms)
        .collect();
    let (off, d) = (distance(&ours.sound, sound), distance(sound, &precise.sound));
    let near = distance(&ours.sound, &precise.sound);
    println!(
        "{name}: sound {off:.1e} apart, ours {near:.1e} from f64, d {d:.1e}; loss {:.6}",
        ours.loss
    );
    if off > SOUND_LIMIT.max(2.0 * d) || near > SOUND_LIMIT {
        failures
            .push(format!("{name}: sound {off:.1e} apart, ours {near:.1e} from f64, d {d:.1e}"));
    }

    // The norm of the gradient by each weight, of which the whole is the norm of norms.
    let whole = |norms: &[f64]| norms.iter().map(|x| x * x).sum::<f64>().sqrt();
    let reference = single.forward.get("grad/norms");
    assert_eq!(reference.len(), ours.gradient_norms.len(), "{name}: as many weights");
    let names = model.config().weight_shapes().into_iter().map(|(name, _)| name);
    let stored = single.forward.get("grad/global_norm")[0];
    let with_whole = |norms: &[f64]| [norms, &[whole(norms)]].concat();
    let (ours, precise) = (with_whole(&ours.gradient_norms), with_whole(&precise.gradient_norms));
    let reference = [reference, &[stored]].concat();
    let moved: Vec<Vec<f64>> = moved.iter().map(|norms| with_whole(norms)).collect();
    for (i, weight) in names.chain(["all".to_owned()]).enumerate() {
        let apart = |a: f64, b: f64| (a / b - 1.0).abs();
        let d = apart(reference[i], precise[i]);
        let off = apart(ours[i], reference[i]);
        let moved = moved.iter().map(|norms| apart(norms[i], precise[i])).fold(0.0, f64::max);
        println!(
            "{name}: |grad {weight}| ours {:.4e}, f64 {:.4e}, reference {:.4e}: {off:.1e} apart, d {d:.1e}, rounding {moved:.1e}",
            ours[i], precise[i], reference[i]
        );
        if off > 2.0 * d + 1e-4 + moved {
            failures
                .push(format!("{name}: |grad {weight}| {off:.1e} apart, d {d:.1e}, {moved:.1e}"));
        }
    }
}

#[test]
fn checkpoints_pass_forward_and_backward_as_in_the_library() {
    let Some(folder) = shared_dir().map(|dir| dir.join("oracle/ckpt")).filter(|f| f.is_dir())
    else {
        println!("skipped: there is no shared material");
        return;
    };
    let mut failures = Vec::new();
    for name in ["solo-voiced", "vst", "ae-small"] {
        check(&folder, name, &mut failures);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
