//! One extension of burn's backends for all CPU forms: an op is an object that maps slices to a slice and back.

use std::fmt::Debug;
use std::sync::Arc;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{DType, Element, Tensor, TensorData};

/// A tensor as an op sees it.
#[derive(Debug, Clone, Copy)]
pub struct View<'a, E = f32> {
    /// Axes.
    pub shape: &'a [usize],
    /// In order, the last axis first to move.
    pub values: &'a [E],
}

/// A function of up to four tensors with a derivative. Made for one call: what backward needs, forward may keep in it.
pub trait CpuOp: Debug + Send + Sync {
    /// The shape and the values.
    fn forward(&self, inputs: [View<'_>; 4]) -> (Vec<usize>, Vec<f32>);
    /// The gradients by each input, from that by the output; an empty one is zero.
    fn backward(&self, inputs: [View<'_>; 4], gradient: &[f32]) -> [Vec<f32>; 4];

    /// The same in f64, of an op that is applied to it.
    fn forward_f64(&self, _inputs: [View<'_, f64>; 4]) -> (Vec<usize>, Vec<f64>) {
        unreachable!("{self:?} is applied to f32 alone")
    }

    /// The same in f64, of an op that is applied to it.
    fn backward_f64(&self, _inputs: [View<'_, f64>; 4], _gradient: &[f64]) -> [Vec<f64>; 4] {
        unreachable!("{self:?} is applied to f32 alone")
    }
}

type Four<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

/// The extension. Autodiff's `cpu_backward` is never called: nobody takes a second derivative of these.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait CpuOps: Backend {
    fn cpu_forward(
        op: Arc<dyn CpuOp>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        d: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
    fn cpu_backward(
        op: Arc<dyn CpuOp>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        d: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Calls `f` with views of contiguous tensors.
fn viewed<E, T>(
    tensors: [FlexTensor; 4],
    slice: fn(&FlexTensor) -> Option<&[E]>,
    f: impl FnOnce([View<'_, E>; 4]) -> T,
) -> T {
    let tensors = tensors.map(|x| x.to_contiguous());
    let shapes = tensors.each_ref().map(|x| x.shape().to_vec());
    f(std::array::from_fn(|i| View {
        shape: &shapes[i],
        values: slice(&tensors[i]).expect("all inputs are of one type"),
    }))
}

/// Gradients as tensors; an empty one is zero.
fn gradients<E: Element>(inputs: [FlexTensor; 4], found: [Vec<E>; 4]) -> Four<Flex> {
    let mut found = found.into_iter();
    let [a, b, c, d] = inputs.map(|input| {
        let shape = input.shape().to_vec();
        let values = found.next().filter(|values| !values.is_empty());
        let values = values.unwrap_or_else(|| vec![E::default(); shape.iter().product()]);
        FlexTensor::from_data(TensorData::new(values, shape))
    });
    (a, b, c, d)
}

impl CpuOps for Flex {
    fn cpu_forward(
        op: Arc<dyn CpuOp>,
        a: FlexTensor,
        b: FlexTensor,
        c: FlexTensor,
        d: FlexTensor,
    ) -> FlexTensor {
        let (is_f64, inputs) = (a.dtype() == DType::F64, [a, b, c, d]);
        if is_f64 {
            let (shape, values) =
                viewed(inputs, FlexTensor::as_slice, |inputs| op.forward_f64(inputs));
            return FlexTensor::from_data(TensorData::new(values, shape));
        }
        let (shape, values) = viewed(inputs, FlexTensor::as_slice, |inputs| op.forward(inputs));
        FlexTensor::from_data(TensorData::new(values, shape))
    }

    fn cpu_backward(
        op: Arc<dyn CpuOp>,
        a: FlexTensor,
        b: FlexTensor,
        c: FlexTensor,
        d: FlexTensor,
        gradient: FlexTensor,
    ) -> Four<Self> {
        let gradient = gradient.to_contiguous();
        let (is_f64, inputs) = (a.dtype() == DType::F64, [a, b, c, d]);
        if is_f64 {
            let gradient = gradient.as_slice::<f64>().expect("it is of the inputs' type");
            let found = viewed(inputs.clone(), FlexTensor::as_slice, |inputs| {
                op.backward_f64(inputs, gradient)
            });
            return gradients(inputs, found);
        }
        let gradient = gradient.as_slice::<f32>().expect("it is of the inputs' type");
        let found =
            viewed(inputs.clone(), FlexTensor::as_slice, |inputs| op.backward(inputs, gradient));
        gradients(inputs, found)
    }
}

/// The derivative, as burn's graph holds it.
#[derive(Debug)]
struct Step;

impl<B: Backend + CpuOps> Backward<B, 4> for Step {
    type State = (Arc<dyn CpuOp>, [FloatTensor<B>; 4]);

    fn backward(
        self,
        ops: Ops<Self::State, 4>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (op, [a, b, c, d]) = ops.state;
        let gradient = grads.consume::<B>(&ops.node);
        let (a, b, c, d) = B::cpu_backward(op, a, b, c, d, gradient);
        for (node, gradient) in ops.parents.into_iter().zip([a, b, c, d]) {
            if let Some(node) = node {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

impl<B: Backend + CpuOps, C: CheckpointStrategy> CpuOps for Autodiff<B, C> {
    fn cpu_forward(
        op: Arc<dyn CpuOp>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        d: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let nodes = [a.node(), b.node(), c.node(), d.node()];
        let [a, b, c, d] = [a, b, c, d].map(|x| x.into_primitive());
        let inputs = [a.clone(), b.clone(), c.clone(), d.clone()];
        let out = B::cpu_forward(op.clone(), a, b, c, d);
        match Step.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((op, inputs), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }

    fn cpu_backward(
        _op: Arc<dyn CpuOp>,
        _a: FloatTensor<Self>,
        _b: FloatTensor<Self>,
        _c: FloatTensor<Self>,
        _d: FloatTensor<Self>,
        _gradient: FloatTensor<Self>,
    ) -> Four<Self> {
        unreachable!("backward runs on the inner backend")
    }
}

/// Applies an op to two or four tensors.
pub(crate) fn apply<const D: usize, const A: usize, const B: usize>(
    op: impl CpuOp + 'static,
    a: Tensor<A>,
    b: Tensor<B>,
    rest: Option<(Tensor<1>, Tensor<2>)>,
) -> Tensor<D> {
    let none = || Tensor::zeros([1], (&a.device(), a.dtype()));
    let (c, d) = rest.unwrap_or_else(|| (none(), none().reshape([1, 1])));
    Tensor::from_dispatch(<Dispatch as CpuOps>::cpu_forward(
        Arc::new(op),
        a.into_dispatch(),
        b.into_dispatch(),
        c.into_dispatch(),
        d.into_dispatch(),
    ))
}

/// Applies an op to one tensor.
pub(crate) fn apply_one<const D: usize, const A: usize>(
    op: impl CpuOp + 'static,
    a: Tensor<A>,
) -> Tensor<D> {
    let none = Tensor::<1>::zeros([1], (&a.device(), a.dtype()));
    apply(op, a, none, None)
}
