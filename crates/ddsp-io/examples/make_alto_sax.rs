//! Makes the default instrument's file from the weights that training left.
//!
//! `cargo run -p ddsp-io --example make_alto_sax -- WEIGHTS.safetensors OUT.ddsp` with the
//! `model.safetensors` of `../shared/models/alto_sax`, or the copy in `golden/alto_sax`.

use std::error::Error;
use std::path::Path;

use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::model::{
    DecoderConfig, F0Description, FORMAT_VERSION, Model, ModelConfig, Precision, ProcessorConfig,
    Provenance, Weights,
};
use ddsp_core::nn::RnnFcDecoderConfig;
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::resample::ResampleMethod;
use ddsp_core::synth::{FilteredNoiseConfig, HarmonicConfig};
use ddsp_io::atomic::write_bytes;
use safetensors::SafeTensors;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, weights, out] = &args[..] else {
        return Err("expected two arguments: WEIGHTS.safetensors OUT.ddsp".into());
    };
    let model = Model::new(config(), read(Path::new(weights))?, Precision::F16)?;
    write_bytes(Path::new(out), &model.to_bytes())?;
    Ok(())
}

/// Training stored f32 tensors under the names that the model file has.
fn read(path: &Path) -> Result<Weights, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let mut weights = Weights::default();
    for (name, view) in SafeTensors::deserialize(&bytes)?.iter() {
        let value = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let values = view.data().chunks_exact(4).map(value).collect();
        weights.insert(name, view.shape().to_vec(), values);
    }
    Ok(weights)
}

/// What `config.json` and the README beside the weights say.
fn config() -> ModelConfig {
    ModelConfig {
        format_version: FORMAT_VERSION,
        name: "alto_sax".into(),
        description: "dry alto saxophone, best between C#3 and G#5".into(),
        licence: "CC0-1.0".into(),
        sample_rate: 16_000,
        hop_size: 64,
        input_peak: Some(0.9),
        f0: F0Description {
            tracker: "autocorrelation".into(),
            detail: "Boersma 1993 as in Praat, 250 frames/s, interpolated through gaps".into(),
        },
        loudness: LoudnessConfig::magenta_3(),
        encoder: None,
        decoder: DecoderConfig::RnnFc(RnnFcDecoderConfig {
            input_keys: vec![InputKey::F0Scaled, InputKey::LoudnessScaled],
            channels: 256,
            gru_units: 128,
            layers_per_stack: 2,
            n_outputs: 126,
            z_dims: 0,
        }),
        processors: vec![
            ProcessorConfig::Harmonic(HarmonicConfig {
                amp_resample_method: ResampleMethod::Linear,
                ..HarmonicConfig::new(60)
            }),
            ProcessorConfig::FilteredNoise(FilteredNoiseConfig {
                n_noise_bands: 65,
                initial_bias: -5.0,
                window_size: 0,
            }),
        ],
        dataset_statistics: None,
        provenance: Provenance {
            dataset: "Karoryfer Weresax, 846 s of sampled alto saxophone (CC0 1.0)".into(),
            training: "12 minutes on two CPU cores, 845 steps of multi-scale spectral loss; \
                       held-out spectral loss 5.149, loudness L1 0.858 dB"
                .into(),
        },
    }
}
