//! Steps downhill.

mod adam;

pub use adam::{Adam, gradient_norm};
