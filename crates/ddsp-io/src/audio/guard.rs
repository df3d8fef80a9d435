//! Keeps a panic inside a third-party decoder from becoming ours.

use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::errors::{Error, Result};

/// Runs a step of a demuxer or decoder; a panic becomes an error that no caller goes on after.
///
/// Damaged files make some of them overflow in integer arithmetic (the MS-ADPCM decoder, the CAF and
/// AIFF demuxers), which panics in builds with overflow checks.
pub(super) fn guarded<T>(step: impl FnOnce() -> Result<T>) -> Result<T> {
    // What the step leaves half done is played no further; it is safe Rust, so dropping it is sound.
    catch_unwind(AssertUnwindSafe(step))
        .unwrap_or(Err(Error::LimitError("the decoder gave up on damaged data")))
}
