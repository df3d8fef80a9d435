//! The CPU forms: coarse ops over slices that take the place of many small ones where f32 tensors lie in this machine's memory.
//!
//! Each computes what the generic form computes, and `tests/agreement` holds them against each other. Forward calls the kernels of
//! `ddsp-core`; backward is derived by hand. [`generic_only`] turns them off.

mod fft;
mod gru;
mod harmonic;
mod norm;
mod op;
mod spectral_loss;

use std::cell::Cell;

/// The ops without a graph around them, for benchmarks.
#[doc(hidden)]
pub mod plain {
    pub use super::fft::FftOp;
    pub use super::gru::GruOp;
    pub use super::harmonic::HarmonicOp;
    pub use super::norm::NormOp;
    pub use super::op::{CpuOp, View};
    pub use super::spectral_loss::SpectralLossOp;
}

use burn::tensor::{DType, Device, Tensor};

pub(crate) use fft::FftOp;
pub(crate) use gru::GruOp;
pub(crate) use harmonic::HarmonicOp;
pub(crate) use norm::NormOp;
pub(crate) use op::{apply, apply_one};
pub(crate) use spectral_loss::SpectralLossOp;

thread_local! {
    static GENERIC_ONLY: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` with the generic forms alone, on this thread: for tests and benchmarks.
pub fn generic_only<T>(f: impl FnOnce() -> T) -> T {
    let before = GENERIC_ONLY.replace(true);
    let out = f();
    GENERIC_ONLY.set(before);
    out
}

/// Whether a tensor is one that the CPU forms take.
pub(crate) fn takes<const D: usize>(x: &Tensor<D>) -> bool {
    x.dtype() == DType::F32 && !GENERIC_ONLY.get() && is_here(x)
}

/// Whether a tensor lies in this machine's memory.
pub(crate) fn is_here<const D: usize>(x: &Tensor<D>) -> bool {
    let device = x.device();
    device == Device::flex() || device == Device::flex().autodiff()
}
