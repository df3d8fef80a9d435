//! Steps downhill.

mod adam;

pub use adam::Adam;
