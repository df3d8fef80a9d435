//! A checkpoint: everything that a training needs to go on to the last bit, as bytes.

use std::collections::HashMap;

use ddsp_core::model::Weights;
use ddsp_io::crc32c::{crc32c, extend};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

/// The version that this crate writes and reads.
const FORMAT_VERSION: u32 = 1;
/// The entry of the metadata that holds everything that is no tensor.
const METADATA_KEY: &str = "ddsp_training";

/// A training between two steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The weights that steps are made from.
    pub weights: Weights,
    /// The weights that are played: the average, or the same.
    pub average: Weights,
    /// Adam's mean gradients, flat.
    pub means: Weights,
    /// Adam's mean squared gradients, flat.
    pub squares: Weights,
    /// Steps that Adam made.
    pub adam_steps: u64,
    /// How many steps there will be, once that is known.
    pub plan: Option<Plan>,
    /// How far it is.
    pub progress: Progress,
}

/// What the first steps of a run decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Steps in all.
    pub n_steps: u64,
    /// Steps from one evaluation to the next.
    pub steps_per_evaluation: u64,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Steps made.
    pub step: u64,
    /// Seconds spent on them.
    pub elapsed_s: f64,
    /// The least spectral loss on what was held out, and its step.
    pub best: Option<(f64, u64)>,
    /// Evaluations since that were no better.
    pub n_no_better: u64,
    /// Steps in a row that were skipped.
    pub n_bad: u64,
    /// Why the run is over, if it is.
    pub is_finished: bool,
}

#[derive(Serialize, Deserialize)]
struct Metadata {
    format_version: u32,
    adam_steps: u64,
    plan: Option<Plan>,
    progress: Progress,
    /// Of the numbers above, and of name, shape and bytes of all tensors in the order of their names.
    crc32c: u32,
}

impl Metadata {
    fn checksum<'a>(&self, tensors: impl Iterator<Item = (&'a str, &'a [usize], &'a [u8])>) -> u32 {
        let numbers = (self.adam_steps, self.plan, self.progress);
        let numbers = serde_json::to_string(&numbers).expect("it is plain JSON");
        tensors.fold(crc32c(numbers.as_bytes()), |crc, (name, shape, bytes)| {
            extend(extend(crc, format!("{name}{shape:?}").as_bytes()), bytes)
        })
    }
}

const GROUPS: [&str; 4] = ["weights", "average", "means", "squares"];

impl Checkpoint {
    fn groups(&self) -> [&Weights; 4] {
        [&self.weights, &self.average, &self.means, &self.squares]
    }

    /// The bytes of a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut data: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        for (group, weights) in GROUPS.iter().zip(self.groups()) {
            data.extend(weights.iter().map(|(name, shape, values)| {
                let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
                (format!("{group}:{name}"), shape.to_vec(), bytes)
            }));
        }
        data.sort_by(|a, b| a.0.cmp(&b.0));
        let mut metadata = Metadata {
            format_version: FORMAT_VERSION,
            adam_steps: self.adam_steps,
            plan: self.plan,
            progress: self.progress,
            crc32c: 0,
        };
        let tensors = data.iter().map(|(name, shape, bytes)| (&name[..], &shape[..], &bytes[..]));
        metadata.crc32c = metadata.checksum(tensors);
        let json = serde_json::to_string(&metadata).expect("it is plain JSON");
        let views = data.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
            (name.as_str(), view.expect("the bytes fill the shape"))
        });
        let metadata = HashMap::from([(METADATA_KEY.to_owned(), json)]);
        safetensors::serialize(views, Some(metadata)).expect("the views are consistent")
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// *Errors*: a sentence, for a file that is cut off, damaged, of another version or of something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let damaged = |e| format!("expected a checkpoint of a training, found {e}");
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let text = header.metadata().as_ref().and_then(|m| m.get(METADATA_KEY));
        let text = text.ok_or("expected a checkpoint of a training, found other tensors")?;
        let found: serde_json::Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if found["format_version"] != FORMAT_VERSION {
            return Err(format!(
                "expected format version {FORMAT_VERSION}, found {}: it was written by another version of ddsp",
                found["format_version"]
            ));
        }
        let metadata: Metadata = serde_json::from_value(found).map_err(|e| e.to_string())?;
        let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let mut all: Vec<(&str, TensorView<'_>)> = tensors.iter().collect();
        all.sort_by(|a, b| a.0.cmp(b.0));
        let found = all.iter().map(|(name, view)| (*name, view.shape(), view.data()));
        if metadata.checksum(found) != metadata.crc32c {
            return Err("expected the tensors that were saved, found others: it is damaged".into());
        }
        let mut groups = [const { None }; 4].map(|none: Option<Weights>| none.unwrap_or_default());
        for (name, view) in all {
            let place = name.split_once(':').and_then(|(group, name)| {
                Some((GROUPS.iter().position(|known| *known == group)?, name))
            });
            let (Some((group, name)), Dtype::F32) = (place, view.dtype()) else {
                return Err(format!("expected f32 weights and moments, found a tensor {name}"));
            };
            let value = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
            let values = view.data().chunks_exact(4).map(value).collect();
            groups[group].insert(name, view.shape().to_vec(), values);
        }
        let [weights, average, means, squares] = groups;
        let Metadata { adam_steps, plan, progress, .. } = metadata;
        Ok(Self { weights, average, means, squares, adam_steps, plan, progress })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let mut weights = Weights::default();
        weights.insert("a/kernel", vec![2, 3], vec![0.1, -0.2, 1e-30, f32::MIN_POSITIVE, 0.0, 7.0]);
        weights.insert("b", vec![1], vec![1.0 / 3.0]);
        let progress = Progress {
            step: 12,
            elapsed_s: 0.1 + 0.2,
            best: Some((5.1, 10)),
            ..Progress::default()
        };
        Checkpoint {
            average: weights.clone(),
            means: weights.clone(),
            squares: weights.clone(),
            weights,
            adam_steps: 11,
            plan: Some(Plan { n_steps: 100, steps_per_evaluation: 10 }),
            progress,
        }
    }

    #[test]
    fn what_is_written_is_read_to_the_last_bit_and_damage_is_seen() {
        let bytes = checkpoint().to_bytes();
        assert_eq!(Checkpoint::from_bytes(&bytes).unwrap(), checkpoint());
        assert!(Checkpoint::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(Checkpoint::from_bytes(&damaged).is_err(), "byte {at}");
        }
    }
}
