//! Weights by the names that a model file has for them.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

/// Weights by name, each one flat, with the shape it is used in.
///
/// The names and shapes are those of the model file, so that what was trained is what is saved.
#[derive(Debug, Clone, Default)]
pub struct Parameters(BTreeMap<String, (Vec<usize>, Tensor<1>)>);

impl Parameters {
    /// Adds a weight, or takes the place of the one of this name.
    ///
    /// *Panics* if the shape is not that of as many values.
    pub fn insert(&mut self, name: impl Into<String>, shape: Vec<usize>, values: Tensor<1>) {
        assert_eq!(shape.iter().product::<usize>(), values.dims()[0], "values fill the shape");
        self.0.insert(name.into(), (shape, values));
    }

    /// A weight in its shape.
    ///
    /// *Panics* if there is none of this name and rank: the table of names says which there are.
    pub fn get<const D: usize>(&self, name: &str) -> Tensor<D> {
        let Some((shape, values)) = self.0.get(name) else { panic!("there is no weight {name}") };
        let shape: [usize; D] = shape
            .clone()
            .try_into()
            .unwrap_or_else(|shape| panic!("{name}: expected {D} axes, found the shape {shape:?}"));
        values.clone().reshape(shape)
    }
}
