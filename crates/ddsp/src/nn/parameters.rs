//! Weights as tensors.

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use ddsp_core::model::Weights;

/// Weights by name, each one flat, with the shape it is used in.
///
/// The names and shapes are those of the model file, so that what was trained is what is saved.
#[derive(Debug, Clone, Default)]
pub struct Parameters(BTreeMap<String, (Vec<usize>, Tensor<1>)>);

impl Parameters {
    /// The weights of a model on a device; where that remembers what gradients need, as leaves whose gradient is wanted.
    pub fn new(weights: &Weights, device: &Device, dtype: DType) -> Self {
        let mut parameters = Self::default();
        for (name, shape, values) in weights.iter() {
            let data = TensorData::new(values.to_vec(), [values.len()]);
            let values: Tensor<1> = Tensor::from_data(data, (device, dtype));
            let values = if device.is_autodiff() { values.require_grad() } else { values };
            parameters.insert(name, shape.to_vec(), values);
        }
        parameters
    }

    /// The weights as they are saved.
    pub fn to_weights(&self) -> Weights {
        let mut weights = Weights::default();
        for (name, (shape, values)) in &self.0 {
            let values = values.clone().into_data().convert::<f32>().try_to_vec();
            weights.insert(name, shape.clone(), values.expect("it was made f32"));
        }
        weights
    }

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

    /// Name, shape and flat values of every weight, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[usize], &Tensor<1>)> {
        self.0.iter().map(|(name, (shape, values))| (name.as_str(), &shape[..], values))
    }

    /// The gradient by each weight that has one, flat and without a graph of its own.
    pub fn gradients(&self, of: &Gradients) -> BTreeMap<String, Tensor<1>> {
        let gradient = |(name, (_, values)): (&String, &(Vec<usize>, Tensor<1>))| {
            Some((name.clone(), values.grad(of)?))
        };
        self.0.iter().filter_map(gradient).collect()
    }
}
