//! How well an estimated pitch agrees with the true one.
//!
//! *Reference*: Salamon, Gómez, Ellis, Richard 2014, "Melody extraction from polyphonic music signals",
//! IEEE Signal Processing Magazine 31(2). We depart in one place: a frame that the tracker calls
//! unvoiced is wrong, even where its guess at the frequency would have been right.

/// An estimate at most this far from the truth is right.
pub(crate) const TOLERANCE_CENTS: f64 = 50.0;

/// Counts of the frames of a clip.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    n_frames: usize,
    n_voiced: usize,
    n_right: usize,
    n_right_chroma: usize,
    n_octave_errors: usize,
    n_voicing_right: usize,
}

impl Tally {
    /// Counts one frame: the true pitch and the estimated one in Hz, `None` where unvoiced.
    pub(crate) fn add(&mut self, truth_hz: Option<f64>, estimate_hz: Option<f64>) {
        self.n_frames += 1;
        self.n_voicing_right += usize::from(truth_hz.is_some() == estimate_hz.is_some());
        let Some(truth_hz) = truth_hz else { return };
        self.n_voiced += 1;
        let Some(estimate_hz) = estimate_hz else { return };
        match Distance::between(truth_hz, estimate_hz) {
            Distance::Right => {
                self.n_right += 1;
                self.n_right_chroma += 1;
            }
            Distance::Octaves => {
                self.n_octave_errors += 1;
                self.n_right_chroma += 1;
            }
            Distance::Wrong => {}
        }
    }

    /// Raw pitch accuracy: the share of voiced frames that are right. `None` if no frame is voiced.
    pub(crate) fn rpa(&self) -> Option<f64> {
        share(self.n_right, self.n_voiced)
    }

    /// Raw chroma accuracy: the share of voiced frames that are right but for octaves.
    pub(crate) fn rca(&self) -> Option<f64> {
        share(self.n_right_chroma, self.n_voiced)
    }

    /// The share of voiced frames that are off by one octave or more and right but for that.
    pub(crate) fn octave_error(&self) -> Option<f64> {
        share(self.n_octave_errors, self.n_voiced)
    }

    /// The share of all frames whose voicing is right. `None` if there are no frames.
    pub(crate) fn voicing_accuracy(&self) -> Option<f64> {
        share(self.n_voicing_right, self.n_frames)
    }
}

/// The mean of a share over clips, each of the same weight whatever its length; clips without it do not
/// count, and `None` if there are no others.
pub(crate) fn mean(tallies: &[Tally], of: fn(&Tally) -> Option<f64>) -> Option<f64> {
    let shares: Vec<f64> = tallies.iter().filter_map(of).collect();
    (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// What a musician would call the distance of two pitches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distance {
    /// Within [`TOLERANCE_CENTS`].
    Right,
    /// Within [`TOLERANCE_CENTS`] of one or more octaves.
    Octaves,
    /// Neither.
    Wrong,
}

impl Distance {
    /// The distance of two positive frequencies.
    pub(crate) fn between(truth_hz: f64, estimate_hz: f64) -> Self {
        let cents = cents(truth_hz, estimate_hz);
        let octaves = (cents / 1200.0).round();
        if cents.abs() <= TOLERANCE_CENTS {
            Self::Right
        } else if octaves != 0.0 && (cents - 1200.0 * octaves).abs() <= TOLERANCE_CENTS {
            Self::Octaves
        } else {
            Self::Wrong
        }
    }
}

/// How far `hz` lies above `reference_hz`.
pub(crate) fn cents(reference_hz: f64, hz: f64) -> f64 {
    1200.0 * (hz / reference_hz).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn above(hz: f64, cents: f64) -> f64 {
        hz * (cents / 1200.0).exp2()
    }

    fn tally(frames: &[(Option<f64>, Option<f64>)]) -> Tally {
        let mut tally = Tally::default();
        frames.iter().for_each(|(truth, estimate)| tally.add(*truth, *estimate));
        tally
    }

    #[test]
    fn fifty_cents_and_whole_octaves_decide() {
        for (cents, expected) in [
            (0.0, Distance::Right),
            (49.9, Distance::Right),
            (-49.9, Distance::Right),
            (50.1, Distance::Wrong),
            (600.0, Distance::Wrong),
            (1149.0, Distance::Wrong),
            (1151.0, Distance::Octaves),
            (-1200.0, Distance::Octaves),
            (2440.0, Distance::Octaves),
            (-1902.0, Distance::Wrong),
        ] {
            assert_eq!(Distance::between(220.0, above(220.0, cents)), expected, "{cents} cents");
        }
    }

    #[test]
    fn each_share_has_its_own_frames() {
        let tally = tally(&[
            (Some(220.0), Some(221.0)),
            (Some(220.0), Some(440.0)),
            (Some(220.0), Some(300.0)),
            (Some(220.0), None),
            (None, None),
            (None, Some(100.0)),
        ]);
        assert_eq!(tally.rpa(), Some(0.25));
        assert_eq!(tally.rca(), Some(0.5));
        assert_eq!(tally.octave_error(), Some(0.25));
        assert_eq!(tally.voicing_accuracy(), Some(4.0 / 6.0));
    }

    #[test]
    fn every_clip_weighs_the_same() {
        let right = (Some(220.0), Some(220.0));
        let clips = [tally(&[right; 9]), tally(&[(Some(220.0), None)]), tally(&[(None, None)])];
        assert_eq!(mean(&clips, Tally::rpa), Some(0.5));
        assert_eq!(mean(&clips, Tally::voicing_accuracy), Some(2.0 / 3.0));
        assert_eq!(mean(&[], Tally::rpa), None);
    }

    #[test]
    fn nothing_is_no_share_and_no_division_by_zero() {
        assert_eq!(Tally::default().voicing_accuracy(), None);
        let unvoiced = tally(&[(None, None)]);
        assert_eq!((unvoiced.rpa(), unvoiced.voicing_accuracy()), (None, Some(1.0)));
    }
}
