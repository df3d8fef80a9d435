//! `ddsp info`: what an instrument is.

use ddsp_core::effect::{ExpDecayReverbConfig, FilteredNoiseReverbConfig, ReverbConfig};
use ddsp_core::engine::Engine;
use ddsp_core::model::{DecoderConfig, Precision, ProcessorConfig};

use crate::args::InfoArgs;
use crate::failure::{Cause, Failure};
use crate::instruments;
use crate::listen::tracker_notice;
use crate::statistics::described;
use crate::text::one_line;

/// Runs the command.
pub(crate) fn run(args: &InfoArgs) -> Result<(), Failure> {
    let model = instruments::load(&args.model)?;
    let config = model.config();
    let engine = Engine::prepare(&model, 0);
    let engine = engine.map_err(|e| Failure::new(Cause::Model, e.to_string()))?;
    let row = |key: &str, value: String| println!("{key:<13}{}", one_line(&value));

    row("name", config.name.clone());
    row("description", config.description.clone());
    row("licence", config.licence.clone());
    row("trained on", config.provenance.dataset.clone());
    row("training", config.provenance.training.clone());
    let (rate, hop, frame_rate) = (config.sample_rate, config.hop_size, config.frame_rate());
    row("sample rate", format!("{rate} Hz, {frame_rate} frames/s of {hop} samples"));
    let peak = config.input_peak.map_or("none: the level is left".to_owned(), |p| p.to_string());
    row("input peak", peak);
    row("f0", format!("{} ({})", config.f0.tracker, config.f0.detail));
    if let Some(notice) = tracker_notice(config) {
        row("", notice);
    }
    let loudness = &config.loudness;
    let (name, n_fft, ref_db) = (loudness.name(), loudness.n_fft(), loudness.ref_db());
    let range_db = -loudness.floor_db();
    row("loudness", format!("{name}, {n_fft} samples, range {range_db} dB, reference {ref_db} dB"));
    let DecoderConfig::RnnFc(decoder) = &config.decoder;
    let (channels, units) = (decoder.channels, decoder.gru_units);
    row("decoder", format!("rnn_fc, {channels} channels, GRU {units}"));
    for processor in &config.processors {
        row(
            "",
            match processor {
                ProcessorConfig::Harmonic(c) => format!(
                    "harmonic, {} harmonics, amplitudes {}, phase {}",
                    c.n_harmonics,
                    c.amp_resample_method.name(),
                    c.phase_mode.name()
                ),
                ProcessorConfig::FilteredNoise(c) => {
                    format!("filtered noise, {} bands", c.n_noise_bands)
                }
                ProcessorConfig::Reverb(ReverbConfig { ir_size, .. })
                | ProcessorConfig::ExpDecayReverb(ExpDecayReverbConfig { ir_size, .. })
                | ProcessorConfig::FilteredNoiseReverb(FilteredNoiseReverbConfig {
                    ir_size, ..
                }) => {
                    format!("reverb, {:.2} s", *ir_size as f64 / f64::from(rate))
                }
            },
        );
    }
    let stored = match model.precision() {
        Precision::F32 => "f32",
        Precision::F16 => "f16",
    };
    row("parameters", format!("{} in {stored}", model.weights().n_parameters()));
    match &config.dataset_statistics {
        Some(statistics) => {
            let lines = described(statistics);
            lines.into_iter().zip(["statistics", ""]).for_each(|(line, key)| row(key, line));
        }
        None => row("statistics", "none stored: no auto adjust".to_owned()),
    }
    let latency = engine.latency_samples();
    let latency_ms = 1e3 * latency as f64 / f64::from(rate);
    row("latency", format!("{latency} samples ({latency_ms:.1} ms) from frame to sound"));
    row("format", format!("version {}", config.format_version));
    Ok(())
}
