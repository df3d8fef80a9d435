//! The list of elements: what each is drawn from, its tensor form, its kernel.

#[macro_use]
mod element;
mod filters;
mod networks;
mod scales;
mod spectra;
mod synths;

use burn::tensor::Tensor;
use ddsp::burn;
use ddsp_core::noise::uniform;
use ddsp_core::real::Real;

/// Sizes and inputs of a point.
pub(crate) struct Draw {
    /// Chosen at random, by place.
    pub(crate) sizes: Vec<usize>,
    /// Shapes and values.
    pub(crate) inputs: Vec<(Vec<usize>, Vec<f64>)>,
}

impl Draw {
    pub(crate) fn values<R: Real>(&self, i: usize) -> Vec<R> {
        self.inputs[i].1.iter().map(|&x| R::narrow(x)).collect()
    }

    /// An input, clip by clip.
    pub(crate) fn clips<R: Real>(&self, i: usize) -> Vec<Vec<R>> {
        let values = self.values::<R>(i);
        let n = values.len() / self.inputs[i].0[0];
        values.chunks(n).map(<[R]>::to_vec).collect()
    }

    pub(crate) fn tensor<const D: usize>(&self, leaves: &[Tensor<1>], i: usize) -> Tensor<D> {
        let shape: [usize; D] = self.inputs[i].0.clone().try_into().unwrap();
        leaves[i].clone().reshape(shape)
    }
}

/// Chooses sizes and values from a seed.
pub(crate) struct Chooser {
    pub(crate) seed: u64,
    pub(crate) index: u64,
}

impl Chooser {
    fn uniform(&mut self) -> f64 {
        self.index += 1;
        f64::from(uniform(self.seed, self.index))
    }

    pub(crate) fn size(&mut self, least: usize, most: usize) -> usize {
        let at = 0.5 * (self.uniform() + 1.0);
        (least + (at * (most - least + 1) as f64) as usize).min(most)
    }

    pub(crate) fn input(&mut self, shape: &[usize], low: f64, high: f64) -> (Vec<usize>, Vec<f64>) {
        let n = shape.iter().product();
        let value = |x: f64| low + (high - low) * 0.5 * (x + 1.0);
        (shape.to_vec(), (0..n).map(|_| f64::from(value(self.uniform()) as f32)).collect())
    }
}

pub(crate) type Values = (Vec<f64>, Vec<f64>);
pub(crate) type OfTensors = Box<dyn Fn(&Draw, &[Tensor<1>]) -> Tensor<1>>;
pub(crate) type OfSlices = Box<dyn Fn(&Draw) -> Values>;

pub(crate) struct Element {
    pub(crate) name: &'static str,
    pub(crate) draw: Box<dyn Fn(u64) -> Draw>,
    /// Values, flat.
    pub(crate) tensor: OfTensors,
    /// Values of the kernel in f32 and in f64.
    pub(crate) kernel: Option<OfSlices>,
    /// Of central differences.
    pub(crate) step: f64,
    /// Where the tensors' f64 holds something in f32.
    pub(crate) precise_limit: Option<f64>,
}

pub(crate) fn flat<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let n = x.dims().iter().product::<usize>();
    x.reshape([n])
}

pub(crate) fn elements() -> Vec<Element> {
    let mut all = scales::scales();
    all.extend(filters::filters());
    all.extend(synths::synths());
    all.extend(spectra::spectra());
    all.extend(networks::networks());
    all
}
