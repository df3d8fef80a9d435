//! A model, played or heard in another way than it names.

use crate::condition::DatasetStatistics;
use crate::effect::ReverbConfig;
use crate::error::Error;
use crate::feature::loudness::LoudnessConfig;
use crate::model::{Model, ProcessorConfig};
use crate::synth::PhaseMode;

impl Model {
    /// How each harmonic synthesizer sums its phase.
    pub fn phase_modes(&self) -> impl Iterator<Item = PhaseMode> {
        self.config.processors.iter().filter_map(|processor| match processor {
            ProcessorConfig::Harmonic(config) => Some(config.phase_mode),
            _ => None,
        })
    }

    /// Plays with another [`PhaseMode`] than the one that the model names.
    pub fn with_phase_mode(mut self, phase_mode: PhaseMode) -> Self {
        for processor in &mut self.config.processors {
            if let ProcessorConfig::Harmonic(config) = processor {
                config.phase_mode = phase_mode;
            }
        }
        self
    }

    /// Hears loudness by another definition than the one that the model names.
    pub fn with_loudness(mut self, loudness: LoudnessConfig) -> Self {
        self.config.loudness = loudness;
        self
    }

    /// Fits recordings to these statistics instead of the model's own.
    ///
    /// *Errors*: they are of another frame rate, or not usable.
    pub fn with_statistics(self, statistics: DatasetStatistics) -> Result<Self, Error> {
        let Self { mut config, weights, precision } = self;
        config.dataset_statistics = Some(statistics);
        config.validate()?;
        Ok(Self { config, weights, precision })
    }

    /// The same instrument at another sample rate in the same frames. `resample_ir` makes the impulse response of a
    /// reverb anew.
    ///
    /// *Errors*: frames are no whole number of samples at that rate, or what `resample_ir` returns.
    pub fn at_native_rate(
        self,
        sample_rate: u32,
        resample_ir: impl Fn(&[f32]) -> Result<Vec<f32>, Error>,
    ) -> Result<Self, Error> {
        let Self { mut config, mut weights, precision } = self;
        let samples = u64::from(sample_rate) * config.hop_size as u64;
        let rate = u64::from(config.sample_rate);
        if !samples.is_multiple_of(rate) || samples == 0 {
            let detail = format!(
                "expected a rate at which {} frames a second are whole samples, found {sample_rate} Hz, {:.1} \
                 samples a frame: leave out the native rate to have the sound converted",
                config.frame_rate(),
                samples as f64 / rate as f64
            );
            return Err(Error::config("native_rate", detail));
        }
        config.sample_rate = sample_rate;
        config.hop_size = (samples / rate) as usize;
        for processor in &mut config.processors {
            if let Some((reverb, ir)) = processor.take_reverb(&mut weights)? {
                let ir = resample_ir(&ir)?;
                *processor = ProcessorConfig::Reverb(ReverbConfig { ir_size: ir.len(), ..reverb });
                weights.insert("reverb/ir", vec![ir.len()], ir);
            }
        }
        Self::new(config, weights, precision)
    }
}
