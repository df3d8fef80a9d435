//! Which stretches of the recordings are learned from and which are held out, and the examples of each.

use std::ops::Range;

use ddsp_io::dataset::Part;

/// A stretch of a recording, in hops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) recording: usize,
    pub(super) hops: Range<usize>,
    pub(super) part: Part,
}

/// Splits recordings of these lengths in hops, each of at least an example.
///
/// The end of each recording is held out where a `share` of it makes an example. Of those that are too short for that whole
/// ones are held out until the share of them is reached. If that holds out nothing, though two examples fit side by side, the
/// last one does.
pub(super) fn split(lengths: &[usize], example_hops: usize, share: f64) -> Vec<Stretch> {
    let held = |n_hops: usize| (n_hops as f64 * share).round() as usize;
    let is_long = |n_hops: usize| held(n_hops) >= example_hops;
    let mut n_held: Vec<usize> =
        lengths.iter().map(|&n| if is_long(n) { held(n) } else { 0 }).collect();
    let short = || (0..lengths.len()).filter(|&i| !is_long(lengths[i]));
    let wanted = held(short().map(|i| lengths[i]).sum());
    let mut n_pooled = 0;
    // From the last on, as the ends of long ones; one that is too much of the share stays.
    for i in short().collect::<Vec<_>>().into_iter().rev() {
        if n_pooled + lengths[i] <= wanted.saturating_add(lengths[i] / 2) && n_pooled < wanted {
            n_pooled += lengths[i];
            n_held[i] = lengths[i];
        }
    }
    if share > 0.0 && n_held.iter().all(|n| *n == 0) {
        hold_out_one(&mut n_held, lengths, example_hops);
    }
    let mut stretches = Vec::new();
    for (recording, (&n_hops, n_held)) in lengths.iter().zip(n_held).enumerate() {
        let cut = n_hops - n_held;
        for (hops, part) in [(0..cut, Part::Train), (cut..n_hops, Part::HeldOut)] {
            if !hops.is_empty() {
                stretches.push(Stretch { recording, hops, part });
            }
        }
    }
    stretches
}

/// Holds out the end of the last recording that two examples fit into, or else the last of several recordings.
fn hold_out_one(n_held: &mut [usize], lengths: &[usize], example_hops: usize) {
    if let Some(i) = lengths.iter().rposition(|n| *n >= 2 * example_hops) {
        n_held[i] = example_hops;
    } else if lengths.len() > 1 {
        n_held[lengths.len() - 1] = lengths[lengths.len() - 1];
    }
}

/// Where the examples of a stretch begin: one every `step_hops`, and one that ends with it, so that none of it is lost.
pub(super) fn starts(hops: &Range<usize>, example_hops: usize, step_hops: usize) -> Vec<usize> {
    let Some(last) = hops.end.checked_sub(example_hops).filter(|last| *last >= hops.start) else {
        return Vec::new();
    };
    let mut starts: Vec<usize> = (hops.start..=last).step_by(step_hops).collect();
    if starts.last() != Some(&last) {
        starts.push(last);
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(lengths: &[usize], share: f64) -> Vec<(usize, Range<usize>)> {
        let all = split(lengths, 4, share);
        let n: usize = all.iter().map(|stretch| stretch.hops.len()).sum();
        assert_eq!(n, lengths.iter().sum::<usize>(), "nothing is lost, nothing is twice there");
        all.into_iter()
            .filter(|stretch| stretch.part == Part::HeldOut)
            .map(|stretch| (stretch.recording, stretch.hops))
            .collect()
    }

    #[test]
    fn the_end_of_long_ones_and_whole_short_ones_are_held_out() {
        assert_eq!(held(&[100], 0.1), [(0, 90..100)]);
        assert_eq!(held(&[100, 50], 0.1), [(0, 90..100), (1, 45..50)]);
        assert_eq!(held(&[100, 10, 10, 10], 0.2), [(0, 80..100), (3, 0..10)]);
        assert_eq!(held(&[100, 10, 10, 10], 0.1), [(0, 90..100)]);
        assert_eq!(held(&[10; 10], 0.2), [(8, 0..10), (9, 0..10)]);
    }

    #[test]
    fn something_is_held_out_wherever_two_examples_fit() {
        assert_eq!(held(&[8], 0.1), [(0, 4..8)]);
        assert_eq!(held(&[5, 5], 0.1), [(1, 0..5)]);
        assert_eq!(held(&[7], 0.1), []);
        assert_eq!(held(&[100], 0.0), []);
        assert_eq!(held(&[20, 20], 0.1), [(1, 16..20)]);
    }

    #[test]
    fn examples_reach_to_the_end() {
        assert_eq!(starts(&(0..10), 4, 2), [0, 2, 4, 6]);
        assert_eq!(starts(&(5..16), 4, 3), [5, 8, 11, 12]);
        assert_eq!(starts(&(0..3), 4, 1), [0; 0]);
    }
}
