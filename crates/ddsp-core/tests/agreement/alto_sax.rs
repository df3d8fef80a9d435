//! An instrument that another library trained, against that library's numbers.

use ddsp_cases::{CROSS_FORM, Tensors, distance, golden_dir, shared_dir};
use ddsp_core::model::Weights;
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{RnnFcDecoder, RnnFcDecoderConfig};
use ddsp_core::resample::ResampleMethod;
use ddsp_core::scale::hz_to_midi;
use ddsp_core::synth::{FilteredNoise, FilteredNoiseConfig, Harmonic, HarmonicConfig};

/// `raw`, `amplitudes`, `harmonic_distribution`, `noise_magnitudes` of both examples.
fn forward(reference: &Tensors, weights: &mut Weights) -> [Vec<f64>; 4] {
    let config = RnnFcDecoderConfig {
        input_keys: vec![InputKey::F0Scaled, InputKey::LoudnessScaled],
        channels: 256,
        gru_units: 128,
        layers_per_stack: 2,
        n_outputs: 126,
        z_dims: 0,
    };
    let mut decoder = RnnFcDecoder::<f32>::new(&config, weights).unwrap();
    let harmonic =
        HarmonicConfig { amp_resample_method: ResampleMethod::Linear, ..HarmonicConfig::new(60) };
    let harmonic = Harmonic::<f32>::new(&harmonic, 16_000, 64).unwrap();
    let noise = FilteredNoiseConfig { n_noise_bands: 65, initial_bias: -5.0, window_size: 0 };
    let noise = FilteredNoise::<f32>::new(&noise, 64).unwrap();

    let n_frames = reference.shape("f0_hz")[1];
    let (f0_hz, loudness_db) = (reference.get("f0_hz"), reference.get("loudness_db"));
    let scaled = |i: usize| [hz_to_midi(f0_hz[i]) / 127.0, loudness_db[i] / 80.0 + 1.0];
    let inputs: Vec<f32> = (0..f0_hz.len()).flat_map(scaled).map(|x| x as f32).collect();
    let mut raw = vec![0.0; f0_hz.len() * 126];
    for (inputs, raw) in inputs.chunks(2 * n_frames).zip(raw.chunks_mut(126 * n_frames)) {
        decoder.reset();
        decoder.process(inputs, raw);
    }
    let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    let mut out = [wide(&raw), vec![], vec![], vec![]];
    for (raw, &f0_hz) in raw.chunks_mut(126).zip(f0_hz) {
        harmonic.controls(f0_hz as f32, raw);
        noise.controls(&mut raw[61..]);
        out[1].push(f64::from(raw[0]));
        out[2].extend(wide(&raw[1..61]));
        out[3].extend(wide(&raw[61..]));
    }
    out
}

fn weights(to_stored: impl Fn(f32) -> f32) -> Weights {
    let mut weights = Weights::default();
    let file = Tensors::read(&golden_dir().join("alto_sax/model.safetensors"));
    for (name, shape, values) in file.under("") {
        let values = values.iter().map(|&x| to_stored(x as f32)).collect();
        weights.insert(name, shape.to_vec(), values);
    }
    weights
}

#[test]
fn alto_sax_raw_and_controls_are_the_trained_ones() {
    let full = shared_dir().map(|dir| dir.join("models/alto_sax/reference.safetensors"));
    let path = full.filter(|path| path.is_file());
    let path = path.unwrap_or_else(|| golden_dir().join("alto_sax/reference.safetensors"));
    let reference = Tensors::read(&path);
    let f32_weights = forward(&reference, &mut weights(|x| x));
    let f16_weights = forward(&reference, &mut weights(|x| half::f16::from_f32(x).to_f32()));
    println!("{} frames", reference.shape("f0_hz").iter().product::<usize>());
    let names = ["raw", "amplitudes", "harmonic_distribution", "noise_magnitudes"];
    for ((name, ours), ours_f16) in names.into_iter().zip(f32_weights).zip(f16_weights) {
        let d = distance(&ours, reference.get(name));
        let d_f16 = distance(&ours_f16, reference.get(name));
        println!("{name:22} with f32 weights {d:.1e}, with f16 weights {d_f16:.1e}");
        assert!(d <= CROSS_FORM, "{name}: {d:e}");
        // Half precision keeps 11 bits; two dozen layers and steps may not multiply that by ten.
        assert!(d_f16 <= 5e-3, "{name} with f16 weights: {d_f16:e}");
    }
}
