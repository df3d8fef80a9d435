//! Tables as tensors, and padding.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

/// A table on the device and in the type of the tensors that it meets.
pub(crate) fn table<const D: usize>(
    values: Vec<f64>,
    shape: [usize; D],
    (device, dtype): (&Device, DType),
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

/// Positions along an axis.
pub(crate) fn indices(values: impl IntoIterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = values.into_iter().map(|i| i as i64).collect();
    let n = values.len();
    Tensor::from_data(TensorData::new(values, [n]), device)
}

/// Zeros before and after along an axis.
pub(crate) fn pad<const D: usize>(
    x: Tensor<D>,
    axis: usize,
    (before, after): (usize, usize),
) -> Tensor<D> {
    let zeros = |n: usize| {
        let mut shape = x.dims();
        shape[axis] = n;
        (n > 0).then(|| Tensor::zeros(shape, (&x.device(), x.dtype())))
    };
    let parts = [zeros(before), Some(x.clone()), zeros(after)];
    Tensor::cat(parts.into_iter().flatten().collect(), axis)
}
