//! The recurrent layer.

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

use crate::cpu::{self, GruOp};
use crate::nn::{Parameters, dense};

/// A gated recurrent unit over the frames of `x`, from `state` or from zeros; returns all states.
///
/// *Shapes*: `x` `[batch, n_frames, n_in]`, `state` `[batch, units]`; the weights `NAME/kernel` `[n_in, 3 units]`,
/// `NAME/recurrent_kernel` `[units, 3 units]`, `NAME/bias` `[2, 3 units]`, gates in the order z, r, h. Returns
/// `[batch, n_frames, units]`.
///
/// *Reference*: Cho et al. 2014 as Keras has it with `reset_after=True`.
pub fn gru(
    x: Tensor<3>,
    state: Option<Tensor<2>>,
    parameters: &Parameters,
    name: &str,
) -> Tensor<3> {
    let n_batch = x.dims()[0];
    let weight = |part: &str| parameters.get::<2>(&format!("{name}/{part}"));
    let (bias, recurrent_kernel) = (weight("bias"), weight("recurrent_kernel"));
    let [units, n_gates] = recurrent_kernel.dims();
    let input_bias: Tensor<1> = bias.clone().narrow(0, 0, 1).reshape([n_gates]);
    let recurrent_bias = bias.narrow(0, 1, 1);
    let (device, dtype) = (x.device(), x.dtype());
    let mut h = state.unwrap_or_else(|| Tensor::zeros([n_batch, units], (&device, dtype)));
    let inputs = dense(x, weight("kernel"), input_bias);
    if cpu::takes(&inputs) {
        let recurrent_bias = recurrent_bias.reshape([n_gates]);
        return cpu::apply(GruOp::default(), inputs, recurrent_kernel, Some((recurrent_bias, h)));
    }
    let from_state = |h: Tensor<2>| h.matmul(recurrent_kernel.clone()) + recurrent_bias.clone();
    let states = steps(inputs).into_iter().map(|row| {
        let row: Tensor<2> = row.reshape([n_batch, n_gates]);
        let recurrent = from_state(h.clone());
        let gate = |x: &Tensor<2>, i: usize| x.clone().narrow(1, i * units, units);
        let z = sigmoid(gate(&row, 0) + gate(&recurrent, 0));
        let r = sigmoid(gate(&row, 1) + gate(&recurrent, 1));
        let candidate = (gate(&row, 2) + r * gate(&recurrent, 2)).tanh();
        h = candidate.clone() + z * (h.clone() - candidate);
        h.clone().unsqueeze_dim::<3>(1)
    });
    Tensor::cat(states.collect(), 1)
}

/// The frames one by one. Halved again and again: each cut of a long tensor has a gradient as long.
fn steps(x: Tensor<3>) -> Vec<Tensor<3>> {
    let n = x.dims()[1];
    if n <= 1 {
        return vec![x];
    }
    let later = steps(x.clone().narrow(1, n / 2, n - n / 2));
    let mut all = steps(x.narrow(1, 0, n / 2));
    all.extend(later);
    all
}
