//! One extension of burn's backends for all CPU forms: an op is an object that maps slices to a slice and back.

use std::fmt::Debug;
use std::sync::Arc;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Tensor, TensorData};

/// A tensor as an op sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) shape: &'a [usize],
    pub(crate) values: &'a [f32],
}

/// A function of up to four tensors with a derivative. Made for one call: what backward needs, forward may keep in it.
pub(crate) trait CpuOp: Debug + Send + Sync {
    /// The shape and the values.
    fn forward(&self, inputs: [View<'_>; 4]) -> (Vec<usize>, Vec<f32>);
    /// The gradients by each input, from that by the output; an empty one is zero.
    fn backward(&self, inputs: [View<'_>; 4], gradient: &[f32]) -> [Vec<f32>; 4];
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
fn viewed<T>(tensors: [FlexTensor; 4], f: impl FnOnce([View<'_>; 4]) -> T) -> T {
    let tensors = tensors.map(|x| x.to_contiguous());
    let shapes = tensors.each_ref().map(|x| x.shape().to_vec());
    f(std::array::from_fn(|i| View {
        shape: &shapes[i],
        values: tensors[i].as_slice::<f32>().expect("CPU forms take f32"),
    }))
}

impl CpuOps for Flex {
    fn cpu_forward(
        op: Arc<dyn CpuOp>,
        a: FlexTensor,
        b: FlexTensor,
        c: FlexTensor,
        d: FlexTensor,
    ) -> FlexTensor {
        let (shape, values) = viewed([a, b, c, d], |inputs| op.forward(inputs));
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
        let gradient = gradient.as_slice::<f32>().expect("CPU forms take f32");
        let inputs = [a, b, c, d];
        let shapes = inputs.each_ref().map(|x| x.shape().to_vec());
        let found = viewed(inputs, |inputs| op.backward(inputs, gradient));
        let [a, b, c, d] = std::array::from_fn(|i| {
            let n = shapes[i].iter().product();
            let values = if found[i].is_empty() { vec![0.0; n] } else { found[i].clone() };
            FlexTensor::from_data(TensorData::new(values, shapes[i].clone()))
        });
        (a, b, c, d)
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

/// Applies an op to up to four tensors; those that it does not take are a lone zero.
pub(crate) fn apply<const D: usize, const A: usize, const B: usize>(
    op: impl CpuOp + 'static,
    a: Tensor<A>,
    b: Tensor<B>,
    rest: Option<(Tensor<1>, Tensor<2>)>,
) -> Tensor<D> {
    let none = || Tensor::zeros([1], &a.device());
    let (c, d) = rest.unwrap_or_else(|| (none(), none().reshape([1, 1])));
    Tensor::from_dispatch(<Dispatch as CpuOps>::cpu_forward(
        Arc::new(op),
        a.into_dispatch(),
        b.into_dispatch(),
        c.into_dispatch(),
        d.into_dispatch(),
    ))
}
