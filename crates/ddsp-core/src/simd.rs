//! The instruction set, chosen once at run time.
//!
//! Every kernel here is written so that its bits do not depend on this choice: sums have a fixed
//! order, and products that are added use a fused multiply-add everywhere.

use std::sync::OnceLock;

use crate::real::Real;

/// A piece of work that is compiled once for each instruction set.
///
/// `run`, and every function that it calls, must be marked `#[inline(always)]`: only what is inlined is
/// compiled anew. This is a trait because closures and function values cannot be marked.
pub trait Kernel {
    /// Does the work.
    fn run(self);
}

struct Compiled<K>(K);

impl<K: Kernel> pulp::WithSimd for Compiled<K> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        self.0.run();
    }
}

/// An instruction set that this machine has.
#[derive(Debug, Clone, Copy)]
pub struct Isa(pulp::Arch);

/// The environment variable that [`Isa::detect`] obeys.
pub const SIMD_VARIABLE: &str = "DDSP_SIMD";

impl Isa {
    /// The best instruction set of this machine, or the one that the environment variable `DDSP_SIMD`
    /// names: `scalar`, `avx2`, `avx512` or `neon`.
    ///
    /// The variable is read once in the life of a process. A name that is unknown, or that this machine
    /// does not have, is as good as none: the best one is taken.
    pub fn detect() -> Self {
        static CHOSEN: OnceLock<Isa> = OnceLock::new();
        *CHOSEN.get_or_init(|| {
            let wanted = std::env::var(SIMD_VARIABLE).unwrap_or_default();
            let named = Self::all().into_iter().find(|isa| isa.name() == wanted);
            named.unwrap_or_else(|| Self(pulp::Arch::new()))
        })
    }

    /// Every instruction set that this machine has, the plain one first: for tests and benchmarks.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self(pulp::Arch::Scalar)];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(pulp::x86::V3::try_new().map(|v| Self(pulp::Arch::V3(v))));
            all.extend(pulp::x86::V4::try_new().map(|v| Self(pulp::Arch::V4(v))));
        }
        #[cfg(target_arch = "aarch64")]
        all.extend(pulp::aarch64::Neon::try_new().map(|v| Self(pulp::Arch::Neon(v))));
        all
    }

    /// The name by which `DDSP_SIMD` asks for this instruction set.
    pub fn name(self) -> &'static str {
        match self.0 {
            pulp::Arch::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            pulp::Arch::V3(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            pulp::Arch::V4(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            pulp::Arch::Neon(_) => "neon",
            _ => "other",
        }
    }

    /// Whether one instruction widens a vector of f16.
    pub(crate) fn widens_f16(self) -> bool {
        self.name() == "avx512"
    }

    /// Runs a kernel compiled for this instruction set.
    #[inline(always)]
    pub fn run(self, kernel: impl Kernel) {
        self.0.dispatch(Compiled(kernel));
    }

    /// Runs an operation that is written against explicit vectors.
    #[inline(always)]
    pub(crate) fn run_op<Op: pulp::WithSimd>(self, op: Op) -> Op::Output {
        self.0.dispatch(op)
    }
}

/// The sum of `f` over a row in 16 interleaved partial sums: an order that vectorises and is fixed.
#[inline(always)]
pub(crate) fn sum<R: Real>(row: &[R], f: impl Fn(R) -> R) -> R {
    let mut partial = [R::default(); 16];
    let chunks = row.chunks_exact(16);
    for (s, &x) in partial.iter_mut().zip(chunks.remainder()) {
        *s += f(x);
    }
    for chunk in chunks {
        for (s, &x) in partial.iter_mut().zip(chunk) {
            *s += f(x);
        }
    }
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            let other = partial[i + half];
            partial[i] += other;
        }
    }
    partial[0]
}
