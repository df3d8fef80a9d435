//! Pure Data's border: one shared library, `ddsp.pd_linux`, with the object `timbre_transfer`.
//!
//! `m_pd` declares what Pd exports, `host` makes it safe, `timbre_transfer` is the object and answers its messages,
//! `message` reads them, `worker` does the work on a thread of its own, and `job` is that work. Pd calls
//! [`ddsp_setup`] when it loads the library; a live `ddsp~` would be registered there, too.

mod host;
mod job;
mod m_pd;
mod message;
mod timbre_transfer;
mod worker;

pub use host::ddsp_setup;
pub use m_pd::SIZES;
