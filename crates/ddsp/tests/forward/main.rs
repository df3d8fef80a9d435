//! Checkpoints of Magenta's library through the autoencoder, where the material is at hand: loss, sound and gradients of one example
//! each.

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

use crate::description::{described, read_weights};

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

fn pass(model: &Autoencoder, example: &Example, parameters: &Parameters) -> Passed {
    let features = example.features(model.config());
    let rendered = model.forward(&features, &example.noise(), parameters).unwrap();
    let audio: Tensor<2> = example.tensor("in/audio");
    let n_samples = audio.dims()[1];
    let sound = rendered.signal.narrow(1, 0, n_samples);
    let loss = spectral_loss(&loss_config(), audio, sound.clone()).unwrap();
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
    let ours = pass(&model, &single, &Parameters::new(&weights, &device, DType::F32));
    let precise = pass(&model, &double, &Parameters::new(&weights, &device, DType::F64));
    let sound = single.forward.get("out/audio_synth");
    let (off, exact) = (distance(&ours.sound, sound), distance(&precise.sound, sound));
    println!(
        "{name}: sound {off:.1e} from the stored one, with exact phase {exact:.1e}; loss {:.6}",
        ours.loss
    );
    if off > SOUND_LIMIT {
        failures.push(format!("{name}: sound {off:.1e} apart, limit {SOUND_LIMIT:.1e}"));
    }

    // The norm of the gradient by each weight, of which the whole is the norm of norms.
    let whole = |norms: &[f64]| norms.iter().map(|x| x * x).sum::<f64>().sqrt();
    let reference = single.forward.get("grad/norms");
    assert_eq!(reference.len(), ours.gradient_norms.len(), "{name}: as many weights");
    let mut rows: Vec<(String, [f64; 3])> = model
        .config()
        .weight_shapes()
        .into_iter()
        .enumerate()
        .map(|(i, (weight, _))| {
            (weight, [ours.gradient_norms[i], precise.gradient_norms[i], reference[i]])
        })
        .collect();
    let stored = single.forward.get("grad/global_norm")[0];
    rows.push((
        "all".into(),
        [whole(&ours.gradient_norms), whole(&precise.gradient_norms), stored],
    ));
    for (weight, [ours, precise, reference]) in rows {
        let d = (reference / precise - 1.0).abs();
        let off = (ours / reference - 1.0).abs();
        println!(
            "{name}: |grad {weight}| ours {ours:.5e}, f64 {precise:.5e}, reference {reference:.5e}: {off:.1e} apart, d {d:.1e}"
        );
        if off > 2.0 * d + 1e-4 {
            failures.push(format!("{name}: |grad {weight}| {off:.1e} apart, d {d:.1e}"));
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
