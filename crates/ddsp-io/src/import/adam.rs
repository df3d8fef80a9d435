//! What Adam had gathered when a checkpoint was written, to train it further.

use std::collections::BTreeMap;
use std::path::Path;

use super::magenta::import_to_train;
use crate::error::{Error, Result};

/// What Adam keeps for a weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// The shape of the weight.
    pub shape: Vec<usize>,
    /// The mean gradient.
    pub m: Vec<f32>,
    /// The mean squared gradient.
    pub v: Vec<f32>,
}

/// What Adam keeps for a model.
#[derive(Debug, Clone, PartialEq)]
pub struct AdamSlots {
    /// The steps that it has made, for the correction of its means.
    pub n_iterations: u64,
    /// By the names of the model's weights: every weight has them.
    pub moments: BTreeMap<String, Moments>,
}

/// Adam's numbers of the checkpoint at `path`, which is one that [`import_to_train`] takes; none where the checkpoint was saved without.
///
/// The columns of the last layer are in our order, as those of the imported weights.
///
/// *Errors*: those of [`import_to_train`]; only some weights have such numbers, their shape is another, they are not finite, or nothing
/// counts the steps.
pub fn adam_slots(path: &Path) -> Result<Option<AdamSlots>> {
    let imported = import_to_train(path)?;
    let index = &imported.report.index;
    let refused = |detail: String| Error::checkpoint(index, detail);
    if imported.slots.is_empty() {
        return Ok(None);
    }
    let mut moments = BTreeMap::new();
    for (weight, shape, values) in imported.model.weights().iter() {
        let read = |kind: &str| {
            let mut fits = imported
                .slots
                .iter()
                .filter(|slot| slot.kind == kind && slot.weight.as_deref() == Some(weight));
            let (slot, other) = (fits.next(), fits.next());
            let Some(slot) = slot.filter(|_| other.is_none()) else {
                let found = if other.is_some() { "several" } else { "none" };
                let detail = format!(
                    "expected one `{kind}` of Adam for each weight, found {found} for `{weight}`"
                );
                return Err(refused(detail));
            };
            let read = imported.read_slot(slot)?;
            let fits = |x: &f32| x.is_finite() && (kind != "v" || *x >= 0.0);
            if read.len() != values.len() || !read.iter().all(fits) {
                let detail = format!(
                    "`{}`: expected {} finite numbers of Adam for `{weight}`, none below 0 in a `v`, \
                     found others",
                    slot.key,
                    values.len()
                );
                return Err(refused(detail));
            }
            Ok(read)
        };
        let of = Moments { shape: shape.to_vec(), m: read("m")?, v: read("v")? };
        moments.insert(weight.to_owned(), of);
    }
    let n_iterations = imported.n_iterations.ok_or_else(|| {
        refused("expected a count of steps beside Adam's numbers, found none".to_owned())
    })?;
    Ok(Some(AdamSlots { n_iterations, moments }))
}
