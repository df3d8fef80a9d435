//! Every CPU form beside the generic form of the same op, forward and backward, interleaved in one run.
//!
//!     cargo bench -p ddsp --bench ops

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::time::Instant;

use ddsp::burn::tensor::{Device, Distribution, Tensor};
use ddsp::cpu::generic_only;
use ddsp::effect::reverb;
use ddsp::loss::{SpectralLossConfig, spectral_loss};
use ddsp::nn::{Parameters, fc_stack, gru};
use ddsp::synth::{HarmonicControls, filtered_noise, harmonic};
use ddsp_core::synth::{FilteredNoiseConfig, HarmonicConfig};

const N_BATCH: usize = 16;
const N_FRAMES: usize = 1000;
const N_SAMPLES: usize = 64_000;
const RATE: u32 = 16_000;
const N_ROUNDS: usize = 3;

fn random<const D: usize>(shape: [usize; D], low: f64, high: f64) -> Tensor<D> {
    Tensor::random(shape, Distribution::Uniform(low, high), &Device::flex().autodiff())
}

/// Weights by name, with gradients.
fn parameters(shapes: &[(&str, &[usize])]) -> Parameters {
    let mut parameters = Parameters::default();
    for (name, shape) in shapes {
        let n = shape.iter().product();
        let scale = 1.0 / (shape[0] as f64).sqrt();
        parameters.insert(*name, shape.to_vec(), random([n], -scale, scale).require_grad());
    }
    parameters
}

/// Seconds of forward, and of forward and backward.
fn seconds(f: &dyn Fn() -> Tensor<1>) -> [f64; 2] {
    let start = Instant::now();
    let out = f();
    let _ = out.clone().into_data();
    let forward = start.elapsed().as_secs_f64();
    let _ = out.backward();
    [forward, start.elapsed().as_secs_f64()]
}

fn median(mut x: Vec<f64>) -> f64 {
    x.sort_by(f64::total_cmp);
    x[x.len() / 2]
}

fn compare(name: &str, f: &dyn Fn() -> Tensor<1>) {
    let mut all = [const { [const { Vec::new() }; 2] }; 2];
    for _ in 0..N_ROUNDS {
        let generic = generic_only(|| seconds(f));
        let cpu = seconds(f);
        for i in 0..2 {
            all[0][i].push(generic[i]);
            all[1][i].push(cpu[i]);
        }
    }
    let [generic, cpu] = all.map(|times| times.map(median));
    println!(
        "{name:44} generic {:8.1} {:8.1} ms   CPU form {:8.1} {:8.1} ms   {:6.1}x {:6.1}x",
        generic[0] * 1e3,
        generic[1] * 1e3,
        cpu[0] * 1e3,
        cpu[1] * 1e3,
        generic[0] / cpu[0],
        generic[1] / cpu[1]
    );
}

fn main() {
    println!("medians of {N_ROUNDS} interleaved rounds: forward, then forward and backward\n");

    let weights = parameters(&[
        ("gru/kernel", &[1024, 1536]),
        ("gru/recurrent_kernel", &[512, 1536]),
        ("gru/bias", &[2, 1536]),
    ]);
    let x = random([N_BATCH, N_FRAMES, 1024], -1.0, 1.0).require_grad();
    compare("GRU, 16 x 1000 steps, 1024 in, 512 units", &|| {
        gru(x.clone(), None, &weights, "gru").sum()
    });

    let mut shapes = Vec::new();
    let names: Vec<String> = (0..3).map(|i| format!("s/{i}")).collect();
    let parts: Vec<[String; 4]> = names
        .iter()
        .map(|n| {
            ["dense/kernel", "dense/bias", "layer_norm/gamma", "layer_norm/beta"]
                .map(|p| format!("{n}/{p}"))
        })
        .collect();
    for part in &parts {
        shapes.push((part[0].as_str(), &[512, 512][..]));
        shapes.extend(part[1..].iter().map(|name| (name.as_str(), &[512][..])));
    }
    let weights = parameters(&shapes);
    let x = random([N_BATCH, N_FRAMES, 512], -1.0, 1.0).require_grad();
    compare("dense stack, 16,000 frames, 3 x 512", &|| fc_stack(x.clone(), &weights, "s", 3).sum());

    let config = HarmonicConfig::new(60);
    let controls = HarmonicControls {
        f0_hz: random([N_BATCH, N_FRAMES, 1], 100.0, 400.0).require_grad(),
        amplitudes: random([N_BATCH, N_FRAMES, 1], 0.0, 1.0).require_grad(),
        harmonic_distribution: random([N_BATCH, N_FRAMES, 60], 0.0, 1.0).require_grad(),
    };
    let weight = random([N_BATCH, N_SAMPLES], -1.0, 1.0);
    compare("harmonic bank, 60 x 64,000 x 16", &|| {
        let signal = harmonic(&config, controls.clone(), N_SAMPLES, RATE).expect("it fits");
        (signal * weight.clone()).sum()
    });

    let config = FilteredNoiseConfig { n_noise_bands: 65, initial_bias: -5.0, window_size: 0 };
    let magnitudes = random([N_BATCH, N_FRAMES, 65], 0.0, 1.0).require_grad();
    compare("filtered noise, 65 bands x 64,000 x 16", &|| {
        let signal = filtered_noise(&config, magnitudes.clone(), weight.clone()).expect("it fits");
        (signal * weight.clone()).sum()
    });

    let ir = random([1, 48_000], -0.01, 0.01).require_grad();
    let audio = random([N_BATCH, N_SAMPLES], -1.0, 1.0).require_grad();
    compare("reverb of 48,000, 64,000 x 16", &|| {
        (reverb(audio.clone(), ir.clone(), true).expect("it fits") * weight.clone()).sum()
    });

    let config = SpectralLossConfig { logmag_weight: 1.0, ..SpectralLossConfig::default() };
    let target = random([N_BATCH, N_SAMPLES], -1.0, 1.0);
    compare("spectral loss, 6 sizes, 64,000 x 16", &|| {
        spectral_loss(&config, target.clone(), audio.clone()).expect("it fits")
    });
}
