//! Examples joined again: overlapping ones become one stretch of audio.

use std::ops::Range;
use std::path::PathBuf;

use super::files::Records;
use super::index::Index;
use super::{DatasetInfo, Example};
use crate::error::{Error, Result};

/// The stretches of clips, each filled from the records that touch it.
pub(super) fn join(
    files: &[PathBuf],
    info: &DatasetInfo,
    index: &Index,
    stretches: &[(usize, Range<usize>)],
) -> Result<Vec<Example>> {
    let mut clips: Vec<Example> = Vec::new();
    clips.resize_with(stretches.len(), Example::default);
    let mut of_clip: Vec<Option<usize>> = vec![None; index.clips.len()];
    stretches.iter().enumerate().for_each(|(i, (clip, _))| of_clip[*clip] = Some(i));
    for (i, record) in Records::new(files).enumerate() {
        let (path, mut features) = record?;
        let Some(&(clip, hop)) = index.records.get(i) else {
            return Err(Error::dataset(&path, "expected the records that it had, found more"));
        };
        let example = Example::from_features(&path, &mut features, info)?;
        if let Some(i) = of_clip[clip] {
            clips[i].put(&example, hop, &stretches[i].1, info);
        }
    }
    Ok(clips)
}

impl Example {
    /// Puts what a record that begins at `hop` of a clip has of the stretch of it that this is. Memory grows with what is put.
    fn put(&mut self, example: &Self, hop: usize, stretch: &Range<usize>, info: &DatasetInfo) {
        let n_hops = info.example_hops();
        let (begin, end) = (hop.max(stretch.start), (hop + n_hops).min(stretch.end));
        if begin >= end {
            return;
        }
        let (from, to, n) = (begin - hop, begin - stretch.start, end - begin);
        let size = info.hop_size();
        put(&mut self.audio, &example.audio, from * size, to * size, n * size);
        let n = info.n_frames(n);
        for (target, source) in [
            (&mut self.f0_hz, &example.f0_hz),
            (&mut self.f0_confidence, &example.f0_confidence),
            (&mut self.loudness_db, &example.loudness_db),
        ] {
            put(target, source, from, to, n);
        }
    }
}

fn put(target: &mut Vec<f32>, source: &[f32], from: usize, to: usize, n: usize) {
    if target.len() < to + n {
        target.resize(to + n, 0.0);
    }
    target[to..to + n].copy_from_slice(&source[from..from + n]);
}
