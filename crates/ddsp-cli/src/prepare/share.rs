//! Which part of each recording is held out: the last of it, so that no sample is in both parts.

use std::ops::Range;
use std::path::PathBuf;

use super::scan::Scan;
use super::settings::Settings;

/// Frames to train on, and frames held out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) train: Range<usize>,
    pub(super) held_out: Range<usize>,
}

/// Holds the last part of every recording out that is long enough to be cut; of recordings that are too short for that, whole ones from
/// the last on, until the share is reached. Something stays to train on.
pub(super) fn shares(scans: &[(PathBuf, Scan)], settings: &Settings) -> Vec<Share> {
    let lengths: Vec<usize> = scans.iter().map(|(_, scan)| scan.n_frames).collect();
    shares_of(&lengths, settings.held_out, settings.example_frames())
}

fn shares_of(lengths: &[usize], held_out: f64, example_frames: usize) -> Vec<Share> {
    let n_all: usize = lengths.iter().sum();
    let mut n_left = (n_all as f64 * held_out) as usize;
    let mut shares: Vec<Share> =
        lengths.iter().map(|&n| Share { train: 0..n, held_out: n..n }).collect();
    if n_left == 0 {
        return shares;
    }
    for (share, &n) in shares.iter_mut().zip(lengths) {
        let n_last = (n as f64 * held_out) as usize;
        if n_last >= example_frames {
            *share = Share { train: 0..n - n_last, held_out: n - n_last..n };
            n_left = n_left.saturating_sub(n_last);
        }
    }
    let is_whole = |share: &Share| share.held_out.is_empty();
    let mut n_whole = shares.iter().filter(|share| is_whole(share)).count();
    let can_spare = |n_whole: usize| n_whole > 1 || n_whole < lengths.len();
    for (share, &n) in shares.iter_mut().zip(lengths).rev() {
        if n_left > 0
            && is_whole(share)
            && can_spare(n_whole)
            && n <= 2 * n_left.max(example_frames)
        {
            *share = Share { train: 0..0, held_out: 0..n };
            n_whole -= 1;
            n_left = n_left.saturating_sub(n);
        }
    }
    // A single recording, or a few, too short for its share to be an example: one example is held out.
    if shares.iter().all(is_whole)
        && let Some((share, &n)) = shares.iter_mut().zip(lengths).max_by_key(|(_, n)| **n)
        && n >= 2 * example_frames
    {
        *share = Share { train: 0..n - example_frames, held_out: n - example_frames..n };
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_is_held_out_and_something_stays() {
        let long = shares_of(&[100_000], 0.1, 1000);
        assert_eq!(long, [Share { train: 0..90_000, held_out: 90_000..100_000 }]);
        let one_short = shares_of(&[5000], 0.1, 1000);
        assert_eq!(one_short, [Share { train: 0..4000, held_out: 4000..5000 }]);
        let too_short = shares_of(&[1500], 0.1, 1000);
        assert_eq!(too_short, [Share { train: 0..1500, held_out: 1500..1500 }]);
        let many = shares_of(&[1500; 20], 0.1, 1000);
        assert_eq!(many.iter().filter(|share| share.train.is_empty()).count(), 2);
        for share in long.iter().chain(&one_short).chain(&many) {
            let is_apart = share.train.end <= share.held_out.start || share.train.is_empty();
            assert!(is_apart, "{share:?}");
        }
        assert_eq!(shares_of(&[9000, 9000], 0.0, 1000)[1].train, 0..9000);
    }
}
