//! Instruments by name: those built in, model files, and checkpoints of Magenta's library.

use std::path::Path;

use ddsp_core::condition::DatasetStatistics;
use ddsp_core::model::Model;

use crate::audio::resample;
use crate::error::{Error, Result};
use crate::import::{import, read_statistics};

/// Name and bytes of each instrument that is built in; the first is the default.
const BUILT_IN: &[(&str, &[u8])] = &[("alto_sax", include_bytes!("../../../models/alto_sax.ddsp"))];

/// A model file larger than this is not read: it is no instrument.
const MAX_BYTES: u64 = 4 << 30;

/// The names of the instruments that are built in.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

/// Loads the instrument of that name, or else of that model file, or of a checkpoint: its folder, its gin file or
/// its index.
///
/// *Errors*: there is no such instrument or file, or it is not one that this version reads; the message names it.
pub fn load(name_or_path: &str) -> Result<Model> {
    if let Some((name, bytes)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_path) {
        return parse(Path::new(name), bytes);
    }
    let path = Path::new(name_or_path);
    let metadata = std::fs::metadata(path).map_err(|e| {
        let names: Vec<&str> = built_in().collect();
        Error::instrument(
            path,
            if e.kind() == std::io::ErrorKind::NotFound {
                format!("no such instrument or file; built in: {}", names.join(", "))
            } else {
                format!("the model cannot be read: {e}")
            },
        )
    })?;
    let extension = path.extension().unwrap_or_default();
    if metadata.is_dir() || extension == "gin" || extension == "index" {
        return Ok(import(path)?.model);
    }
    if metadata.len() > MAX_BYTES {
        let detail = "expected a model file (.ddsp), found more than 4 GiB";
        return Err(Error::instrument(path, detail));
    }
    let bytes = std::fs::read(path)
        .map_err(|e| Error::instrument(path, format!("the model cannot be read: {e}")))?;
    parse(path, &bytes)
}

/// Reads statistics for a model of that frame rate: those in a `dataset_statistics.pkl`, or those of another
/// instrument.
///
/// *Errors*: there is no such file, it holds no statistics, or they are not usable; the message names it.
pub fn load_statistics(path: &Path, frame_rate: f64) -> Result<DatasetStatistics> {
    if path.extension().is_some_and(|extension| extension == "ddsp") || path.is_dir() {
        let model = load(&path.to_string_lossy())?;
        return model.config().dataset_statistics.clone().ok_or_else(|| {
            Error::instrument(
                path,
                "expected an instrument with dataset statistics, found none in it",
            )
        });
    }
    read_statistics(path, frame_rate)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Model> {
    Model::from_bytes(bytes)
        .map_err(|e| Error::instrument(path, format!("not a usable model file: {e}")))
}

/// The same instrument, synthesizing at another rate in the same frames: harmonics reach the new Nyquist frequency
/// and the noise bands spread over it. Its features are still those of its own rate.
///
/// The impulse response of a reverb is resampled with it; `magenta_compat` leaves its samples as they are, so that it
/// rings shorter or longer, as it did in the course's patch.
///
/// *Errors*: frames are no whole number of samples at that rate.
pub fn at_native_rate(model: Model, sample_rate: u32, magenta_compat: bool) -> Result<Model> {
    let from = model.config().sample_rate;
    let name = model.config().name.clone();
    let wrong = |e: ddsp_core::Error| Error::instrument(Path::new(&name), e.to_string());
    model
        .at_native_rate(sample_rate, |ir| {
            if magenta_compat {
                return Ok(ir.to_vec());
            }
            // As many more samples, each with as much less energy: the gain of the convolution stays.
            let gain = (f64::from(from) / f64::from(sample_rate)) as f32;
            let ir = resample(ir, from, sample_rate)
                .map_err(|e| ddsp_core::Error::config("native_rate", e.to_string()))?;
            Ok(ir.iter().map(|x| x * gain).collect())
        })
        .map_err(wrong)
}
