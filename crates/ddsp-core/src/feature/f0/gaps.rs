//! A frequency for the frames that have none.

/// The frequency of every frame of a clip in which nothing is voiced, in Hz: A3, where voices and most
/// instruments can play, so that whatever follows gets a playable number.
pub const UNPITCHED_F0_HZ: f32 = 220.0;

/// Fills the unvoiced frames of `f0_hz`: a straight line in log frequency between the voiced frames on
/// both sides, the nearest voiced frequency at the ends, [`UNPITCHED_F0_HZ`] if no frame is voiced.
///
/// *Shapes*: `f0_hz` and `voiced` `[n_frames]`.
pub(super) fn bridge(f0_hz: &mut [f32], voiced: &[bool]) {
    let mut before: Option<usize> = None;
    for i in 0..f0_hz.len() {
        if !voiced[i] {
            continue;
        }
        match before {
            Some(start) => glide(&mut f0_hz[start..=i]),
            None => {
                let first = f0_hz[i];
                f0_hz[..i].fill(first);
            }
        }
        before = Some(i);
    }
    let (start, value) = before.map_or((0, UNPITCHED_F0_HZ), |last| (last + 1, f0_hz[last]));
    f0_hz[start..].fill(value);
}

/// Overwrites all but the first and last value of `f0_hz` by a straight line in log frequency.
fn glide(f0_hz: &mut [f32]) {
    let n = f0_hz.len() - 1;
    let (from, to) = (f0_hz[0].log2(), f0_hz[n].log2());
    for i in 1..n {
        f0_hz[i] = (from + (to - from) * (i as f32 / n as f32)).exp2();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_a_straight_line_in_log_frequency() {
        let mut f0_hz = [0.0, 110.0, 0.0, 0.0, 0.0, 440.0, 0.0];
        let voiced = f0_hz.map(|f| f > 0.0);
        bridge(&mut f0_hz, &voiced);
        let expected = [110.0, 110.0, 155.5635, 220.0, 311.127, 440.0, 440.0];
        for (actual, expected) in f0_hz.iter().zip(expected) {
            assert!((actual / expected - 1.0).abs() < 1e-5, "{actual}, not {expected}");
        }
    }

    #[test]
    fn voiced_frames_keep_their_bits() {
        let mut f0_hz = [100.1, 100.2, 0.0, 100.3];
        bridge(&mut f0_hz, &[true, true, false, true]);
        assert_eq!([f0_hz[0], f0_hz[1], f0_hz[3]], [100.1, 100.2, 100.3]);
    }

    #[test]
    fn without_voice_the_frequency_is_the_agreed_constant() {
        let mut f0_hz = [0.0; 3];
        bridge(&mut f0_hz, &[false; 3]);
        assert_eq!(f0_hz, [UNPITCHED_F0_HZ; 3]);
        bridge(&mut [], &[]);
    }
}
