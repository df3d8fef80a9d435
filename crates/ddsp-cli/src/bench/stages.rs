//! The stages of a transfer, one by one and together.

use std::hint::black_box;

use ddsp_core::condition::{Adjustments, Features, condition};
use ddsp_core::effect::Reverb;
use ddsp_core::engine::Engine;
use ddsp_core::feature::f0;
use ddsp_core::model::{DecoderConfig, Model, ModelConfig, ProcessorConfig};
use ddsp_core::nn::RnnFcDecoder;
use ddsp_core::noise::fill_uniform;
use ddsp_core::synth::{FilteredNoise, Harmonic, HarmonicConfig, PhaseMode};
use ddsp_core::transfer::{loudness, tracker};
use ddsp_io::audio::resample;

use super::report;
use crate::failure::{Cause, Failure};

/// The rate of the recording that `resample` begins with.
const RECORDED_RATE: u32 = 44_100;

/// What happens to a recording: resampling, pitch, loudness.
pub(super) fn listening(config: &ModelConfig, seconds: u32) -> Result<(), Failure> {
    let (rate, hop) = (config.sample_rate, config.hop_size);
    let mut recording = vec![0.0; (seconds * RECORDED_RATE) as usize];
    for (n, x) in recording.iter_mut().enumerate() {
        let t = n as f64 / f64::from(RECORDED_RATE);
        let phase = 220.0 * t + 2.0 * (3.0 * t).sin();
        *x = (1..=8)
            .map(|k| (0.1 * (std::f64::consts::TAU * f64::from(k) * phase).sin()) as f32)
            .sum();
    }
    let resampled = || {
        resample(&recording, RECORDED_RATE, rate)
            .map_err(|e| Failure::new(Cause::Model, e.to_string()))
    };
    let signal = resampled()?;
    let n_frames = signal.len() / hop;
    let seconds = f64::from(seconds);
    report("resample from 44.1 kHz", seconds, || {
        let _ = black_box(resampled());
    });
    let tracker = tracker(config);
    report("f0", seconds, || {
        let _ = black_box(f0::track(&signal, rate, hop, n_frames, &tracker));
    });
    report("loudness", seconds, || {
        black_box(loudness(&signal, config, n_frames));
    });
    Ok(())
}

/// What turns frames into sound: decoder, synthesizers, effects, and the whole instrument.
pub(super) fn playing(model: &Model, seconds: u32) -> Result<(), ddsp_core::Error> {
    let config = model.config();
    let (rate, hop) = (config.sample_rate, config.hop_size);
    let n_frames = seconds as usize * rate as usize / hop;
    let seconds = (n_frames * hop) as f64 / f64::from(rate);
    let features = melody(n_frames, config);
    let adjustments = Adjustments::default();
    let (frames, _) =
        condition(&features, &adjustments, &config.loudness, None, config.frame_rate());
    let mut engine = Engine::prepare(model, 0)?;
    let mut signal = engine.render(frames.as_frames(), |_| ());

    let DecoderConfig::RnnFc(decoder_config) = &config.decoder;
    let mut weights = model.weights().clone();
    let mut decoder = RnnFcDecoder::<f32>::new(decoder_config, &mut weights)?;
    let pairs = frames.f0_scaled.iter().zip(&frames.loudness_scaled);
    let inputs: Vec<f32> = pairs.flat_map(|(f0, loudness)| [*f0, *loudness]).collect();
    let mut raw = vec![0.0; n_frames * decoder.n_outputs()];
    report("decoder", seconds, || decoder.process(&inputs, &mut raw));
    for processor in &config.processors {
        match processor {
            ProcessorConfig::Harmonic(c) => {
                for phase_mode in PhaseMode::ALL {
                    let config = HarmonicConfig { phase_mode, ..c.clone() };
                    let mut synth = Harmonic::new(&config, rate, hop)?;
                    let n_raw = synth.n_raw();
                    let controls = vec![0.01; n_frames * n_raw];
                    let stage = format!("{} harmonics, {}", c.n_harmonics, phase_mode.name());
                    report(&stage, seconds, || {
                        synth.process(&features.f0_hz, &controls, n_raw, &mut signal);
                    });
                }
            }
            ProcessorConfig::FilteredNoise(c) => {
                let mut synth = FilteredNoise::new(c, hop)?;
                let controls = vec![0.01; n_frames * synth.n_raw()];
                let mut noise = vec![0.0; signal.len()];
                report(&format!("{} noise bands", c.n_noise_bands), seconds, || {
                    fill_uniform(0, 0, &mut noise);
                    synth.process(&controls, c.n_noise_bands, &noise, &mut signal);
                });
            }
            ProcessorConfig::Reverb(_)
            | ProcessorConfig::ExpDecayReverb(_)
            | ProcessorConfig::FilteredNoiseReverb(_) => {
                let Some((c, ir)) = processor.take_reverb(&mut weights)? else { continue };
                let mut reverb = Reverb::new(&c, &ir)?;
                let stage = format!("reverb of {:.1} s", c.ir_size as f64 / f64::from(rate));
                let mut wet = signal.clone();
                report(&stage, seconds, || {
                    wet.copy_from_slice(&signal);
                    reverb.process(&mut wet);
                });
            }
        }
    }
    report("whole instrument", seconds, || {
        black_box(engine.render(frames.as_frames(), |_| ()));
    });
    let mut block = vec![0.0; hop];
    report("  in blocks of one frame", seconds, || {
        engine.reset();
        for i in 0..n_frames {
            engine.process(frames.as_frames().range(i, i + 1), &mut block);
        }
    });
    Ok(())
}

/// A slow sweep over two octaves with vibrato, at a steady loudness.
fn melody(n_frames: usize, config: &ModelConfig) -> Features {
    let at = |i: usize| i as f64 / config.frame_rate();
    let f0_hz = (0..n_frames).map(|i| {
        let octaves = (0.5 * at(i)).sin() + 0.02 * (35.0 * at(i)).sin();
        (220.0 * octaves.exp2()) as f32
    });
    Features {
        f0_hz: f0_hz.collect(),
        f0_confidence: vec![0.9; n_frames],
        loudness_db: vec![-10.0; n_frames],
    }
}
