//! `ddsp import`: a checkpoint of Magenta's library to a model file.

use std::path::Path;

use ddsp_core::effect::{ExpDecayReverbConfig, FilteredNoiseReverbConfig, ReverbConfig};
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::model::{DecoderConfig, Model, ModelConfig, Precision, ProcessorConfig};
use ddsp_io::atomic::write_bytes;
use ddsp_io::import::{Choice, Imported, Report};

use crate::args::ImportArgs;
use crate::failure::{Cause, Failure};
use crate::instruments;
use crate::statistics::described;
use crate::text::{count, one_line, sentence};

/// Names that are listed before the rest is only counted.
const MAX_NAMES: usize = 8;

/// Runs the command.
pub(crate) fn run(args: &ImportArgs) -> Result<(), Failure> {
    let imported = instruments::import(&args.checkpoint)?;
    refuse_replacing(&args.output, &imported.report)?;
    let (mut model, mut stored) = (imported.model.clone(), "f32");
    if let Some(loudness) = args.loudness {
        model = model.with_loudness(loudness.into());
    }
    if args.f16 {
        let (config, weights) = (model.config().clone(), model.weights().clone());
        let halved = Model::new(config, weights, Precision::F16);
        model = halved.map_err(|e| Failure::file(Cause::Model, &args.checkpoint, e))?;
        stored = "f16";
    }
    let bytes = model.to_bytes();
    write_bytes(&args.output, &bytes)?;
    let asked = args.loudness.map(|_| &model.config().loudness);
    report(&imported, asked).iter().for_each(|line| println!("{}", sentence(line)));
    let (path, mebibytes) = (args.output.display(), bytes.len() as f64 / f64::from(1 << 20));
    println!("wrote {path}: {mebibytes:.1} MiB, {stored}");
    Ok(())
}

/// The files of the checkpoint must not be the output, by whatever name.
fn refuse_replacing(output: &Path, report: &Report) -> Result<(), Failure> {
    let folder = |path: &Path| path.canonicalize().ok()?.parent().map(Path::to_owned);
    let is_model = output.extension().is_some_and(|extension| extension == "ddsp");
    if !is_model && output.is_file() && folder(output) == folder(&report.index) {
        let sentence =
            "the output would replace a file of the checkpoint: give a name as NAME.ddsp";
        return Err(Failure::file(Cause::Usage, output, sentence));
    }
    Ok(())
}

/// What it is, what was taken and what was left: one line each.
fn report(imported: &Imported, asked: Option<&LoudnessConfig>) -> Vec<String> {
    let report = &imported.report;
    let config = imported.model.config();
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let checkpoint = name(&report.index).trim_end_matches(".index").to_owned();
    let why = match report.choice {
        Choice::Asked => "as asked",
        Choice::Named => "which the file `checkpoint` names",
        Choice::HighestStep => "of the highest step",
        // The only one, which needs no reason.
        _ => "the only one",
    };
    let mut lines = vec![
        format!("imported {}: {}", one_line(&config.name), made_of(config)),
        format!("  from {checkpoint}, {why}, described by {}", name(&report.gin)),
    ];
    if !report.others.is_empty() {
        lines.push(format!("  left alone: {}", listed(&report.others)));
    }
    lines.push(match &report.unmatched[..] {
        [] => format!("  {}, none left over", count(report.n_matched, "variable")),
        unmatched => format!(
            "  {}; no place for {}: {}",
            count(report.n_matched, "variable"),
            unmatched.len(),
            listed(unmatched)
        ),
    });
    if !imported.slots.is_empty() {
        lines.push(format!("  {} of Adam set aside", count(imported.slots.len(), "slot")));
    }
    if let (Some(statistics), Some(path)) = (&config.dataset_statistics, &report.statistics) {
        let described = described(statistics);
        lines.push(format!("  {}: {}", name(path), described.join("; ")));
    }
    let loudness = config.loudness.name();
    lines.push(match asked {
        Some(asked) => format!(
            "  loudness {} as asked, not {loudness} ({})",
            asked.name(),
            report.loudness_from
        ),
        None => {
            format!("  loudness {loudness}: {}; --loudness chooses another", report.loudness_from)
        }
    });
    let from = if report.recomputes_loudness { "the audio" } else { "the data set" };
    lines.push(format!(
        "  loudness was taken from {from} in training; it is taken from the audio here"
    ));
    lines.extend(report.notes.iter().map(|note| format!("  note: {note}")));
    lines.push("  the checkpoint states no licence: ask whoever trained it".to_owned());
    lines
}

/// The parts of a model in a few words.
fn made_of(config: &ModelConfig) -> String {
    let DecoderConfig::RnnFc(decoder) = &config.decoder;
    let (channels, units, layers) = (decoder.channels, decoder.gru_units, decoder.layers_per_stack);
    let mut text = format!(
        "{} Hz, {} frames/s, {layers} layers of {channels}, GRU {units}",
        config.sample_rate,
        config.frame_rate()
    );
    for processor in &config.processors {
        text += &match processor {
            ProcessorConfig::Harmonic(c) => format!(", {} harmonics", c.n_harmonics),
            ProcessorConfig::FilteredNoise(c) => format!(", {} noise bands", c.n_noise_bands),
            ProcessorConfig::Reverb(ReverbConfig { ir_size, .. })
            | ProcessorConfig::ExpDecayReverb(ExpDecayReverbConfig { ir_size, .. })
            | ProcessorConfig::FilteredNoiseReverb(FilteredNoiseReverbConfig { ir_size, .. }) => {
                format!(", reverb of {:.2} s", *ir_size as f64 / f64::from(config.sample_rate))
            }
        };
    }
    text
}

/// The first names of a list, and how many more there are.
fn listed(names: &[String]) -> String {
    let shown = names[..names.len().min(MAX_NAMES)].join(", ");
    match names.len().saturating_sub(MAX_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
