//! The instruments: those built in, model files, and checkpoints to import.

use std::path::Path;

use ddsp_core::model::Model;
use ddsp_io::import::Imported;

use crate::failure::{Cause, Failure};
use crate::text::{one_line, sentence};

/// Name and bytes of each instrument in this binary.
const BUILT_IN: &[(&str, &[u8])] = &[("alto_sax", include_bytes!("../../../models/alto_sax.ddsp"))];

/// A model file larger than this is not read: it is no instrument.
const MAX_BYTES: u64 = 4 << 30;

/// Lists the instruments that are built in.
pub(crate) fn run() -> Result<(), Failure> {
    for (name, bytes) in BUILT_IN {
        let model = parse(name, bytes)?;
        let config = model.config();
        println!(
            "{name}  {} ({} Hz, {})",
            one_line(&config.description),
            config.sample_rate,
            one_line(&config.licence)
        );
    }
    println!("more with --model FILE.ddsp, or --model DIR of a Magenta checkpoint");
    Ok(())
}

/// Loads the instrument of that name, or else of that file or checkpoint.
pub(crate) fn load(name_or_file: &str) -> Result<Model, Failure> {
    if let Some((name, bytes)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_file) {
        return parse(name, bytes);
    }
    let path = Path::new(name_or_file);
    let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let metadata = std::fs::metadata(path).map_err(|e| {
        let sentence = if e.kind() == std::io::ErrorKind::NotFound {
            format!("no such instrument or file; built in: {}", names.join(", "))
        } else {
            format!("the model cannot be read: {e}")
        };
        Failure::file(Cause::Model, path, sentence)
    })?;
    let extension = path.extension().unwrap_or_default();
    if metadata.is_dir() || extension == "gin" || extension == "index" {
        return Ok(import(path)?.model);
    }
    if metadata.len() > MAX_BYTES {
        let sentence = "expected a model file (.ddsp), found more than 4 GiB";
        return Err(Failure::file(Cause::Model, path, sentence));
    }
    let bytes = std::fs::read(path)
        .map_err(|e| Failure::file(Cause::Model, path, format!("the model cannot be read: {e}")))?;
    parse(name_or_file, &bytes)
}

/// Imports a checkpoint: its folder, its gin file or its index.
pub(crate) fn import(path: &Path) -> Result<Imported, Failure> {
    ddsp_io::import::import(path).map_err(|e| Failure::new(Cause::Model, sentence(&e.to_string())))
}

fn parse(name: &str, bytes: &[u8]) -> Result<Model, Failure> {
    Model::from_bytes(bytes).map_err(|e| {
        let sentence = format!("not a usable model file: {}", one_line(&e.to_string()));
        Failure::file(Cause::Model, Path::new(name), sentence)
    })
}
