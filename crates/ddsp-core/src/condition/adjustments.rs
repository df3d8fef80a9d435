//! What a musician may change between the recording and the instrument.

use std::ops::RangeInclusive;

use super::TuneForm;
use crate::error::Error;

/// What a musician may change between the recording and the instrument. The default changes nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Adjustments {
    /// Whether notes are fitted to the instrument's [`DatasetStatistics`](super::DatasetStatistics), if it has any:
    /// pitch by whole octaves, loudness by its distribution.
    pub auto_adjust: bool,
    /// How far what is surely no note is turned down; less where it is nearly one.
    pub quiet_db: f64,
    /// How far each pitch is drawn to the nearest note of the scale, 0 to 1.
    pub autotune: f64,
    /// Which notes autotune knows.
    pub autotune_form: TuneForm,
    /// Added to the pitch, in octaves.
    pub f0_octave_shift: f64,
    /// Frames whose pitch is less sure than this play noise alone, 0 to 1.
    pub f0_confidence_threshold: f64,
    /// Added to the loudness.
    pub loudness_db_shift: f64,
    /// Whether timbre transfer's own rules are kept where ours differ; [`condition`](super::condition) lists them.
    pub magenta_compat: bool,
}

impl Adjustments {
    /// What `f0_octave_shift` may be.
    pub const F0_OCTAVE_SHIFT: RangeInclusive<f64> = -4.0..=4.0;
    /// What `f0_confidence_threshold` may be.
    pub const F0_CONFIDENCE_THRESHOLD: RangeInclusive<f64> = 0.0..=1.0;
    /// What `loudness_db_shift` may be.
    pub const LOUDNESS_DB_SHIFT: RangeInclusive<f64> = -60.0..=60.0;
    /// What `quiet_db` may be.
    pub const QUIET_DB: RangeInclusive<f64> = 0.0..=120.0;
    /// What `autotune` may be.
    pub const AUTOTUNE: RangeInclusive<f64> = 0.0..=1.0;

    /// Checks every number.
    ///
    /// *Errors*: the first that is out of its range or no number, under the name that musicians know.
    pub fn validate(&self) -> Result<(), Error> {
        let controls = [
            ("f0_octave_shift", self.f0_octave_shift, Self::F0_OCTAVE_SHIFT),
            (
                "f0_confidence_threshold",
                self.f0_confidence_threshold,
                Self::F0_CONFIDENCE_THRESHOLD,
            ),
            ("loudness_db_shift", self.loudness_db_shift, Self::LOUDNESS_DB_SHIFT),
            ("quiet", self.quiet_db, Self::QUIET_DB),
            ("autotune", self.autotune, Self::AUTOTUNE),
        ];
        for (name, value, range) in controls {
            if !range.contains(&value) {
                let (least, most) = range.into_inner();
                let detail = format!("expected {least} to {most}, found {value}");
                return Err(Error::config(name, detail));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_or_out_of_range_is_named() {
        assert_eq!(Adjustments::default().validate(), Ok(()));
        let wrong = [
            Adjustments { f0_octave_shift: f64::NAN, ..Adjustments::default() },
            Adjustments { f0_confidence_threshold: 1.5, ..Adjustments::default() },
            Adjustments { quiet_db: -1.0, ..Adjustments::default() },
            Adjustments { autotune: f64::INFINITY, ..Adjustments::default() },
            Adjustments { loudness_db_shift: 61.0, ..Adjustments::default() },
        ];
        let names = [
            "f0_octave_shift",
            "f0_confidence_threshold",
            "quiet",
            "autotune",
            "loudness_db_shift",
        ];
        for (wrong, name) in wrong.iter().zip(names) {
            assert!(wrong.validate().unwrap_err().to_string().starts_with(name));
        }
    }
}
