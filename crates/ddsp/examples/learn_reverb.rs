//! Learns the impulse response of a room from a dry recording and the same one in the room.
//!
//!     cargo run --release -p ddsp --example learn_reverb [RECORDING]

#![allow(clippy::print_stdout, reason = "an example prints")]

mod picture;

use std::path::{Path, PathBuf};

use ddsp::burn::tensor::{Device, Tensor, TensorData};
use ddsp::effect::reverb;
use ddsp::nn::Parameters;
use ddsp::optim::Adam;
use ddsp_core::effect::{exp_decay_ir, reverb_noise};
use ddsp_io::audio::{ReadOptions, read_mono};
use plotters::style::RGBColor;

use crate::picture::{Outcome, lines, picture, spectrogram};

const RATE: u32 = 16_000;
const IR_SIZE: usize = 4000;
const N_STEPS: usize = 400;

fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_to_vec().expect("tensors here are f32")
}

fn main() -> Outcome<()> {
    let device = Device::flex().autodiff();
    let path = std::env::args().nth(1).map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/sung_melody.flac")),
        PathBuf::from,
    );
    let options = ReadOptions { sample_rate: Some(RATE), ..ReadOptions::default() };
    let dry = read_mono(&path, &options)?.samples;
    let n = dry.len().min(8 * RATE as usize);
    let dry: Tensor<2> = Tensor::from_data(TensorData::new(dry[..n].to_vec(), [1, n]), &device);

    // The room, which nobody knows.
    let room: Vec<f32> = exp_decay_ir(&reverb_noise(IR_SIZE), -1.0, 1.5);
    let tensor = TensorData::new(room.clone(), [1, IR_SIZE]);
    let wet = reverb(dry.clone(), Tensor::from_data(tensor, &device), true)?;

    let mut parameters = Parameters::default();
    let silence: Tensor<1> = Tensor::zeros([IR_SIZE], &device);
    parameters.insert("ir", vec![1, IR_SIZE], silence.require_grad());
    let power = f64::from(host(wet.clone().square().mean())[0]);
    let mut adam = Adam::new(3e-3);
    adam.clip_norm = None;
    let mut errors_db = Vec::new();
    for step in 0..N_STEPS {
        // Smaller steps towards the end.
        adam.learning_rate = 3e-3 * 0.01_f64.powf(step as f64 / N_STEPS as f64);
        let heard = reverb(dry.clone(), parameters.get("ir"), true)?;
        let loss = (heard - wet.clone()).square().mean();
        errors_db.push(10.0 * (f64::from(host(loss.clone())[0]) / power).log10());
        parameters = adam.step(&parameters, &parameters.gradients(&loss.backward()));
        if step % 50 == 0 || step + 1 == N_STEPS {
            println!("step {step}: what is missing {:.1} dB", errors_db[step]);
        }
    }

    let learned = host(parameters.get::<2>("ir"));
    let shown = |x: &[f32]| -> Vec<f64> { x[1..800].iter().map(|&x| f64::from(x)).collect() };
    let heard = host(reverb(dry, parameters.get("ir"), true)?);
    picture(Path::new("learn_reverb.png"), 4, |panels| {
        let (blue, orange) = (RGBColor(0, 114, 178), RGBColor(213, 94, 0));
        spectrogram(&panels[0], "in the room", &host(wet.clone()), RATE)?;
        spectrogram(&panels[1], "through the learned response", &heard, RATE)?;
        lines(
            &panels[2],
            "impulse response, first 50 ms",
            ("ms", 1000.0 / f64::from(RATE)),
            &[("the room", blue, &shown(&room)), ("learned", orange, &shown(&learned))],
        )?;
        lines(
            &panels[3],
            "what is missing, dB below the sound",
            ("step", 1.0),
            &[("error", blue, &errors_db)],
        )
    })
}
