//! How the level of the transfer follows the recording: where it sounds, and where it rests.

/// The length of audio of which a frame's level is taken.
const WINDOW_S: f64 = 0.02;

/// A frame this far below the loudest of its clip is quiet.
const QUIET_DB: f64 = 50.0;

/// After so much quiet the recording is silent: what was sung has died away by then, and what the
/// instrument still plays is a leak. The instrument may also begin this much early.
const DYING_S: f64 = 0.1;
const BEGINNING_S: f64 = 0.02;

/// Silence and what is quieter than any converter.
const FLOOR_DB: f64 = -120.0;

/// Which of `n_frames` frames are silent: those in stretches more than [`QUIET_DB`] below the clip's loudest
/// frame, without the first [`DYING_S`] and the last [`BEGINNING_S`] of each.
pub(super) fn silent_frames(
    samples: &[f32],
    sample_rate: u32,
    hop_size: usize,
    n_frames: usize,
) -> Vec<bool> {
    let half = (0.5 * WINDOW_S * f64::from(sample_rate)) as usize;
    let powers: Vec<f64> = (0..n_frames)
        .map(|i| {
            let end = (i * hop_size + half).min(samples.len());
            mean_power(&samples[(i * hop_size).saturating_sub(half).min(end)..end])
        })
        .collect();
    let loudest = powers.iter().copied().fold(0.0, f64::max);
    let limit = loudest * 10.0_f64.powf(-QUIET_DB / 10.0);
    let in_frames = |seconds: f64| (seconds * f64::from(sample_rate) / hop_size as f64) as usize;
    let (dying, beginning) = (in_frames(DYING_S), in_frames(BEGINNING_S));
    let mut is_silent = vec![false; n_frames];
    let mut first = 0;
    for stretch in powers.chunk_by(|a, b| (*a <= limit) == (*b <= limit)) {
        let end = first + stretch.len();
        if stretch[0] <= limit && stretch.len() > dying + beginning {
            // Nothing dies away before a clip begins, and nothing begins after its end.
            let from = if first == 0 { 0 } else { first + dying };
            let to = if end == n_frames { end } else { end - beginning };
            is_silent[from..to].fill(true);
        }
        first = end;
    }
    is_silent
}

/// The level of `samples` over the frames that `is_silent` names, in dB of full scale; none without any.
pub(super) fn leakage_db(samples: &[f32], hop_size: usize, is_silent: &[bool]) -> Option<f64> {
    let frames = samples.chunks(hop_size).zip(is_silent).filter(|(_, silent)| **silent);
    let powers: Vec<f64> = frames.map(|(frame, _)| mean_power(frame)).collect();
    let mean = powers.iter().sum::<f64>() / powers.len() as f64;
    (!powers.is_empty()).then(|| (10.0 * mean.log10()).max(FLOOR_DB))
}

/// Pearson's correlation of `a` and `b` over the frames that are not silent; none if either is constant.
pub(super) fn correlation(a: &[f32], b: &[f32], is_silent: &[bool]) -> Option<f64> {
    let sounding = a.iter().zip(b).zip(is_silent).filter(|(_, silent)| !**silent);
    let pairs: Vec<(f64, f64)> =
        sounding.map(|((a, b), _)| (f64::from(*a), f64::from(*b))).collect();
    let n = pairs.len() as f64;
    let sum = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
    let (mean_a, mean_b) = (sum(&|p| p.0) / n, sum(&|p| p.1) / n);
    let both = sum(&|p| (p.0 - mean_a) * (p.1 - mean_b));
    let (var_a, var_b) = (sum(&|p| (p.0 - mean_a).powi(2)), sum(&|p| (p.1 - mean_b).powi(2)));
    // Zero, or not a number when there are no pairs.
    (var_a > 0.0 && var_b > 0.0).then(|| both / (var_a * var_b).sqrt())
}

fn mean_power(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|x| f64::from(*x).powi(2)).sum();
    sum / samples.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 16_000;
    const HOP: usize = 64;

    fn silent(samples: &[f32]) -> Vec<bool> {
        silent_frames(samples, RATE, HOP, samples.len().div_ceil(HOP))
    }

    #[test]
    fn a_rest_is_silent_once_the_note_has_died_away() {
        let mut samples = vec![0.1; 48_000];
        samples[16_000..32_000].fill(1e-4);
        let silent = silent(&samples);
        // The window is half before a frame and half behind.
        let first = silent.iter().position(|s| *s).unwrap();
        let last = silent.iter().rposition(|s| *s).unwrap();
        assert!(
            first.abs_diff(250 + 25 + 2) <= 1 && last.abs_diff(500 - 5 - 3) <= 1,
            "{first} {last}"
        );
        assert!(silent[first..=last].iter().all(|s| *s));
    }

    #[test]
    fn short_and_shallow_rests_are_not_and_silence_is_all_silent() {
        let mut samples = vec![0.1; 48_000];
        samples[8_000..9_000].fill(0.0);
        samples[16_000..32_000].fill(1e-3);
        assert!(silent(&samples).iter().all(|s| !s));
        assert!(silent(&[0.0; 8_000]).iter().all(|s| *s));
        assert!(silent(&[]).is_empty());
    }

    #[test]
    fn a_leak_has_its_level() {
        let samples = [vec![1.0; HOP], vec![1e-3; HOP], vec![0.0; HOP]].concat();
        let near = |x: Option<f64>, y: f64| assert!((x.unwrap() - y).abs() < 1e-3, "{x:?}");
        near(leakage_db(&samples, HOP, &[false, true, false]), -60.0);
        near(leakage_db(&samples, HOP, &[false, true, true]), -63.0103);
        near(leakage_db(&samples, HOP, &[false, false, true]), FLOOR_DB);
        assert_eq!(leakage_db(&samples, HOP, &[false; 3]), None);
    }

    #[test]
    fn correlation_is_pearsons() {
        let a = [1.0, 2.0, 3.0, 9.0];
        let near = |x: Option<f64>, y: f64| assert!((x.unwrap() - y).abs() < 1e-12, "{x:?}");
        near(correlation(&a, &[2.0, 4.0, 6.0, -70.0], &[false, false, false, true]), 1.0);
        near(correlation(&a, &[-1.0, -2.0, -3.0, -9.0], &[false; 4]), -1.0);
        assert_eq!(correlation(&a, &[5.0; 4], &[false; 4]), None);
        assert_eq!(correlation(&a, &a, &[true; 4]), None);
    }
}
