//! Every instruction set gives the same bits for any number of rows, and `DDSP_SIMD` chooses it.

use std::process::Command;

use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{RnnFcDecoder, RnnFcDecoderConfig};
use ddsp_core::noise::fill_uniform;
use ddsp_core::simd::{Isa, SIMD_VARIABLE};

const N_FRAMES: usize = 150;

/// Widths that fill panels, and widths that do not.
fn configs() -> [RnnFcDecoderConfig; 2] {
    [(64, 128, 126), (40, 24, 7)].map(|(channels, gru_units, n_outputs)| RnnFcDecoderConfig {
        input_keys: vec![InputKey::LoudnessScaled, InputKey::F0Scaled],
        channels,
        gru_units,
        layers_per_stack: 2,
        n_outputs,
        z_dims: 0,
    })
}

/// Decodes the same frames, `n_rows` of them at a time.
fn decode(config: &RnnFcDecoderConfig, isa: Isa, n_rows: usize) -> Vec<f32> {
    let weights = &mut config.random_weights(3);
    let mut decoder = RnnFcDecoder::<f32>::new(config, weights).unwrap().with_isa(isa);
    let mut inputs = vec![0.0; 2 * N_FRAMES];
    fill_uniform(4, 0, &mut inputs);
    let mut raw = vec![f32::NAN; N_FRAMES * config.n_outputs];
    for (inputs, raw) in inputs.chunks(2 * n_rows).zip(raw.chunks_mut(n_rows * config.n_outputs)) {
        decoder.process(inputs, raw);
    }
    raw
}

#[test]
fn one_to_sixteen_rows_and_more_give_the_same_bits_on_each_path() {
    for config in configs() {
        let expected = decode(&config, Isa::all()[0], N_FRAMES);
        assert!(expected.iter().all(|x| x.is_finite()));
        for isa in Isa::all() {
            for n_rows in (1..=16).chain([63, 64, 65, N_FRAMES]) {
                assert_eq!(decode(&config, isa, n_rows), expected, "{} {n_rows}", isa.name());
            }
        }
    }
}

/// What a child of the next test does: says which instruction set it runs on, and the sum of what
/// the decoder gives. On its own it tests that the choice is one that this machine has.
#[test]
fn the_chosen_path() {
    let isa = Isa::detect();
    assert!(Isa::all().iter().any(|known| known.name() == isa.name()));
    let raw = decode(&configs()[0], isa, 5);
    println!(
        "path {} bits {:x}",
        isa.name(),
        raw.iter().fold(0_u64, |sum, x| { sum.rotate_left(5) ^ u64::from(x.to_bits()) })
    );
}

#[test]
fn the_environment_variable_forces_the_path_and_leaves_the_bits() {
    let run = |value: Option<&str>| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["instruction_sets::the_chosen_path", "--exact", "--nocapture"]);
        match value {
            Some(value) => child.env(SIMD_VARIABLE, value),
            None => child.env_remove(SIMD_VARIABLE),
        };
        let output = child.output().unwrap();
        assert!(output.status.success(), "{value:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let (_, found) = text.split_once("path ").expect("the child says its path");
        let (path, rest) = found.split_once(" bits ").unwrap();
        (path.to_owned(), rest.split_whitespace().next().unwrap().to_owned())
    };
    let (best, bits) = run(None);
    for isa in Isa::all() {
        assert_eq!(run(Some(isa.name())), (isa.name().to_owned(), bits.clone()));
    }
    for unknown in ["", "sse9", "AVX2"] {
        assert_eq!(
            run(Some(unknown)),
            (best.clone(), bits.clone()),
            "{unknown:?} is as good as none"
        );
    }
}
