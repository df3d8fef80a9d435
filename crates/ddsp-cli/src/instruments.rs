//! `ddsp models`: the instruments that are built in.

use std::path::Path;

use ddsp_core::model::Model;
use ddsp_io::import::Imported;
use ddsp_io::instrument::{self, built_in};

use crate::failure::{Cause, Failure};
use crate::text::{one_line, sentence};

/// Runs the command.
pub(crate) fn run() -> Result<(), Failure> {
    for name in built_in() {
        let model = load(name)?;
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
    Ok(instrument::load(name_or_file)?)
}

/// Imports a checkpoint: its folder, its gin file or its index.
pub(crate) fn import(path: &Path) -> Result<Imported, Failure> {
    ddsp_io::import::import(path).map_err(|e| Failure::new(Cause::Model, sentence(&e.to_string())))
}
