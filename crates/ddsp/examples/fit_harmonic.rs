//! Fits the controls of a harmonic bank to a sound by gradient descent.
//!
//!     cargo run --release -p ddsp --example fit_harmonic

#![allow(clippy::print_stdout, reason = "an example prints")]

mod picture;

use std::path::Path;

use ddsp::burn::tensor::{Device, Tensor, TensorData};
use ddsp::loss::{SpectralLossConfig, spectral_loss};
use ddsp::nn::Parameters;
use ddsp::optim::Adam;
use ddsp::synth::{HarmonicControls, harmonic, harmonic_controls};
use ddsp_core::synth::HarmonicConfig;
use plotters::style::RGBColor;

use crate::picture::{Outcome, lines, picture, spectrogram};

const RATE: u32 = 16_000;
const N_FRAMES: usize = 125;
const N_HARMONICS: usize = 20;
const N_SAMPLES: usize = 16_000;
const N_STEPS: usize = 600;

fn tensor<const D: usize>(values: Vec<f64>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape).convert::<f32>(), device)
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_to_vec().expect("tensors here are f32")
}

fn main() -> Outcome<()> {
    let device = Device::flex().autodiff();
    let config = HarmonicConfig::new(N_HARMONICS);
    let time = |i: usize| i as f64 / N_FRAMES as f64;

    // A plucked sound that glides up a fifth, its upper harmonics dying first.
    let f0: Vec<f64> = (0..N_FRAMES).map(|i| 220.0 * 1.5_f64.powf(time(i))).collect();
    let f0_hz: Tensor<3> = tensor(f0, [1, N_FRAMES, 1], &device);
    let loudness = (0..N_FRAMES).map(|i| 0.8 * (-3.0 * time(i)).exp()).collect();
    let share = |i: usize, k: usize| (-(0.15 + 0.5 * time(i)) * k as f64).exp();
    let shares: Vec<f64> = (0..N_FRAMES)
        .flat_map(|i| {
            let row: Vec<f64> = (0..N_HARMONICS).map(|k| share(i, k)).collect();
            let sum: f64 = row.iter().sum();
            row.into_iter().map(move |x| x / sum)
        })
        .collect();
    let target = HarmonicControls {
        f0_hz: f0_hz.clone(),
        amplitudes: tensor(loudness, [1, N_FRAMES, 1], &device),
        harmonic_distribution: tensor(shares, [1, N_FRAMES, N_HARMONICS], &device),
    };
    let target_audio = harmonic(&config, target.clone(), N_SAMPLES, RATE)?;

    // What is learned: raw outputs, frame by frame, all of them alike at first.
    let mut parameters = Parameters::default();
    for (name, n) in [("amplitudes", 1), ("harmonic_distribution", N_HARMONICS)] {
        let zeros: Tensor<1> = Tensor::zeros([N_FRAMES * n], &device);
        parameters.insert(name, vec![1, N_FRAMES, n], zeros.require_grad());
    }
    let controls = |parameters: &Parameters| {
        let (a, d) = (parameters.get("amplitudes"), parameters.get("harmonic_distribution"));
        harmonic_controls(&config, a, d, f0_hz.clone(), RATE)
    };
    let play = |parameters: &Parameters| harmonic(&config, controls(parameters), N_SAMPLES, RATE);

    let loss_config = SpectralLossConfig { logmag_weight: 1.0, ..SpectralLossConfig::default() };
    let before = host(play(&parameters)?);
    let mut adam = Adam::new(0.1);
    let mut losses = Vec::new();
    for step in 0..N_STEPS {
        // Smaller steps towards the end.
        adam.learning_rate = 0.1 * 0.1_f64.powf(step as f64 / N_STEPS as f64);
        let loss = spectral_loss(&loss_config, target_audio.clone(), play(&parameters)?)?;
        losses.push(f64::from(host(loss.clone())[0]));
        parameters = adam.step(&parameters, &parameters.gradients(&loss.backward()));
        if step % 100 == 0 {
            println!("step {step}: spectral loss {:.3}", losses[step]);
        }
    }
    println!("step {N_STEPS}: spectral loss {:.3}", losses[N_STEPS - 1]);

    let mean = |controls: &HarmonicControls| -> Vec<f64> {
        let shares = controls.amplitudes.clone() * controls.harmonic_distribution.clone();
        host(shares.mean_dim(1))
            .into_iter()
            .map(|x| 20.0 * f64::from(x).max(1e-6).log10())
            .collect()
    };
    let (wanted, found) = (mean(&target), mean(&controls(&parameters)));
    let after = host(play(&parameters)?);
    picture(Path::new("fit_harmonic.png"), 5, |panels| {
        spectrogram(&panels[0], "the sound", &host(target_audio.clone()), RATE)?;
        spectrogram(&panels[1], "before", &before, RATE)?;
        spectrogram(&panels[2], "after", &after, RATE)?;
        let (blue, orange) = (RGBColor(0, 114, 178), RGBColor(213, 94, 0));
        lines(
            &panels[3],
            "mean amplitude of each harmonic in dB",
            ("harmonic, from 0", 1.0),
            &[("wanted", blue, &wanted), ("found", orange, &found)],
        )?;
        lines(&panels[4], "spectral loss", ("step", 1.0), &[("loss", blue, &losses)])
    })
}
