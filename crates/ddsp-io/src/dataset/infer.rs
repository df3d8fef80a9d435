//! The description of a data set that has none: rates from lengths.

use std::path::{Path, PathBuf};

use ddsp_core::feature::loudness::LoudnessConfig;

use super::example::{AUDIO, AUDIO_16K, F0_HZ, Placed, SOURCE, START_S, lacks};
use super::files::Records;
use super::info::{DATASET_VERSION, DatasetInfo};
use crate::error::{Error, Result};
use crate::tfrecord::Features;

/// The length of Magenta's examples, unless their audio at 16 kHz tells another.
const EXAMPLE_S: f64 = 4.0;
/// From one of Magenta's examples to the next, unless the first two tell otherwise.
const HOP_S: f64 = 1.0;

/// Describes the data set of these files by its first two examples.
///
/// Recordings of Magenta's are not scaled, loudness is that of its version 3 and f0 by CREPE. Lengths are counted by the
/// index, later.
pub(super) fn infer(path: &Path, files: &[PathBuf]) -> Result<DatasetInfo> {
    let mut records = Records::new(files);
    let Some(first) = records.next() else {
        return Err(Error::dataset(path, "expected examples, found no record in its files"));
    };
    let (file, first) = first?;
    let count = |name: &str| first.floats(name).map(<[f32]>::len).filter(|n| *n > 0);
    let n_samples = count(AUDIO).ok_or_else(|| lacks(&file, AUDIO))?;
    let n_frames = count(F0_HZ).ok_or_else(|| lacks(&file, F0_HZ))?;
    let example_s = count(AUDIO_16K).map_or(EXAMPLE_S, |n| n as f64 / 16_000.0);
    let (n_hops, center) = match n_frames {
        n if n_samples % n == 0 => (n, false),
        n if n > 1 && n_samples % (n - 1) == 0 => (n - 1, true),
        n => {
            let detail = format!(
                "expected a whole number of samples a frame, found {n_samples} samples and {n} frames"
            );
            return Err(Error::dataset(&file, detail));
        }
    };
    let rate = |n: usize, what: &str| {
        let rate = n as f64 / example_s;
        // A rate out of reason is refused by the check of the description.
        if rate.fract() == 0.0 && rate < 1e6 {
            return Ok(rate as u32);
        }
        let detail = format!("expected a whole number of {what} a second, found {rate}");
        Err(Error::dataset(&file, detail))
    };
    let mut info = DatasetInfo {
        format_version: DATASET_VERSION,
        sample_rate: rate(n_samples, "samples")?,
        frame_rate: rate(n_hops, "frames")?,
        center,
        example_s,
        hop_s: HOP_S.min(example_s),
        input_peak: None,
        f0_tracker: "crepe_full".to_owned(),
        f0_detail: "as Magenta's ddsp_prepare_tfrecord writes it".to_owned(),
        loudness: LoudnessConfig::magenta_3(),
        statistics: None,
        sources: Vec::new(),
        reverberation: None,
        train_s: 0.0,
        held_out_s: 0.0,
        n_train_examples: 0,
        n_held_out_examples: 0,
        grade: Vec::new(),
        made_from: String::new(),
    };
    info.validate(&file)?;
    if let Some(second) = records.next()
        && let Some(hops) = overlap(&first, &second?.1, &info)
    {
        info.hop_s = hops as f64 / f64::from(info.frame_rate);
    }
    Ok(info)
}

/// By how many hops the second example begins after the first, if all that they share is the same.
fn overlap(first: &Features, second: &Features, info: &DatasetInfo) -> Option<usize> {
    let (first, second) = (first.floats(AUDIO)?, second.floats(AUDIO)?);
    let (n_hops, hop_size) = (info.example_hops(), info.hop_size());
    let usual = (info.hop_s * f64::from(info.frame_rate)) as usize;
    let shared = |hops: usize| {
        let tail = first.get(hops * hop_size..)?;
        // Of what is nothing but silence any overlap would do.
        let is_same = second.get(..tail.len())? == tail && tail.iter().any(|x| *x != 0.0);
        is_same.then_some(hops)
    };
    std::iter::once(usual).chain(1..n_hops).find_map(shared)
}

/// Where a record says that it comes from.
pub(super) fn placed(features: &Features) -> Option<Placed> {
    let source = String::from_utf8_lossy(features.bytes(SOURCE)?).into_owned();
    let start_s = *features.floats(START_S)?.first()?;
    (start_s.is_finite() && start_s >= 0.0).then_some(Placed { source, start_s })
}
