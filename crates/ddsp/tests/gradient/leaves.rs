//! The tensors of a case, as leaves of a graph.

use std::cell::RefCell;
use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use ddsp::burn;
use ddsp_cases::Case;
use ddsp_core::noise::uniform;

/// Makes tensors of a case and remembers those whose gradient is asked for.
pub(crate) struct Leaves<'a> {
    case: &'a Case,
    dtype: DType,
    device: Device,
    /// By how much of themselves inputs are moved, and the seed of how.
    rounding: Option<(f64, u64)>,
    made: RefCell<BTreeMap<String, Tensor<1>>>,
}

impl<'a> Leaves<'a> {
    pub(crate) fn new(case: &'a Case, dtype: DType) -> Self {
        Self {
            case,
            dtype,
            device: Device::flex().autodiff(),
            rounding: None,
            made: RefCell::default(),
        }
    }

    /// Moves each value of an input by up to `rounding` of itself.
    pub(crate) fn rounded(mut self, rounding: f64, seed: u64) -> Self {
        self.rounding = Some((rounding, seed));
        self
    }

    pub(crate) fn constant<const D: usize>(&self, name: &str, shape: [usize; D]) -> Tensor<D> {
        let mut values = self.case.tensors.get(name).to_vec();
        if let (Some((rounding, seed)), true) = (self.rounding, !name.contains("grad_w")) {
            for (i, x) in values.iter_mut().enumerate() {
                *x *= 1.0 + rounding * f64::from(uniform(seed, i as u64));
            }
        }
        let data = TensorData::new(values, shape);
        Tensor::from_data(data, (&self.device, self.dtype))
    }

    /// The tensor `name`, flat, with a gradient called `gradient`.
    pub(crate) fn flat(&self, name: &str, gradient: &str) -> Tensor<1> {
        let n = self.case.tensors.get(name).len();
        let leaf = self.constant(name, [n]).require_grad();
        self.made.borrow_mut().insert(gradient.to_owned(), leaf.clone());
        leaf
    }

    /// The input `name` in its shape, or in one of another rank and as many values.
    pub(crate) fn input<const D: usize>(&self, name: &str) -> Tensor<D> {
        let shape = self.case.tensors.shape(&format!("in/{name}"));
        let mut whole = [1; D];
        if shape.len() <= D {
            whole[..shape.len()].copy_from_slice(shape);
        } else {
            whole.copy_from_slice(&shape[..D]);
            whole[D - 1] = shape[D - 1..].iter().product();
        }
        self.flat(&format!("in/{name}"), name).reshape(whole)
    }

    pub(crate) fn has_input(&self, name: &str) -> bool {
        self.case.tensors.has(&format!("in/{name}"))
    }

    /// The gradients of the leaves that the case has gradients of.
    pub(crate) fn gradients(&self, of: &Gradients) -> Vec<(String, Vec<f64>)> {
        let made = self.made.borrow();
        let asked = made.iter().filter(|(name, _)| self.case.tensors.has(&format!("grad/{name}")));
        let value = |leaf: &Tensor<1>| leaf.grad(of).map(values).unwrap_or_default();
        asked.map(|(name, leaf)| (name.clone(), value(leaf))).collect()
    }
}

pub(crate) fn values<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data().convert::<f64>().try_to_vec().unwrap()
}
