//! `ddsp export`: the instrument of a run, as a model file with its card.

use std::path::Path;

use ddsp_core::model::{Model, Precision};
use ddsp_io::atomic::write_bytes;
use ddsp_io::dataset::DatasetInfo;

use crate::args::ExportArgs;
use crate::failure::{Cause, Failure};
use crate::instruments;
use crate::statistics::described;
use crate::text::one_line;

/// Runs the command.
pub(crate) fn run(args: &ExportArgs) -> Result<(), Failure> {
    let path = args.run.join("model.ddsp");
    if !path.is_file() {
        let sentence = "expected the folder of a training run that has an instrument (it has one from its first evaluation on), found none";
        return Err(Failure::file(Cause::Input, &args.run, sentence));
    }
    if args.output.extension().is_none_or(|extension| extension != "ddsp") {
        let sentence = "expected a name that ends with .ddsp";
        return Err(Failure::file(Cause::Usage, &args.output, sentence));
    }
    let model = instruments::load(&path.to_string_lossy())?;
    let mut config = model.config().clone();
    let stem = args.output.file_stem().unwrap_or_default().to_string_lossy();
    config.name = one_line(&stem);
    config.description = args
        .description
        .clone()
        .unwrap_or_else(|| format!("trained on {}", config.provenance.dataset));
    if let Some(licence) = &args.licence {
        config.licence.clone_from(licence);
    }
    if let Some(attribution) = &args.attribution {
        config.provenance.dataset += &format!(" ({attribution})");
    }
    let precision = if args.f32 { Precision::F32 } else { Precision::F16 };
    let model = Model::new(config, model.weights().clone(), precision)
        .map_err(|e| Failure::new(Cause::Model, e.to_string()))?;
    let bytes = model.to_bytes();
    write_bytes(&args.output, &bytes)?;
    let card = args.output.with_extension("md");
    write_bytes(&card, card_of(&model, bytes.len(), &args.run).as_bytes())?;
    println!(
        "wrote {} ({:.1} MB) and {}",
        args.output.display(),
        bytes.len() as f64 / 1e6,
        card.display()
    );
    if args.licence.is_none() {
        println!(
            "note: its licence is not stated: say with --licence what the recordings allow, and with --attribution whom to thank"
        );
    }
    Ok(())
}

/// The card: what a musician and a lawyer want to know.
fn card_of(model: &Model, n_bytes: usize, run: &Path) -> String {
    let config = model.config();
    let info = std::fs::read_to_string(run.join("dataset.json")).ok();
    let info: Option<DatasetInfo> = info.and_then(|text| serde_json::from_str(&text).ok());
    let mut rows = vec![
        ("licence", config.licence.clone()),
        ("trained on", config.provenance.dataset.clone()),
        ("training", config.provenance.training.clone()),
        (
            "sample rate",
            format!("{} Hz, {} frames a second", config.sample_rate, config.frame_rate()),
        ),
        ("f0 in training", config.f0.detail.clone()),
        (
            "loudness in training",
            format!(
                "{}{}",
                config.loudness.name(),
                config.input_peak.map_or(String::new(), |peak| format!(
                    ", recordings scaled to a peak of {peak}"
                ))
            ),
        ),
    ];
    if let Some(statistics) = &config.dataset_statistics {
        rows.push(("notes in training", described(statistics).join("; ")));
    }
    let precision = match model.precision() {
        Precision::F32 => "f32",
        Precision::F16 => "f16",
    };
    let n = model.weights().n_parameters();
    rows.push(("size", format!("{n} parameters; {precision}, {:.1} MB", n_bytes as f64 / 1e6)));
    if let Some(info) = info {
        rows.push(("material", info.grade.join("; ")));
    }
    let rows: String = rows
        .iter()
        .map(|(name, value)| format!("| {name} | {} |\n", one_line(value).replace('|', "/")))
        .collect();
    format!(
        "# {}\n\n{}.\n\n| | |\n|---|---|\n{rows}",
        config.name,
        config.description.trim_end_matches('.')
    )
}
