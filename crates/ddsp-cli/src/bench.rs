//! `ddsp bench`: how fast each stage is, on one core.

use std::hint::black_box;
use std::time::Instant;

use ddsp_core::condition::{Adjustments, Features, condition};
use ddsp_core::engine::Engine;
use ddsp_core::feature::f0;
use ddsp_core::model::{DecoderConfig, ModelConfig, ProcessorConfig};
use ddsp_core::nn::RnnFcDecoder;
use ddsp_core::noise::fill_uniform;
use ddsp_core::synth::{FilteredNoise, Harmonic};

use crate::args::BenchArgs;
use crate::failure::{Cause, Failure};
use crate::instruments;
use crate::listen::{loudness, tracker};

const N_RUNS: usize = 5;

/// Runs the command.
pub(crate) fn run(args: &BenchArgs) -> Result<(), Failure> {
    let unusable = |e: ddsp_core::Error| Failure::new(Cause::Model, e.to_string());
    let model = instruments::load(&args.model)?;
    let config = model.config();
    let (rate, hop) = (config.sample_rate, config.hop_size);
    let n_frames = args.seconds as usize * rate as usize / hop;
    let seconds = (n_frames * hop) as f64 / f64::from(rate);
    println!("{}, {seconds:.0} s of audio, best of {N_RUNS} runs on one core", config.name);

    let mut engine = Engine::prepare(&model, 0).map_err(unusable)?;
    let features = melody(n_frames, config);
    let adjustments = Adjustments::default();
    let frames = condition(&features, &adjustments, &config.loudness, config.frame_rate());
    let mut signal = engine.render(frames.as_frames(), |_| ());
    report("whole instrument", seconds, || signal = engine.render(frames.as_frames(), |_| ()));
    let mut block = vec![0.0; hop];
    report("in blocks of one frame", seconds, || {
        engine.reset();
        for i in 0..n_frames {
            engine.process(frames.as_frames().range(i, i + 1), &mut block);
        }
    });
    let (tracker, _) = tracker(config);
    report("f0", seconds, || {
        let _ = black_box(f0::track(&signal, rate, hop, n_frames, &tracker));
    });
    report("loudness", seconds, || {
        black_box(loudness(&signal, config, n_frames));
    });

    let DecoderConfig::RnnFc(decoder_config) = &config.decoder;
    let mut weights = model.weights().clone();
    let mut decoder = RnnFcDecoder::<f32>::new(decoder_config, &mut weights).map_err(unusable)?;
    let pairs = frames.f0_scaled.iter().zip(&frames.loudness_scaled);
    let inputs: Vec<f32> = pairs.flat_map(|(f0, loudness)| [*f0, *loudness]).collect();
    let mut raw = vec![0.0; n_frames * decoder.n_outputs()];
    report("decoder", seconds, || decoder.process(&inputs, &mut raw));
    for processor in &config.processors {
        match processor {
            ProcessorConfig::Harmonic(c) => {
                let mut synth = Harmonic::new(c, rate, hop).map_err(unusable)?;
                let n_raw = synth.n_raw();
                let controls = vec![0.01; n_frames * n_raw];
                report("harmonic", seconds, || {
                    synth.process(&frames.f0_hz, &controls, n_raw, &mut signal);
                });
            }
            ProcessorConfig::FilteredNoise(c) => {
                let mut synth = FilteredNoise::new(c, hop).map_err(unusable)?;
                let controls = vec![0.01; n_frames * synth.n_raw()];
                let mut noise = vec![0.0; signal.len()];
                report("filtered noise", seconds, || {
                    fill_uniform(0, 0, &mut noise);
                    synth.process(&controls, c.n_noise_bands, &noise, &mut signal);
                });
            }
            ProcessorConfig::Reverb(_) => {}
        }
    }
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

fn report(stage: &str, seconds: f64, mut run: impl FnMut()) {
    run();
    let best = (0..N_RUNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    println!("{stage:24}{:9.3} ms/s {:9.0} x real time", 1e3 * best / seconds, seconds / best);
}
