//! The autoencoder: features, network and synthesizers of a model description, to learn through.

use burn::tensor::Tensor;
use ddsp_core::Error;
use ddsp_core::model::{DecoderConfig, EncoderConfig, ModelConfig};
use ddsp_core::nn::rnn_fc_decoder::InputKey;

use crate::group::{Noise, Rendered, processor_group};
use crate::nn::{Decoded, Parameters, mfcc_encoder, rnn_fc_decoder};
use crate::scale::hz_to_midi;

/// What a network hears of clips.
#[derive(Debug, Clone)]
pub struct Features {
    /// `[batch, n_frames, 1]`.
    pub f0_hz: Tensor<3>,
    /// By the model's definition, `[batch, n_frames, 1]`.
    pub loudness_db: Tensor<3>,
    /// `[batch, n_samples]`, for an encoder.
    pub audio: Option<Tensor<2>>,
}

/// A model as a function of features and [`Parameters`]: the description is that of a model file, the names of the parameters are its
/// weights', so that what was trained is what is saved.
///
/// *Reference*: Engel et al. 2020, figure 2; Magenta's `models.Autoencoder`.
#[derive(Debug, Clone)]
pub struct Autoencoder {
    config: ModelConfig,
}

impl Autoencoder {
    /// Takes a description.
    ///
    /// *Errors*: it is out of range.
    pub fn new(config: ModelConfig) -> Result<Self, Error> {
        config.validate()?;
        Ok(Self { config })
    }

    /// The description.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The timbre code `[batch, n_frames, z_dims]`, if the model has one.
    ///
    /// *Errors*: there is no audio; those of [`mfcc_encoder`].
    pub fn z(
        &self,
        features: &Features,
        parameters: &Parameters,
    ) -> Result<Option<Tensor<3>>, Error> {
        let Some(EncoderConfig::MfccRnn(config)) = &self.config.encoder else { return Ok(None) };
        let audio = features.audio.clone().ok_or_else(|| {
            Error::config("features.audio", "expected audio for the encoder, found none".to_owned())
        })?;
        let n_frames = features.f0_hz.dims()[1];
        mfcc_encoder(config, audio, n_frames, parameters).map(Some)
    }

    /// Raw outputs `[batch, n_frames, n_outputs]`, and the state behind them, from `state` or from zeros.
    ///
    /// *Errors*: those of [`Self::z`].
    pub fn decode(
        &self,
        features: &Features,
        state: Option<Tensor<2>>,
        parameters: &Parameters,
    ) -> Result<Decoded, Error> {
        let DecoderConfig::RnnFc(config) = &self.config.decoder;
        let mut z = self.z(features, parameters)?;
        let floor_db = self.config.loudness.floor_db();
        let input = |key: &InputKey| match key {
            InputKey::F0Scaled => hz_to_midi(features.f0_hz.clone()) / 127.0,
            InputKey::LoudnessScaled => features.loudness_db.clone() / -floor_db + 1.0,
            InputKey::Z => z.take().expect("a description with z has an encoder"),
        };
        let inputs = config.input_keys.iter().map(input).collect();
        Ok(rnn_fc_decoder(config, inputs, state, parameters))
    }

    /// Features to sound, as long as `noise.signal`.
    ///
    /// *Errors*: those of [`Self::decode`] and [`processor_group`].
    pub fn forward(
        &self,
        features: &Features,
        noise: &Noise,
        parameters: &Parameters,
    ) -> Result<Rendered, Error> {
        let Decoded { raw, .. } = self.decode(features, None, parameters)?;
        let ModelConfig { processors, sample_rate, .. } = &self.config;
        processor_group(processors, &raw, &features.f0_hz, noise, *sample_rate, parameters)
    }
}
