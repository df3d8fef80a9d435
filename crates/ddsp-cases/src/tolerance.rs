//! The tolerance rule, in one place.

/// Integers, masks, shapes, block splits: no difference.
pub const EXACT: f64 = 0.0;
/// Two forms of one element in f32: each rounds a few dozen times on its way.
pub const CROSS_FORM: f64 = 1e-5;
/// A number of Magenta's: the larger of this and twice the reference's own distance from f64.
pub const GOLDEN: f64 = 1e-5;

/// The relative distance of two tensors, `norm(a - b) / norm(b)`; against zeros, `norm(a)`.
///
/// NaN in the one where the other has none is an infinite distance.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "tensors of different sizes cannot be compared");
    let (mut difference, mut norm) = (0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        match (a.is_nan(), b.is_nan()) {
            (true, true) => {}
            (false, false) => {
                difference += (a - b) * (a - b);
                norm += b * b;
            }
            _ => return f64::INFINITY,
        }
    }
    if norm == 0.0 { difference.sqrt() } else { (difference / norm).sqrt() }
}

/// The three distances that end an argument about a tolerance.
#[derive(Debug, Clone, Copy)]
pub struct Distances {
    /// Ours in f32 to ours in f64.
    pub ours_to_f64: f64,
    /// The reference to ours in f64.
    pub reference_to_f64: f64,
    /// Ours in f32 to the reference.
    pub ours_to_reference: f64,
}

impl Distances {
    /// Measures them.
    pub fn new(ours: &[f64], precise: &[f64], reference: &[f64]) -> Self {
        Self {
            ours_to_f64: distance(ours, precise),
            reference_to_f64: distance(reference, precise),
            ours_to_reference: distance(ours, reference),
        }
    }

    /// `max(GOLDEN, 2 d)` where d is the reference's distance from f64.
    ///
    /// `cap` is the largest d that the function may have: [`GOLDEN`] unless there is a known cause.
    pub fn pass(&self, cap: f64) -> bool {
        self.reference_to_f64 <= cap
            && self.ours_to_reference <= GOLDEN.max(2.0 * self.reference_to_f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_refuses_what_it_should() {
        assert_eq!(distance(&[1.0, 2.0], &[1.0, 2.0]), 0.0);
        assert!((distance(&[1.1, 0.0], &[1.0, 0.0]) - 0.1).abs() < 1e-12);
        assert_eq!(distance(&[f64::NAN], &[0.0]), f64::INFINITY);
        assert_eq!(distance(&[f64::NAN], &[f64::NAN]), 0.0);
        assert!(Distances::new(&[1.0], &[1.0], &[1.0]).pass(GOLDEN));
        assert!(!Distances::new(&[1.00002], &[1.0], &[1.0]).pass(GOLDEN));
        // A reference that is itself far from f64 passes only under a cap that admits it.
        let far = Distances::new(&[1.0], &[1.0], &[1.001]);
        assert!(!far.pass(GOLDEN) && far.pass(2e-3));
    }
}
