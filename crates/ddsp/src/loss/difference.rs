//! The distance of two tensors.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// How a difference is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LossType {
    /// The mean of its absolute values.
    #[default]
    L1,
    /// The mean of its squares.
    L2,
    /// 1 less the sum of products over the last axis, on average; nothing is normalised, as in TensorFlow.
    Cosine,
}

/// The mean difference of two tensors of one shape, as `[1]`.
///
/// *Reference*: Magenta's `losses.mean_difference`.
pub fn mean_difference<const D: usize>(
    target: Tensor<D>,
    value: Tensor<D>,
    loss_type: LossType,
) -> Tensor<1> {
    match loss_type {
        LossType::L1 => (target - value).abs().mean(),
        LossType::L2 => (target - value).square().mean(),
        LossType::Cosine => -((target * value).sum_dim(D - 1).mean()) + 1.0,
    }
}
