//! Named weights with their shapes.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::real::Real;

/// The weights of a model by name; taking one removes it, so that what is left over can be told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Weights {
    /// Adds a tensor; *panics* if `values` does not fill `shape`.
    pub fn insert(&mut self, name: impl Into<String>, shape: Vec<usize>, values: Vec<f32>) {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "values must fill the shape");
        self.tensors.insert(name.into(), (shape, values));
    }

    /// Removes and returns the values of a tensor.
    ///
    /// *Errors*: there is none of that name, or it has another shape.
    pub fn take<R: Real>(&mut self, name: &str, shape: &[usize]) -> Result<Vec<R>, Error> {
        let Some((found, values)) = self.tensors.remove(name) else {
            return Err(Error::model(name, format!("expected a tensor {shape:?}, found none")));
        };
        if found != shape {
            return Err(Error::model(name, format!("expected shape {shape:?}, found {found:?}")));
        }
        Ok(values.into_iter().map(|x| R::narrow(f64::from(x))).collect())
    }

    /// Name, shape and values of every tensor, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[usize], &[f32])> {
        self.tensors.iter().map(|(name, (shape, values))| (name.as_str(), &shape[..], &values[..]))
    }

    /// The number of single values.
    pub fn n_parameters(&self) -> usize {
        self.tensors.values().map(|(_, values)| values.len()).sum()
    }
}
