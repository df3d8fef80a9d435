//! An autoencoder of one's own, out of the library's parts, on 20 s of an alto saxophone; 4 s more are held out.
//!
//!     cargo run --release -p ddsp --example custom_autoencoder [RECORDING]

#![allow(clippy::print_stdout, reason = "an example prints")]

mod picture;

use std::path::{Path, PathBuf};
use std::time::Instant;

use ddsp::burn::tensor::{DType, Device, Tensor, TensorData};
use ddsp::loss::{SpectralLossConfig, spectral_loss};
use ddsp::nn::{Parameters, dense, fc_stack, gru};
use ddsp::optim::Adam;
use ddsp::scale::hz_to_midi;
use ddsp::synth::{filtered_noise, filtered_noise_controls, harmonic, harmonic_controls};
use ddsp_core::Error;
use ddsp_core::feature::f0::{F0Config, track};
use ddsp_core::feature::loudness::{LoudnessConfig, loudness_db};
use ddsp_core::model::Weights;
use ddsp_core::noise::uniform;
use ddsp_core::synth::{FilteredNoiseConfig, HarmonicConfig};
use ddsp_io::audio::{ReadOptions, read_mono};
use plotters::style::RGBColor;

use crate::picture::{Outcome, lines, picture, spectrogram};

const RATE: u32 = 16_000;
const HOP: usize = 64;
const CHANNELS: usize = 96;
const GRU_UNITS: usize = 48;
const N_HARMONICS: usize = 50;
const N_NOISE_BANDS: usize = 33;
const N_OUTPUTS: usize = 1 + N_HARMONICS + N_NOISE_BANDS;
/// A second a window, so many windows a step.
const WINDOW: usize = 250;
const N_BATCH: usize = 8;
const N_STEPS: usize = 250;

/// What is heard of a recording, frame by frame.
struct Heard {
    audio: Vec<f32>,
    f0_hz: Vec<f32>,
    loudness_db: Vec<f32>,
}

/// Windows as tensors.
struct Batch {
    audio: Tensor<2>,
    f0_hz: Tensor<3>,
    loudness_db: Tensor<3>,
    noise: Tensor<2>,
}

fn batch(heard: &Heard, starts: &[usize], n_frames: usize, seed: u64, device: &Device) -> Batch {
    let frames = |x: &[f32]| -> Tensor<3> {
        let values: Vec<f32> = starts.iter().flat_map(|&i| x[i..i + n_frames].to_vec()).collect();
        Tensor::from_data(TensorData::new(values, [starts.len(), n_frames, 1]), device)
    };
    let n = n_frames * HOP;
    let samples = |x: Vec<f32>| -> Tensor<2> {
        Tensor::from_data(TensorData::new(x, [starts.len(), n]), device)
    };
    let audio = starts.iter().flat_map(|&i| heard.audio[i * HOP..i * HOP + n].to_vec());
    let noise = (0..(starts.len() * n) as u64).map(|i| uniform(seed, i));
    Batch {
        audio: samples(audio.collect()),
        f0_hz: frames(&heard.f0_hz),
        loudness_db: frames(&heard.loudness_db),
        noise: samples(noise.collect()),
    }
}

/// The network: one dense layer over both features, a GRU, a dense stack over both, raw outputs.
fn play(batch: &Batch, parameters: &Parameters) -> Result<Tensor<2>, Error> {
    let pitch = hz_to_midi(batch.f0_hz.clone()) / 127.0;
    let loudness = batch.loudness_db.clone() / 80.0 + 1.0;
    let x = fc_stack(Tensor::cat(vec![pitch, loudness], 2), parameters, "in", 1);
    let states = gru(x.clone(), None, parameters, "gru");
    let x = fc_stack(Tensor::cat(vec![x, states], 2), parameters, "out", 1);
    let raw = dense(x, parameters.get("raw/kernel"), parameters.get("raw/bias"));

    let bank = HarmonicConfig::new(N_HARMONICS);
    let (amplitude, shares) = (raw.clone().narrow(2, 0, 1), raw.clone().narrow(2, 1, N_HARMONICS));
    let controls = harmonic_controls(&bank, amplitude, shares, batch.f0_hz.clone(), RATE);
    let n_samples = batch.noise.dims()[1];
    let tone = harmonic(&bank, controls, n_samples, RATE)?;
    let noise =
        FilteredNoiseConfig { n_noise_bands: N_NOISE_BANDS, initial_bias: -5.0, window_size: 0 };
    let magnitudes = filtered_noise_controls(&noise, raw.narrow(2, 1 + N_HARMONICS, N_NOISE_BANDS));
    Ok(tone + filtered_noise(&noise, magnitudes, batch.noise.clone())?)
}

/// Kernels uniform by their width, scales one, all else zero; the raw outputs start near a spectrum that falls.
fn initial() -> Weights {
    let mut weights = Weights::default();
    let fc = |name: &str, n_in: usize, weights: &mut Weights| {
        add(weights, &format!("{name}/0/dense/kernel"), vec![n_in, CHANNELS]);
        for part in ["dense/bias", "layer_norm/gamma", "layer_norm/beta"] {
            add(weights, &format!("{name}/0/{part}"), vec![CHANNELS]);
        }
    };
    fc("in", 2, &mut weights);
    fc("out", CHANNELS + GRU_UNITS, &mut weights);
    add(&mut weights, "gru/kernel", vec![CHANNELS, 3 * GRU_UNITS]);
    add(&mut weights, "gru/recurrent_kernel", vec![GRU_UNITS, 3 * GRU_UNITS]);
    add(&mut weights, "gru/bias", vec![2, 3 * GRU_UNITS]);
    add(&mut weights, "raw/kernel", vec![CHANNELS, N_OUTPUTS]);
    let falling = (1..=N_HARMONICS).map(|k| -1.5 * (k as f32).ln());
    let bias = std::iter::once(-1.0).chain(falling).chain([-2.0; N_NOISE_BANDS]);
    weights.insert("raw/bias", vec![N_OUTPUTS], bias.collect());
    weights
}

fn add(weights: &mut Weights, name: &str, shape: Vec<usize>) {
    let n: usize = shape.iter().product();
    let limit = (6.0 / (shape[0] + shape.get(1).unwrap_or(&0)) as f32).sqrt();
    let seed = name.bytes().fold(7, |seed: u64, b| seed.wrapping_mul(31).wrapping_add(b.into()));
    let value = |i: u64| match name.rsplit('/').next() {
        Some("kernel" | "recurrent_kernel") => limit * uniform(seed, i),
        Some("gamma") => 1.0,
        _ => 0.0,
    };
    weights.insert(name, shape, (0..n as u64).map(value).collect());
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_to_vec().expect("tensors here are f32")
}

fn main() -> Outcome<()> {
    let device = Device::flex().autodiff();
    let path = std::env::args().nth(1).map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/alto_sax.flac")),
        PathBuf::from,
    );
    let options = ReadOptions { sample_rate: Some(RATE), ..ReadOptions::default() };
    let mut audio = read_mono(&path, &options)?.samples;
    audio.truncate(audio.len() / HOP * HOP);
    let n_frames = audio.len() / HOP;
    let loudness = LoudnessConfig::magenta_3();
    let heard = Heard {
        f0_hz: track(&audio, RATE, HOP, n_frames, &F0Config::default())?.f0_hz,
        loudness_db: loudness_db(&audio, RATE, HOP, n_frames, loudness.padding(), &loudness),
        audio,
    };
    let held_out = n_frames.checked_sub(4 * WINDOW).ok_or("the recording has less than 4 s")?;
    if held_out < 2 * WINDOW {
        return Err(format!("{} has less than 6 s", path.display()).into());
    }
    let test = batch(&heard, &[held_out], 4 * WINDOW, 1, &device);

    let mut parameters = Parameters::new(&initial(), &device, DType::F32);
    let config = SpectralLossConfig { logmag_weight: 1.0, ..SpectralLossConfig::default() };
    let mut adam = Adam::new(3e-3);
    let (mut losses, mut tested) = (Vec::new(), Vec::new());
    let start = Instant::now();
    for step in 0..N_STEPS {
        adam.learning_rate =
            3e-3 * (0.5 + 0.5 * (std::f64::consts::PI * step as f64 / N_STEPS as f64).cos());
        let place = |i: usize| {
            let at = 0.5 + 0.5 * uniform(3, (step * N_BATCH + i) as u64);
            (at * (held_out - WINDOW) as f32) as usize
        };
        let starts: Vec<usize> = (0..N_BATCH).map(place).collect();
        let window = batch(&heard, &starts, WINDOW, step as u64 + 10, &device);
        let loss = spectral_loss(&config, window.audio.clone(), play(&window, &parameters)?)?;
        losses.push(f64::from(host(loss.clone())[0]));
        if step % 50 == 0 || step + 1 == N_STEPS {
            let loss = spectral_loss(&config, test.audio.clone(), play(&test, &parameters)?)?;
            tested.push(f64::from(host(loss)[0]));
            println!(
                "step {step}: spectral loss {:.2}, held out {:.2}, after {:.0} s",
                losses[step],
                tested[tested.len() - 1],
                start.elapsed().as_secs_f64()
            );
        }
        parameters = adam.step(&parameters, &parameters.gradients(&loss.backward()));
    }

    let sound = host(play(&test, &parameters)?);
    picture(Path::new("custom_autoencoder.png"), 4, |panels| {
        let (blue, orange) = (RGBColor(0, 114, 178), RGBColor(213, 94, 0));
        spectrogram(
            &panels[0],
            "four seconds that it never heard",
            &host(test.audio.clone()),
            RATE,
        )?;
        spectrogram(&panels[1], "played from their pitch and loudness", &sound, RATE)?;
        lines(&panels[2], "spectral loss in training", ("step", 1.0), &[("loss", blue, &losses)])?;
        lines(&panels[3], "held out", ("50 steps", 1.0), &[("loss", orange, &tested)])
    })
}
