//! The description of the instrument that is trained.

use ddsp_core::effect::{FilteredNoiseReverbConfig, ReverbConfig};
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::model::{
    DecoderConfig, EncoderConfig, F0Description, FORMAT_VERSION, ModelConfig, ProcessorConfig,
    Provenance,
};
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{MfccEncoderConfig, RnnFcDecoderConfig};
use ddsp_core::resample::ResampleMethod;
use ddsp_core::synth::{FilteredNoiseConfig, HarmonicConfig};
use ddsp_io::dataset::DatasetInfo;

use crate::train::{Error, ModelSizes, ReverbKind};

/// Frames and bands of a room that is made of noise, as Magenta's `vst.gin` has them.
const REVERB_FRAMES: usize = 500;
const REVERB_BANDS: usize = 32;

/// The description of a model of these sizes. What it was trained on is left open: name, features, statistics.
///
/// *Errors*: a size is out of range.
pub fn describe(sizes: &ModelSizes) -> Result<ModelConfig, Error> {
    let mut input_keys = vec![InputKey::LoudnessScaled, InputKey::F0Scaled];
    let encoder = (sizes.z_dims > 0).then(|| {
        input_keys.push(InputKey::Z);
        EncoderConfig::MfccRnn(MfccEncoderConfig {
            gru_units: sizes.encoder_gru_units,
            z_dims: sizes.z_dims,
            z_time_steps: sizes.z_time_steps,
        })
    });
    let amp_resample_method =
        if sizes.linear_amplitudes { ResampleMethod::Linear } else { ResampleMethod::Window };
    let mut processors = vec![
        ProcessorConfig::Harmonic(HarmonicConfig {
            amp_resample_method,
            ..HarmonicConfig::new(sizes.n_harmonics)
        }),
        ProcessorConfig::FilteredNoise(FilteredNoiseConfig {
            n_noise_bands: sizes.n_noise_bands,
            initial_bias: -5.0,
            window_size: 0,
        }),
    ];
    let ir_size = (sizes.reverb_s * f64::from(sizes.sample_rate)).round() as usize;
    match sizes.reverb {
        ReverbKind::None => {}
        ReverbKind::Learned => {
            processors.push(ProcessorConfig::Reverb(ReverbConfig { ir_size, add_dry: true }));
        }
        ReverbKind::FilteredNoise => {
            let frame_size = (ir_size / REVERB_FRAMES).max(1);
            processors.push(ProcessorConfig::FilteredNoiseReverb(FilteredNoiseReverbConfig {
                ir_size: frame_size * REVERB_FRAMES,
                n_frames: REVERB_FRAMES,
                n_noise_bands: REVERB_BANDS,
                initial_bias: -3.0,
                window_size: 257,
                add_dry: true,
            }));
        }
    }
    let config = ModelConfig {
        format_version: FORMAT_VERSION,
        name: "instrument".to_owned(),
        description: String::new(),
        licence: "not stated".to_owned(),
        sample_rate: sizes.sample_rate,
        hop_size: (sizes.sample_rate / sizes.frame_rate.max(1)) as usize,
        input_peak: None,
        f0: F0Description { tracker: "autocorrelation".to_owned(), detail: String::new() },
        loudness: LoudnessConfig::magenta_3(),
        encoder,
        decoder: DecoderConfig::RnnFc(RnnFcDecoderConfig {
            input_keys,
            channels: sizes.channels,
            gru_units: sizes.gru_units,
            layers_per_stack: sizes.layers_per_stack,
            n_outputs: 1 + sizes.n_harmonics + sizes.n_noise_bands,
            z_dims: sizes.z_dims,
        }),
        processors,
        dataset_statistics: None,
        provenance: Provenance { dataset: String::new(), training: String::new() },
    };
    config.validate()?;
    Ok(config)
}

/// The same description with everything that a data set was heard with, so that the instrument will listen as it was trained.
///
/// *Errors*: rates are others than those of the data set.
pub fn fit_to(mut description: ModelConfig, info: &DatasetInfo) -> Result<ModelConfig, Error> {
    for (what, expected, found) in [
        ("model.sample_rate", info.sample_rate, description.sample_rate),
        ("model.frame_rate", info.frame_rate, description.frame_rate().round() as u32),
    ] {
        if found != expected {
            let detail = format!(
                "expected {expected}, that of the data set, found {found}: leave it out, or prepare the recordings at {found}"
            );
            return Err(Error::setting(what, detail));
        }
    }
    description.input_peak = info.input_peak;
    description.f0 =
        F0Description { tracker: info.f0_tracker.clone(), detail: info.f0_detail.clone() };
    description.loudness = info.loudness.clone();
    description.dataset_statistics = info.statistics.clone();
    description.validate()?;
    Ok(description)
}
