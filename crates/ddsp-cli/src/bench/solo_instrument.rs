//! An instrument of the sizes of Magenta's `solo_instrument.gin`, with random weights.

use std::hint::black_box;

use ddsp_core::effect::ReverbConfig;
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::model::{
    DecoderConfig, F0Description, FORMAT_VERSION, Model, ModelConfig, Precision, ProcessorConfig,
    Provenance, Weights,
};
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{RnnFcDecoder, RnnFcDecoderConfig};
use ddsp_core::noise::fill_uniform;
use ddsp_core::synth::{FilteredNoiseConfig, HarmonicConfig};

use super::fastest;

const SAMPLE_RATE: u32 = 16_000;
const HOP_SIZE: usize = 64;
const FRAME_RATE: f64 = SAMPLE_RATE as f64 / HOP_SIZE as f64;
const IR_SIZE: usize = 3 * SAMPLE_RATE as usize;
const SEED: u64 = 1;

fn decoder_config() -> RnnFcDecoderConfig {
    RnnFcDecoderConfig {
        input_keys: vec![InputKey::LoudnessScaled, InputKey::F0Scaled],
        channels: 512,
        gru_units: 512,
        layers_per_stack: 3,
        n_outputs: 1 + 60 + 65,
        z_dims: 0,
    }
}

/// The whole instrument: the decoder, 60 harmonics, 65 noise bands and 3 s of reverberation.
pub(super) fn model() -> Result<Model, ddsp_core::Error> {
    let mut weights = decoder_config().random_weights(SEED);
    let mut ir = vec![0.0; IR_SIZE];
    fill_uniform(SEED, 0, &mut ir);
    ir.iter_mut().for_each(|x| *x *= 1e-3);
    weights.insert("reverb/ir", vec![IR_SIZE], ir);
    let config = ModelConfig {
        format_version: FORMAT_VERSION,
        name: "solo_instrument".to_owned(),
        description: "random weights".to_owned(),
        licence: "CC0-1.0".to_owned(),
        sample_rate: SAMPLE_RATE,
        hop_size: HOP_SIZE,
        input_peak: None,
        f0: F0Description { tracker: "autocorrelation".to_owned(), detail: String::new() },
        loudness: LoudnessConfig::magenta_3(),
        encoder: None,
        decoder: DecoderConfig::RnnFc(decoder_config()),
        processors: vec![
            ProcessorConfig::Harmonic(HarmonicConfig::new(60)),
            ProcessorConfig::FilteredNoise(FilteredNoiseConfig {
                n_noise_bands: 65,
                initial_bias: -5.0,
                window_size: 0,
            }),
            ProcessorConfig::Reverb(ReverbConfig { ir_size: IR_SIZE, add_dry: true }),
        ],
        dataset_statistics: None,
        provenance: Provenance { dataset: String::new(), training: String::new() },
    };
    Model::new(config, weights, Precision::F32)
}

/// The decoder by the number of frames that go in together, beside the machine's peak in GFLOP/s.
pub(super) fn decoder(peak: f64) -> Result<(), ddsp_core::Error> {
    let config = decoder_config();
    let full = config.random_weights(SEED);
    let mut half = Weights::default();
    for (name, shape, values) in full.iter() {
        half.insert(name, shape.to_vec(), values.iter().map(|&x| to_f16(x)).collect());
    }
    println!(
        "solo_instrument's decoder, {:.2} MFLOP a frame, against the best sgemm above",
        1e-6 * config.flop_per_frame() as f64
    );
    for (label, weights) in [("f32 weights", full), ("f16 weights", half)] {
        let mut decoder = RnnFcDecoder::<f32>::new(&config, &mut weights.clone())?;
        for n_frames in [1, 4, 16, 64, 250] {
            let mut inputs = vec![0.0; n_frames * decoder.n_inputs()];
            fill_uniform(SEED, 0, &mut inputs);
            let mut raw = vec![0.0; n_frames * decoder.n_outputs()];
            let seconds = fastest(|| decoder.process(&inputs, &mut raw));
            black_box(&raw);
            let gflop_s = 1e-9 * (config.flop_per_frame() * n_frames) as f64 / seconds;
            println!(
                "  {label}, {n_frames:3} frames at once {gflop_s:7.1} GFLOP/s {:5.0} % {:6.0} x",
                100.0 * gflop_s / peak,
                n_frames as f64 / FRAME_RATE / seconds
            );
        }
    }
    Ok(())
}

/// The nearest number that an f16 model file holds, for those between 2^-14 and 65504.
fn to_f16(x: f32) -> f32 {
    const DROPPED_BITS: u32 = 13;
    let half_a_step = (1 << (DROPPED_BITS - 1)) - 1 + ((x.to_bits() >> DROPPED_BITS) & 1);
    let nearest = f32::from_bits((x.to_bits() + half_a_step) >> DROPPED_BITS << DROPPED_BITS);
    if x.abs() < 6.2e-5 { 0.0 } else { nearest }
}
