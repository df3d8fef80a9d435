//! Levels in decibels.

use crate::real::Real;

/// Decibels to a linear amplitude: 20 dB is a factor of ten.
///
/// *Reference*: Magenta's `core.db_to_amplitude`.
pub fn db_to_amplitude<R: Real>(db: R) -> R {
    R::narrow(10.0_f64.powf(db.widen() / 20.0))
}

/// Decibels to a linear power: 10 dB is a factor of ten.
///
/// *Reference*: Magenta's `core.db_to_power`.
pub fn db_to_power<R: Real>(db: R) -> R {
    R::narrow(10.0_f64.powf(db.widen() / 10.0))
}

/// A linear amplitude to decibels; zero becomes minus infinity. [`DecibelScale`] has a floor.
pub fn amplitude_to_db<R: Real>(amplitude: R) -> R {
    R::narrow(20.0 * amplitude.widen().log10())
}

/// A decibel scale that ends `range_db` below `ref_db`, and nowhere goes below `-range_db`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecibelScale {
    /// What is called 0 dB.
    pub ref_db: f64,
    /// Where the scale ends.
    pub range_db: f64,
}

impl Default for DecibelScale {
    /// Magenta's defaults: 80 dB below an amplitude of 1.
    fn default() -> Self {
        Self { ref_db: 0.0, range_db: 80.0 }
    }
}

impl DecibelScale {
    /// The level of an amplitude, whose sign does not matter.
    ///
    /// *Reference*: Magenta's `core.amplitude_to_db`.
    pub fn amplitude_to_db<R: Real>(self, amplitude: R) -> R {
        let amplitude = amplitude.widen();
        R::narrow(self.level_db(amplitude * amplitude))
    }

    /// The level of a power.
    ///
    /// *Reference*: Magenta's `core.power_to_db`.
    pub fn power_to_db<R: Real>(self, power: R) -> R {
        R::narrow(self.level_db(power.widen()))
    }

    fn level_db(self, power: f64) -> f64 {
        let floor = 10.0_f64.powf(-self.range_db / 10.0);
        (10.0 * power.max(floor).log10() - self.ref_db).max(-self.range_db)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_goes_there_and_back() {
        assert!((db_to_amplitude::<f64>(-6.0206) - 0.5).abs() < 1e-6);
        assert!((db_to_power::<f64>(-3.0103) - 0.5).abs() < 1e-6);
        assert!((amplitude_to_db(db_to_amplitude(-33.0_f64)) + 33.0).abs() < 1e-9);
    }

    #[test]
    fn a_scale_has_a_floor_and_a_reference() {
        let scale = DecibelScale { ref_db: 20.0, range_db: 60.0 };
        assert_eq!(scale.power_to_db(0.0_f32), -60.0);
        assert!((scale.amplitude_to_db(-1.0_f64) + 20.0).abs() < 1e-12);
        assert!((scale.power_to_db(100.0_f64)).abs() < 1e-12);
        assert_eq!(DecibelScale::default().amplitude_to_db(1e-9_f64), -80.0);
    }
}
