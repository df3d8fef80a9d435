//! The model file `NAME.ddsp`: safetensors, with the [`ModelConfig`] as JSON in its metadata.
//!
//! The metadata has one entry, `ddsp`. The tensors are those of
//! [`ModelConfig::weight_shapes`], all of them f32, or all of them f16. `docs/model-file.md` describes every field.

use std::collections::HashMap;

use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::Error;
use crate::model::Weights;
use crate::model::config::ModelConfig;

/// The entry of the safetensors metadata that holds the configuration.
const METADATA_KEY: &str = "ddsp";

/// How weights are stored; they are computed with in f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Four bytes a weight.
    F32,
    /// Two bytes a weight.
    F16,
}

/// An instrument: its description and its weights, checked to fit each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub(super) config: ModelConfig,
    pub(super) weights: Weights,
    pub(super) precision: Precision,
}

impl Model {
    /// Puts a model together.
    ///
    /// *Errors*: the configuration is out of range, or a weight is missing, left over, of another
    /// shape or not finite.
    pub fn new(config: ModelConfig, weights: Weights, precision: Precision) -> Result<Self, Error> {
        config.validate()?;
        let mut left = weights.clone();
        for (name, shape) in config.weight_shapes() {
            left.take::<f32>(&name, &shape)?;
        }
        if let Some((name, shape, _)) = left.iter().next() {
            let detail = format!("the description has no place for this tensor {shape:?}");
            return Err(Error::model(name, detail));
        }
        if let Some((name, ..)) = weights.iter().find(|(.., v)| v.iter().any(|x| !x.is_finite())) {
            return Err(Error::model(name, "expected finite numbers, found an infinity or NaN"));
        }
        Ok(Self { config, weights, precision })
    }

    /// Reads a model file.
    ///
    /// *Errors*: the bytes are not safetensors, its metadata is not a description that this version
    /// reads, or anything that [`Model::new`] refuses. No bytes make it panic, and it allocates in
    /// proportion to their number.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = |e| Error::model("file", format!("expected a model file, found {e}"));
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let text =
            metadata.metadata().as_ref().and_then(|m| m.get(METADATA_KEY)).ok_or_else(|| {
                Error::model(
                    "metadata",
                    "expected an entry `ddsp` with the description, found none",
                )
            })?;
        let version: VersionOnly = parse(text)?;
        if version.format_version != super::FORMAT_VERSION {
            let detail = format!(
                "expected version {}, found {}: use the ddsp that made the file, or a newer one",
                super::FORMAT_VERSION,
                version.format_version
            );
            return Err(Error::model("format_version", detail));
        }
        let config: ModelConfig = parse(text)?;
        config.validate()?;
        let mut weights = Weights::default();
        let mut precision = Precision::F16;
        for (name, view) in SafeTensors::deserialize(bytes).map_err(damaged)?.iter() {
            let values = match view.dtype() {
                Dtype::F32 => {
                    precision = Precision::F32;
                    let value = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                    view.data().chunks_exact(4).map(value).collect()
                }
                Dtype::F16 => {
                    let value = |b: &[u8]| f16::from_le_bytes([b[0], b[1]]).to_f32();
                    view.data().chunks_exact(2).map(value).collect()
                }
                other => {
                    let detail = format!("expected F32 or F16, found {other:?}");
                    return Err(Error::model(name, detail));
                }
            };
            weights.insert(name, view.shape().to_vec(), values);
        }
        Self::new(config, weights, precision)
    }

    /// Writes a model file: the same model gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let json = serde_json::to_string(&self.config).expect("a description is plain JSON");
        let metadata = HashMap::from([(METADATA_KEY.to_owned(), json)]);
        let dtype = match self.precision {
            Precision::F32 => Dtype::F32,
            Precision::F16 => Dtype::F16,
        };
        let data: Vec<(&str, &[usize], Vec<u8>)> = self
            .weights
            .iter()
            .map(|(name, shape, values)| {
                let bytes = match self.precision {
                    Precision::F32 => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
                    Precision::F16 => {
                        values.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect()
                    }
                };
                (name, shape, bytes)
            })
            .collect();
        let views = data.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(dtype, shape.to_vec(), bytes);
            (*name, view.expect("the bytes fill the shape"))
        });
        safetensors::serialize(views, Some(metadata)).expect("the views are consistent")
    }

    /// What the instrument is made of.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The instrument's numbers.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// How the weights are stored.
    pub fn precision(&self) -> Precision {
        self.precision
    }
}

/// The one field that every version of the description has.
#[derive(serde::Deserialize)]
struct VersionOnly {
    format_version: u32,
}

fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|e| {
        Error::model("metadata", format!("expected a model description, found an error: {e}"))
    })
}
