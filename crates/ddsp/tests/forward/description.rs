//! The three checkpoints in the terms of the model file.

use std::path::Path;

use ddsp_core::effect::{FilteredNoiseReverbConfig, ReverbConfig};
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::model::{
    DecoderConfig, EncoderConfig, F0Description, FORMAT_VERSION, ModelConfig, ProcessorConfig,
    Provenance, Weights,
};
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{MfccEncoderConfig, RnnFcDecoderConfig};
use ddsp_core::resample::ResampleMethod;
use ddsp_core::synth::{FilteredNoiseConfig, HarmonicConfig, PhaseMode};
use ddsp_io::import::Bundle;

/// What a checkpoint's gin file says.
pub(crate) fn described(name: &str) -> ModelConfig {
    use InputKey::{F0Scaled, LoudnessScaled, Z};
    let (hop_size, input_keys, channels, gru_units, layers_per_stack, n_harmonics) = match name {
        "vst" => (320, vec![LoudnessScaled, F0Scaled], 256, 512, 1, 60),
        "ae-small" => (64, vec![LoudnessScaled, F0Scaled, Z], 128, 128, 3, 100),
        _ => (64, vec![LoudnessScaled, F0Scaled], 512, 512, 3, 60),
    };
    let is_vst = name == "vst";
    let method = if is_vst { ResampleMethod::Linear } else { ResampleMethod::Window };
    let harmonic = HarmonicConfig {
        phase_mode: PhaseMode::MagentaF32,
        amp_resample_method: method,
        ..HarmonicConfig::new(n_harmonics)
    };
    let noise = FilteredNoiseConfig { n_noise_bands: 65, initial_bias: -5.0, window_size: 0 };
    let mut processors =
        vec![ProcessorConfig::Harmonic(harmonic), ProcessorConfig::FilteredNoise(noise)];
    match name {
        "vst" => processors.push(ProcessorConfig::FilteredNoiseReverb(FilteredNoiseReverbConfig {
            ir_size: 24_000,
            n_frames: 500,
            n_noise_bands: 32,
            initial_bias: -3.0,
            window_size: 257,
            add_dry: true,
        })),
        "ae-small" => {}
        _ => processors
            .push(ProcessorConfig::Reverb(ReverbConfig { ir_size: 48_000, add_dry: true })),
    }
    let encoder = MfccEncoderConfig { gru_units: 64, z_dims: 16, z_time_steps: 125 };
    let has_z = input_keys.contains(&Z);
    let power = LoudnessConfig::Power { frame_size: 1024, range_db: 80.0, ref_db: 0.0 };
    ModelConfig {
        format_version: FORMAT_VERSION,
        name: name.replace('-', "_"),
        description: String::new(),
        licence: "not stated".into(),
        sample_rate: 16_000,
        hop_size,
        input_peak: None,
        f0: F0Description { tracker: "crepe_tiny".into(), detail: String::new() },
        loudness: if is_vst { power } else { LoudnessConfig::magenta_3() },
        encoder: has_z.then_some(EncoderConfig::MfccRnn(encoder)),
        decoder: DecoderConfig::RnnFc(RnnFcDecoderConfig {
            input_keys,
            channels,
            gru_units,
            layers_per_stack,
            n_outputs: 1 + n_harmonics + 65,
            z_dims: if has_z { 16 } else { 0 },
        }),
        processors,
        dataset_statistics: None,
        provenance: Provenance { dataset: String::new(), training: String::new() },
    }
}

/// The tensor of a checkpoint that holds a weight.
fn key(weight: &str, stacks: &[&str]) -> String {
    let parts: Vec<&str> = weight.split('/').collect();
    let place = match parts[..] {
        [stack, i, part, name] => {
            let place = match stacks.iter().position(|s| *s == stack) {
                Some(place) => format!("decoder/input_stacks/{place}"),
                None => "decoder/out_stack".to_owned(),
            };
            let layer = usize::from(part == "layer_norm");
            format!("{place}/layer_with_weights-{i}/layer_with_weights-{layer}/{name}")
        }
        ["gru", name] => format!("decoder/rnn/rnn/cell/{name}"),
        ["dense_out", name] => format!("decoder/dense_out/{name}"),
        ["z_encoder", "normalize", name] => format!("encoder/z_norm/{name}"),
        ["z_encoder", "gru", name] => format!("encoder/rnn/rnn/cell/{name}"),
        ["z_encoder", "dense_out", name] => format!("encoder/dense_out/{name}"),
        ["reverb", name] => format!("processor_group/reverb/{name}"),
        _ => panic!("where is {weight}?"),
    };
    format!("model/{place}/.ATTRIBUTES/VARIABLE_VALUE")
}

/// The weights of a checkpoint, by the model file's names.
pub(crate) fn read_weights(folder: &Path, config: &ModelConfig) -> Weights {
    let mut entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let index = entries.find(|path| path.extension().is_some_and(|e| e == "index")).unwrap();
    let bundle = Bundle::open(&index).unwrap();
    let DecoderConfig::RnnFc(decoder) = &config.decoder;
    let stacks: Vec<&str> = decoder.input_keys.iter().map(|key| key.stack_name()).collect();
    let mut weights = Weights::default();
    for (name, shape) in config.weight_shapes() {
        let values = bundle.read_f32(&key(&name, &stacks)).unwrap();
        weights.insert(name, shape, values);
    }
    weights
}
