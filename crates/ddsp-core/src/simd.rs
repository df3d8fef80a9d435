//! The instruction set, chosen once at run time.
//!
//! Every kernel here is written so that its bits do not depend on this choice: sums have a fixed
//! order, and products that are added use a fused multiply-add everywhere.

/// An instruction set that this machine has.
#[derive(Debug, Clone, Copy)]
pub struct Isa(pulp::Arch);

impl Isa {
    /// The best instruction set of this machine.
    pub fn detect() -> Self {
        Self(pulp::Arch::new())
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

    /// Runs `f` compiled for this instruction set. What `f` calls must be inlined to profit.
    #[inline(always)]
    pub fn run<T>(self, f: impl FnOnce() -> T) -> T {
        self.0.dispatch(f)
    }

    /// Runs an operation that is written against explicit vectors.
    #[inline(always)]
    pub(crate) fn run_op<Op: pulp::WithSimd>(self, op: Op) -> Op::Output {
        self.0.dispatch(op)
    }
}
