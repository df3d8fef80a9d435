//! The allocator of a training, which the benchmark of a step has, too.

use libmimalloc_sys::{mi_option_set, mi_option_t};

/// A step asks for large blocks of memory and gives them back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of its header `mimalloc.h`: milliseconds until memory that was given back goes on to the system, below 0 for
/// never. The crate has no name for it.
const PURGE_DELAY: mi_option_t = 15;

/// Keeps what is given back for the next step: a quarter of a step would be the system clearing pages, the same ones each time.
#[allow(unsafe_code, reason = "the allocator has no other way to be told")]
pub(crate) fn keep_pages() {
    // SAFETY: a number is stored, atomically, under an option that exists.
    unsafe { mi_option_set(PURGE_DELAY, -1) };
}
