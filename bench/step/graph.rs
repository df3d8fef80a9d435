//! The step as a model is trained: autoencoder, loss, gradients, Adam.

use ddsp::burn::tensor::{DType, Device, Distribution, Tensor};
use ddsp::loss::{SpectralLossConfig, spectral_loss};
use ddsp::nn::{Parameters, initial_weights};
use ddsp::optim::Adam;
use ddsp::{Autoencoder, Features, Noise};
use ddsp_core::effect::ReverbConfig;
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::model::{
    DecoderConfig, F0Description, FORMAT_VERSION, ModelConfig, ProcessorConfig, Provenance,
};
use ddsp_core::nn::RnnFcDecoderConfig;
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::synth::{FilteredNoiseConfig, HarmonicConfig};

use crate::{
    CHANNELS, HOP, IR_SIZE, N_BANDS, N_BATCH, N_FRAMES, N_HARMONICS, N_OUTPUTS, N_SAMPLES, RATE,
    UNITS,
};

fn config() -> ModelConfig {
    let noise = FilteredNoiseConfig { n_noise_bands: N_BANDS, initial_bias: -5.0, window_size: 0 };
    ModelConfig {
        format_version: FORMAT_VERSION,
        name: "solo".into(),
        description: String::new(),
        licence: "not stated".into(),
        sample_rate: RATE,
        hop_size: HOP,
        input_peak: None,
        f0: F0Description { tracker: "autocorrelation".into(), detail: String::new() },
        loudness: LoudnessConfig::magenta_3(),
        encoder: None,
        decoder: DecoderConfig::RnnFc(RnnFcDecoderConfig {
            input_keys: vec![InputKey::LoudnessScaled, InputKey::F0Scaled],
            channels: CHANNELS,
            gru_units: UNITS,
            layers_per_stack: 3,
            n_outputs: N_OUTPUTS,
            z_dims: 0,
        }),
        processors: vec![
            ProcessorConfig::Harmonic(HarmonicConfig::new(N_HARMONICS)),
            ProcessorConfig::FilteredNoise(noise),
            ProcessorConfig::Reverb(ReverbConfig { ir_size: IR_SIZE, add_dry: true }),
        ],
        dataset_statistics: None,
        provenance: Provenance { dataset: String::new(), training: String::new() },
    }
}

pub(crate) struct Step {
    model: Autoencoder,
    parameters: Parameters,
    features: Features,
    noise: Noise,
    target: Tensor<2>,
    loss: SpectralLossConfig,
    adam: Adam,
}

impl Step {
    pub(crate) fn new() -> Self {
        let device = Device::flex().autodiff();
        let model = Autoencoder::new(config()).expect("it is in range");
        let weights = initial_weights(model.config(), 1);
        let between = |low, high| Distribution::Uniform(low, high);
        let frames =
            |low, high| Tensor::<3>::random([N_BATCH, N_FRAMES, 1], between(low, high), &device);
        let audio = || Tensor::<2>::random([N_BATCH, N_SAMPLES], between(-1.0, 1.0), &device);
        Self {
            model,
            parameters: Parameters::new(&weights, &device, DType::F32),
            features: Features {
                f0_hz: frames(100.0, 400.0),
                loudness_db: frames(-60.0, 0.0),
                audio: None,
            },
            noise: Noise { signal: audio(), reverb: None },
            target: audio(),
            loss: SpectralLossConfig { logmag_weight: 1.0, ..SpectralLossConfig::default() },
            adam: Adam::new(3e-4),
        }
    }

    pub(crate) fn run(&mut self) {
        let Self { model, parameters, features, noise, target, loss, adam } = self;
        let sound = model.forward(features, noise, parameters).expect("it fits").signal;
        let loss = spectral_loss(loss, target.clone(), sound).expect("it fits");
        let gradients = parameters.gradients(&loss.backward());
        *parameters = adam.step(parameters, &gradients);
        let _ = parameters.get::<1>("dense_out/bias").into_data();
    }
}
