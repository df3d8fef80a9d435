//! Adam over weights by name.

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Tensor, TensorData};
use ddsp_core::model::Weights;

use crate::nn::Parameters;

/// Adam, with the gradient cut to a norm.
///
/// Its moments go by the names of the weights, as they are saved. burn's own optimisers want a module, which [`Parameters`] are not.
///
/// *Reference*: Kingma and Ba 2015 as Keras has it, epsilon beside the root of the raw moment; Magenta's `Trainer`.
#[derive(Debug, Clone)]
pub struct Adam {
    /// The size of a step.
    pub learning_rate: f64,
    /// How long the mean gradient is remembered.
    pub beta_1: f64,
    /// How long the mean squared gradient is remembered.
    pub beta_2: f64,
    /// Added to the root of the mean square.
    pub epsilon: f64,
    /// The largest norm of the whole gradient; none for any.
    pub clip_norm: Option<f64>,
    /// What the learning rate of impulse responses, weights named `.../ir`, is multiplied by; none for no difference. Every step moves
    /// every weight by about the learning rate, and so many samples together would be louder than the sound itself. Their gradient is
    /// larger than all others', too: with a rate of their own they neither count in the norm nor are they cut.
    pub ir_rate: Option<f64>,
    n_steps: i32,
    /// Mean gradient and mean squared gradient.
    moments: BTreeMap<String, (Tensor<1>, Tensor<1>)>,
}

impl Adam {
    /// With Magenta's settings but for the learning rate (there 3e-4): a norm of 3 at most.
    pub fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
            clip_norm: Some(3.0),
            ir_rate: None,
            n_steps: 0,
            moments: BTreeMap::new(),
        }
    }

    /// The weights after a step; those without a gradient stay.
    pub fn step(
        &mut self,
        parameters: &Parameters,
        gradients: &BTreeMap<String, Tensor<1>>,
    ) -> Parameters {
        self.n_steps += 1;
        let clip = self.clip(gradients);
        let corrected =
            (1.0 - self.beta_2.powi(self.n_steps)).sqrt() / (1.0 - self.beta_1.powi(self.n_steps));
        let size = self.learning_rate * corrected;
        let mut stepped = Parameters::default();
        for (name, shape, values) in parameters.iter() {
            let Some(gradient) = gradients.get(name) else {
                stepped.insert(name, shape.to_vec(), values.clone());
                continue;
            };
            let ir_rate = self.ir_rate.filter(|_| is_ir(name));
            let gradient = match &clip {
                Some(clip) if ir_rate.is_none() => gradient.clone() * clip.clone(),
                _ => gradient.clone(),
            };
            let zeros = || gradient.zeros_like();
            let (mean, square) = self.moments.remove(name).unwrap_or_else(|| (zeros(), zeros()));
            let mean = mean * self.beta_1 + gradient.clone() * (1.0 - self.beta_1);
            let square = square * self.beta_2 + gradient.square() * (1.0 - self.beta_2);
            let size = size * ir_rate.unwrap_or(1.0);
            let step = mean.clone() / (square.clone().sqrt() + self.epsilon) * size;
            self.moments.insert(name.to_owned(), (mean, square));
            let values = Tensor::from_inner(values.clone().inner() - step).require_grad();
            stepped.insert(name, shape.to_vec(), values);
        }
        stepped
    }

    /// What the gradient is multiplied by, `[1]`, without waiting for the device.
    fn clip(&self, gradients: &BTreeMap<String, Tensor<1>>) -> Option<Tensor<1>> {
        let most = self.clip_norm?;
        let counts = |name: &str| self.ir_rate.is_none() || !is_ir(name);
        Some((norm(gradients, counts)?.clamp_min(1e-30).recip() * most).clamp_max(1.0))
    }

    /// What it remembers, to go on from: the steps taken, and by weight, flat, the mean gradients and the mean squares.
    pub fn memory(&self) -> (u64, Weights, Weights) {
        let (mut means, mut squares) = (Weights::default(), Weights::default());
        for (name, (mean, square)) in &self.moments {
            for (to, from) in [(&mut means, mean), (&mut squares, square)] {
                let values = from.clone().into_data().convert::<f32>().try_to_vec();
                let values: Vec<f32> = values.expect("it was made f32");
                to.insert(name, vec![values.len()], values);
            }
        }
        (self.n_steps.unsigned_abs().into(), means, squares)
    }

    /// The same optimiser with this memory, for weights on that device.
    pub fn remembering(
        mut self,
        n_steps: u64,
        means: &Weights,
        squares: &Weights,
        device: &Device,
    ) -> Self {
        let tensor = |values: &[f32]| -> Tensor<1> {
            let data = TensorData::new(values.to_vec(), [values.len()]);
            Tensor::from_data(data, (&device.clone().without_autodiff(), DType::F32))
        };
        self.n_steps = i32::try_from(n_steps).unwrap_or(i32::MAX);
        let both = means.iter().zip(squares.iter());
        self.moments = both
            .map(|((name, _, mean), (_, _, square))| {
                (name.to_owned(), (tensor(mean), tensor(square)))
            })
            .collect();
        self
    }
}

/// Whether a weight of that name is an impulse response.
fn is_ir(name: &str) -> bool {
    name.ends_with("/ir")
}

/// The norm of a whole gradient, `[1]`; none without one.
pub fn gradient_norm(gradients: &BTreeMap<String, Tensor<1>>) -> Option<Tensor<1>> {
    norm(gradients, |_| true)
}

fn norm(
    gradients: &BTreeMap<String, Tensor<1>>,
    counts: impl Fn(&str) -> bool,
) -> Option<Tensor<1>> {
    let counted = gradients.iter().filter(|(name, _)| counts(name));
    let squares = counted.map(|(_, gradient)| gradient.clone().square().sum());
    Some(squares.reduce(|a, b| a + b)?.sqrt())
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor};

    use super::*;

    #[test]
    fn a_parabola_is_descended_and_a_long_gradient_is_cut() {
        let device = Device::flex().autodiff();
        let mut parameters = Parameters::default();
        let start: Tensor<1> = Tensor::from_floats([3.0, -2.0], &device);
        parameters.insert("x", vec![2], start.require_grad());
        let mut adam = Adam::new(0.1);
        for step in 0..300 {
            let x: Tensor<1> = parameters.get("x");
            let gradients = (x * 1000.0).square().sum().backward();
            parameters = adam.step(&parameters, &parameters.gradients(&gradients));
            if step == 0 {
                // The first step goes by the sign, whatever the size of the gradient.
                let x = parameters.get::<1>("x").into_data().try_to_vec::<f32>().unwrap();
                assert!((x[0] - 2.9).abs() < 1e-4 && (x[1] + 1.9).abs() < 1e-4, "{x:?}");
            }
        }
        let x = parameters.get::<1>("x").into_data().try_to_vec::<f32>().unwrap();
        assert!(x.iter().all(|x| x.abs() < 0.02), "{x:?}");
    }

    #[test]
    fn an_impulse_response_with_a_rate_of_its_own_cuts_nobody_else() {
        let device = Device::flex().autodiff();
        let moved = |ir_rate: Option<f64>| {
            let mut parameters = Parameters::default();
            for name in ["kernel", "reverb/ir"] {
                let start: Tensor<1> = Tensor::from_floats([1.0], &device);
                parameters.insert(name, vec![1], start.require_grad());
            }
            let mut adam = Adam { ir_rate, ..Adam::new(0.1) };
            // By itself the kernel's gradient is too short to be cut, and so short that a cut one is lost beside epsilon.
            adam.epsilon = 1.0;
            let loss = parameters.get::<1>("kernel") + parameters.get::<1>("reverb/ir") * 1e6;
            let parameters = adam.step(&parameters, &parameters.gradients(&loss.backward()));
            ["kernel", "reverb/ir"].map(|name| {
                1.0 - parameters.get::<1>(name).into_data().try_to_vec::<f32>().unwrap()[0]
            })
        };
        let [kernel, ir] = moved(Some(0.02));
        assert!(kernel > 1e-3 && (1e-3..2.1e-3).contains(&ir), "{kernel} {ir}");
        let [kernel, ir] = moved(None);
        assert!(kernel < 1e-6 && ir > 1e-3, "{kernel} {ir}");
    }
}
