//! Where each record lies: which clip it is a stretch of, and from which frame on.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::path::PathBuf;

use super::example::{AUDIO, lacks};
use super::files::Records;
use super::infer::placed;
use super::{DatasetInfo, Part};
use crate::error::Result;

/// The share of a data set without a held-out part that is held out.
const HELD_OUT: f64 = 0.1;

/// The records of a data set in the order of its files, and the clips that they make.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Index {
    /// Of each record the clip and the hop of it that it begins at.
    pub(super) records: Vec<(usize, usize)>,
    /// Of each clip the hops.
    pub(super) clips: Vec<usize>,
}

/// What is known of a record before it has its place.
struct Found {
    /// The recording and the hop of it, if the record says so.
    placed: Option<(String, usize)>,
    /// What its audio is in all but the last hop of examples, and in all but the first.
    head: u64,
    tail: u64,
    is_silent: bool,
}

impl Index {
    /// Reads all records once. What says where it comes from is placed by that; else a record follows another if the audio
    /// that they should share is the same, wherever it stands: Magenta's files may be shuffled.
    pub(super) fn read(files: &[PathBuf], info: &DatasetInfo) -> Result<Self> {
        let found: Result<Vec<Found>> = Records::new(files).map(|r| find(r?, info)).collect();
        let found = found?;
        if found.iter().all(|record| record.placed.is_some()) {
            return Ok(Self::of_placed(&found, info));
        }
        Ok(Self::of_overlaps(&found, info))
    }

    fn of_placed(found: &[Found], info: &DatasetInfo) -> Self {
        let n_hops = info.example_hops();
        let mut order: Vec<usize> = (0..found.len()).collect();
        order.sort_by(|&a, &b| found[a].placed.cmp(&found[b].placed));
        let mut index = Self { records: vec![(0, 0); found.len()], clips: Vec::new() };
        // The recording of the clip, and the hops of it that the clip begins and ends at.
        let mut last: Option<(&str, usize, usize)> = None;
        for i in order {
            let Some((source, start)) = &found[i].placed else { continue };
            let end = start.saturating_add(n_hops);
            match last {
                Some((name, begin, reach)) if name == source && *start <= reach => {
                    let clip = index.clips.len() - 1;
                    index.records[i] = (clip, start - begin);
                    index.clips[clip] = end - begin;
                    last = Some((name, begin, end));
                }
                _ => {
                    index.records[i] = (index.clips.len(), 0);
                    index.clips.push(n_hops);
                    last = Some((source, *start, end));
                }
            }
        }
        index
    }

    fn of_overlaps(found: &[Found], info: &DatasetInfo) -> Self {
        let (n_hops, step) = (info.example_hops(), step(info));
        let mut by_head: HashMap<u64, usize> = HashMap::new();
        for (i, record) in found.iter().enumerate().rev() {
            if !record.is_silent {
                by_head.insert(record.head, i);
            }
        }
        let mut next: Vec<Option<usize>> = vec![None; found.len()];
        let mut is_next = vec![false; found.len()];
        for (i, record) in found.iter().enumerate() {
            let follower = by_head.get(&record.tail).copied();
            if let Some(follower) = follower.filter(|&f| f != i && step < n_hops && !is_next[f]) {
                next[i] = Some(follower);
                is_next[follower] = true;
            }
        }
        let mut index = Self { records: vec![(0, 0); found.len()], clips: Vec::new() };
        let mut is_placed = vec![false; found.len()];
        // First the beginnings of clips, then what is left of circles, which only made-up audio has.
        let starts = (0..found.len()).filter(|&i| !is_next[i]).chain(0..found.len());
        for start in starts {
            let (mut at, mut hop) = (Some(start), 0);
            while let Some(i) = at.filter(|&i| !is_placed[i]) {
                index.records[i] = (index.clips.len(), hop);
                is_placed[i] = true;
                hop += step;
                at = next[i];
            }
            if hop > 0 {
                index.clips.push(hop - step + n_hops);
            }
        }
        index
    }

    /// The hops of all clips.
    pub(super) fn n_hops(&self) -> usize {
        self.clips.iter().sum()
    }

    /// The stretches of clips that make a part of a data set that is all in one: the last tenth is held out, or one example if
    /// that is more and half of the data set remains.
    pub(super) fn stretches(&self, part: Part, info: &DatasetInfo) -> Vec<(usize, Range<usize>)> {
        let n_all = self.n_hops();
        let wanted = (n_all as f64 * HELD_OUT).round() as usize;
        let example = info.example_hops();
        let wanted = if 2 * example <= n_all { wanted.max(example) } else { wanted };
        let cut = n_all - wanted;
        let mut begin = 0;
        let mut stretches = Vec::new();
        for (clip, &n_hops) in self.clips.iter().enumerate() {
            let at = cut.clamp(begin, begin + n_hops) - begin;
            let stretch = match part {
                Part::Train => 0..at,
                Part::HeldOut => at..n_hops,
            };
            if !stretch.is_empty() {
                stretches.push((clip, stretch));
            }
            begin += n_hops;
        }
        stretches
    }
}

/// Hops from one example to the next.
fn step(info: &DatasetInfo) -> usize {
    ((info.hop_s * f64::from(info.frame_rate)).round() as usize).max(1)
}

fn find(
    (path, features): (PathBuf, crate::tfrecord::Features),
    info: &DatasetInfo,
) -> Result<Found> {
    let audio = features.floats(AUDIO).ok_or_else(|| lacks(&path, AUDIO))?;
    let at = |placed: super::Placed| {
        let hop = f64::from(placed.start_s) * f64::from(info.frame_rate);
        (placed.source, hop.round() as usize)
    };
    let placed = placed(&features).map(at);
    if placed.is_some() {
        return Ok(Found { placed, head: 0, tail: 0, is_silent: false });
    }
    let n = (step(info) * info.hop_size()).min(audio.len());
    let (head, tail) = (&audio[..audio.len() - n], &audio[n..]);
    let is_silent = head.iter().all(|x| *x == 0.0);
    Ok(Found { placed, head: hash(head), tail: hash(tail), is_silent })
}

fn hash(samples: &[f32]) -> u64 {
    let mut hasher = DefaultHasher::new();
    samples.iter().for_each(|x| x.to_bits().hash(&mut hasher));
    hasher.finish()
}
