//! The processor group: raw outputs to sound, as a model description declares it.

use burn::tensor::Tensor;
use ddsp_core::Error;
use ddsp_core::model::ProcessorConfig;
use ddsp_core::synth::FilteredNoiseConfig;

use crate::effect::{exp_decay_ir, filtered_noise_ir, reverb};
use crate::nn::Parameters;
use crate::synth::{
    HarmonicControls, filtered_noise, filtered_noise_controls, harmonic, harmonic_controls,
};

/// What the noise of a clip is filtered from, uniform in [-1, 1).
#[derive(Debug, Clone)]
pub struct Noise {
    /// `[batch, n_samples]`, for filtered noise.
    pub signal: Tensor<2>,
    /// `[1 or batch, ir_size]`, for a reverb that is made of noise: [`ddsp_core::effect::reverb_noise`] is what a model is played
    /// with.
    pub reverb: Option<Tensor<2>>,
}

/// The controls of a synthesizer.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "there are as many as synthesizers")]
pub enum Controls {
    /// Of a harmonic bank.
    Harmonic(HarmonicControls),
    /// `noise_magnitudes` `[batch, n_frames, n_noise_bands]`.
    FilteredNoise(Tensor<3>),
}

/// What a group gives.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The controls and the signal `[batch, n_samples]` of each synthesizer, in order.
    pub sources: Vec<(Controls, Tensor<2>)>,
    /// Their sum.
    pub dry: Tensor<2>,
    /// The sum behind the effects.
    pub signal: Tensor<2>,
}

/// Raw outputs to sound: each synthesizer takes its share of them, all are added up, effects follow in order. The same declaration
/// builds an [`Engine`](ddsp_core::engine::Engine).
///
/// *Shapes*: `raw` `[batch, n_frames, n_outputs]`, `f0_hz` `[batch, n_frames, 1]`; sounds are as long as `noise.signal`.
///
/// *Errors*: there is no synthesizer, or no noise for a reverb that is made of it; those of the elements.
///
/// *Reference*: Magenta's `processors.ProcessorGroup` with `Add`, as its configurations wire it.
pub fn processor_group(
    processors: &[ProcessorConfig],
    raw: &Tensor<3>,
    f0_hz: &Tensor<3>,
    noise: &Noise,
    sample_rate: u32,
    parameters: &Parameters,
) -> Result<Rendered, Error> {
    let n_samples = noise.signal.dims()[1];
    let mut first = 0;
    let mut take = |n: usize| {
        first += n;
        raw.clone().narrow(2, first - n, n)
    };
    let mut sources = Vec::new();
    for processor in processors {
        match processor {
            ProcessorConfig::Harmonic(c) => {
                let (amplitudes, distribution) = (take(1), take(c.n_harmonics));
                let controls =
                    harmonic_controls(c, amplitudes, distribution, f0_hz.clone(), sample_rate);
                let signal = harmonic(c, controls.clone(), n_samples, sample_rate)?;
                sources.push((Controls::Harmonic(controls), signal));
            }
            ProcessorConfig::FilteredNoise(c) => {
                let FilteredNoiseConfig { n_noise_bands, .. } = c;
                let magnitudes = filtered_noise_controls(c, take(*n_noise_bands));
                let signal = filtered_noise(c, magnitudes.clone(), noise.signal.clone())?;
                sources.push((Controls::FilteredNoise(magnitudes), signal));
            }
            ProcessorConfig::Reverb(_)
            | ProcessorConfig::ExpDecayReverb(_)
            | ProcessorConfig::FilteredNoiseReverb(_) => {}
        }
    }
    let dry = sources.iter().map(|(_, signal)| signal.clone()).reduce(|a, b| a + b);
    let dry = dry.ok_or_else(|| {
        Error::config("processors", "expected a synthesizer, found none".to_owned())
    })?;
    let mut signal = dry.clone();
    for processor in processors {
        let reverb_noise = || {
            let detail = "expected noise for the impulse response, found none".to_owned();
            noise.reverb.clone().ok_or_else(|| Error::config("reverb", detail))
        };
        let weight = |name: &str| parameters.get::<1>(name).unsqueeze::<2>();
        signal = match processor {
            ProcessorConfig::Harmonic(_) | ProcessorConfig::FilteredNoise(_) => signal,
            ProcessorConfig::Reverb(c) => reverb(signal, weight("reverb/ir"), c.add_dry)?,
            ProcessorConfig::ExpDecayReverb(c) => {
                let (gain, decay) = (weight("reverb/gain"), weight("reverb/decay"));
                reverb(signal, exp_decay_ir(reverb_noise()?, gain, decay), c.add_dry)?
            }
            ProcessorConfig::FilteredNoiseReverb(c) => {
                let magnitudes = parameters.get::<2>("reverb/magnitudes").unsqueeze();
                reverb(signal, filtered_noise_ir(c, magnitudes, reverb_noise()?)?, c.add_dry)?
            }
        };
    }
    Ok(Rendered { sources, dry, signal })
}
