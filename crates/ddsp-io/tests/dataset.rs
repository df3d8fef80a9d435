//! Data sets: ours and Magenta's, whole and damaged.
//!
//! `DDSP_MUTATIONS=4000` asks for that many damaged ones of each kind instead of the usual 300.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ddsp_cases::{golden_dir, shared_dir};
use ddsp_core::feature::framing::Padding;
use ddsp_core::feature::loudness::{LoudnessConfig, loudness_db};
use ddsp_io::dataset::{DATASET_VERSION, Dataset, DatasetInfo, Example, Part, Placed, ShardWriter};
use safetensors::SafeTensors;
use tempfile::TempDir;

/// A data set of 0.1 s examples at 8 kHz with 100 frames a second, each 0.05 s after the one before.
fn info() -> DatasetInfo {
    DatasetInfo {
        format_version: DATASET_VERSION,
        sample_rate: 8_000,
        frame_rate: 100,
        center: true,
        example_s: 0.1,
        hop_s: 0.05,
        input_peak: Some(0.9),
        f0_tracker: "autocorrelation".to_owned(),
        f0_detail: String::new(),
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
    }
}

/// The stretch of a made-up recording from one hop to another.
fn stretch(seed: usize, begin: usize, end: usize) -> Example {
    let hop_size = info().hop_size();
    let sample = |n: usize| ((n * 7919 + seed) % 2001) as f32 / 1024.0;
    let frame = |i: usize| (seed + i) as f32;
    Example {
        audio: (begin * hop_size..end * hop_size).map(sample).collect(),
        f0_hz: (begin..=end).map(frame).collect(),
        f0_confidence: (begin..=end).map(|i| frame(i) / 1024.0).collect(),
        loudness_db: (begin..=end).map(|i| -frame(i) / 64.0).collect(),
    }
}

fn write_part(folder: &Path, part: Part, stretches: &[(&str, usize, usize)]) {
    let mut writer = ShardWriter::new(folder, part);
    for &(source, seed, begin) in stretches {
        let example = stretch(seed, begin, begin + 10);
        let placed = Placed { source: source.to_owned(), start_s: begin as f32 / 100.0 };
        writer.write(&example.to_features(&example.audio, &placed)).unwrap();
    }
    assert_eq!(writer.finish().unwrap(), stretches.len() as u64);
}

fn ours() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let train = [("a", 1, 0), ("a", 1, 5), ("a", 1, 7), ("a", 1, 40), ("b", 2, 0)];
    write_part(folder.path(), Part::Train, &train);
    write_part(folder.path(), Part::HeldOut, &[("b", 2, 10)]);
    info().write(folder.path()).unwrap();
    folder
}

#[test]
fn overlapping_examples_become_one_clip_and_gaps_remain() {
    let folder = ours();
    let dataset = Dataset::open(folder.path()).unwrap();
    assert_eq!(dataset.info(), &info());
    let clips = dataset.clips(Part::Train).unwrap();
    assert_eq!(clips, [stretch(1, 0, 17), stretch(1, 40, 50), stretch(2, 0, 10)]);
    assert_eq!(dataset.clips(Part::HeldOut).unwrap(), [stretch(2, 10, 20)]);
    let examples: Vec<Example> = dataset.examples(Part::Train).map(Result::unwrap).collect();
    assert_eq!(examples.len(), 5);
    assert_eq!(examples[2], stretch(1, 7, 17));
}

#[test]
fn a_data_set_may_be_moved_and_a_missing_file_is_noticed() {
    let folder = ours();
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let clips = |path: &Path| Dataset::open(path).unwrap().clips(Part::Train).unwrap();
    assert_eq!(clips(folder.path()), clips(copy.path()));
    let (shard, renamed) = ("train.tfrecord-00000-of-00001", "train.tfrecord-00001-of-00002");
    fs::rename(copy.path().join(shard), copy.path().join(renamed)).unwrap();
    let e = Dataset::open(copy.path()).unwrap_err().to_string();
    assert!(e.contains("copy the whole folder again"), "{e}");
}

#[test]
fn tensorflows_bytes_are_read_and_a_part_is_held_out() {
    let dataset = Dataset::open(&golden_dir().join("tfrecord")).unwrap();
    let info = dataset.info();
    assert_eq!((info.sample_rate, info.frame_rate, info.center), (16_000, 250, false));
    assert_eq!((info.example_s, info.hop_s), (0.04, 0.02));
    assert_eq!((info.f0_tracker.as_str(), info.input_peak), ("crepe_full", None));
    let (train, held_out) =
        (dataset.clips(Part::Train).unwrap(), dataset.clips(Part::HeldOut).unwrap());
    assert_eq!((train.len(), held_out.len()), (1, 1));
    let audio = [&train[0].audio[..], &held_out[0].audio].concat();
    let sample = |n: usize| ((n * 7919) % 2001) as f32 / 1024.0 - 1000.0 / 1024.0;
    assert_eq!(audio, (0..1280).map(sample).collect::<Vec<f32>>());
    let f0_hz = [&train[0].f0_hz[..], &held_out[0].f0_hz].concat();
    assert_eq!(f0_hz, (200..220).map(|hz| hz as f32).collect::<Vec<f32>>());
    assert_eq!(held_out[0].f0_hz.len(), 10);
    assert_eq!(dataset.examples(Part::Train).count(), 1);
    assert_eq!(dataset.examples(Part::HeldOut).count(), 1);
    let single = golden_dir().join("tfrecord/tiny.tfrecord-00000-of-00001");
    let pattern = golden_dir().join("tfrecord/tiny.tfrecord*");
    for path in [single, pattern] {
        assert_eq!(Dataset::open(&path).unwrap().clips(Part::Train).unwrap(), train);
    }
}

/// Magenta's own files with what TensorFlow reads from them, where they are beside the repository.
#[test]
fn magentas_files_are_read_to_the_stored_values() {
    let Some(folder) = shared_dir().map(|dir| dir.join("oracle/tfrecord")) else { return };
    for (name, frame_rate, center) in
        [("violin_250fps", 250, false), ("violin_50fps_centered", 50, true)]
    {
        let path = folder.join(format!("{name}.tfrecord-00000-of-00001"));
        let dataset = Dataset::open(&path).unwrap();
        let info = dataset.info();
        assert_eq!((info.sample_rate, info.frame_rate, info.center), (16_000, frame_rate, center));
        let bytes = fs::read(folder.join(format!("{name}.safetensors"))).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let stored = |i: usize, key: &str| -> Vec<f32> {
            let data = tensors.tensor(&format!("{i}/{key}")).unwrap().data().to_vec();
            data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
        };
        let bytes = fs::read(&path).unwrap();
        let records = ddsp_io::tfrecord::RecordReader::new(&path, &bytes[..]);
        for (i, record) in records.enumerate() {
            let features = ddsp_io::tfrecord::Features::from_bytes(&record.unwrap()).unwrap();
            for key in ["audio", "audio_16k", "f0_hz", "f0_confidence", "loudness_db"] {
                assert_eq!(features.floats(key).unwrap(), stored(i, key), "{name} {i} {key}");
            }
        }
        if !center {
            let config = LoudnessConfig::magenta_3();
            for i in 0..2 {
                let audio = stored(i, "audio");
                let ours = loudness_db(&audio, 16_000, 64, 1000, Padding::Same, &config);
                let theirs = stored(i, "loudness_db");
                let worst = (8..960).map(|n| (ours[n] - theirs[n]).abs()).fold(0.0, f32::max);
                println!("{name} {i}: loudness within {worst:e} dB");
                assert!(worst < 1e-3, "{worst}");
            }
        }
        let n = |part| -> usize {
            dataset.clips(part).unwrap().iter().map(|clip| clip.audio.len()).sum()
        };
        println!("{name}: {} and {} samples, {info:?}", n(Part::Train), n(Part::HeldOut));
    }
}

#[test]
fn what_is_no_data_set_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let says = |path: &Path, words: &str| {
        let e = Dataset::open(path).unwrap_err().to_string();
        assert!(e.contains(words), "{e}");
    };
    says(folder.path(), "ddsp prepare makes one of recordings");
    says(&folder.path().join("none"), "no such file");
    says(&folder.path().join("none*"), "found none of this pattern");
    fs::write(folder.path().join("a.tfrecord"), "RIFF, but no record").unwrap();
    says(folder.path(), "expected a file of TensorFlow records");
    fs::write(folder.path().join("a.tfrecord"), "").unwrap();
    says(folder.path(), "found no record");
    fs::write(folder.path().join("dataset.json"), "{}").unwrap();
    says(folder.path(), "expected the description of a data set");
    for (change, words) in [
        (DatasetInfo { format_version: 9, ..info() }, "prepare it again"),
        (DatasetInfo { frame_rate: 99, ..info() }, "a divisor of 8000 Hz"),
        (DatasetInfo { example_s: f64::MAX, ..info() }, "example_s"),
        (info(), "found none: copy the whole folder again"),
    ] {
        change.write(folder.path()).unwrap();
        says(folder.path(), words);
    }
}

/// One reading may take this long, on a busy machine.
const MAX_DURATION: Duration = Duration::from_secs(2);

/// Deterministic, small and good enough to choose bytes (Marsaglia 2003, xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    /// A few changed bytes.
    fn damage(&mut self, bytes: &mut [u8]) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            bytes[at] = match self.below(3) {
                0 => bytes[at] ^ 1 << self.below(8),
                1 => self.below(256) as u8,
                _ => [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
            };
        }
    }
}

/// Reads all of it and says whether it went well.
fn survives(path: &Path) -> bool {
    let started = Instant::now();
    let read = || {
        let dataset = Dataset::open(path)?;
        let parts = [dataset.clips(Part::Train)?, dataset.clips(Part::HeldOut)?];
        dataset.examples(Part::Train).collect::<Result<Vec<_>, _>>()?;
        Ok::<_, ddsp_io::Error>(parts)
    };
    let result = read();
    assert!(started.elapsed() < MAX_DURATION, "{:?}", started.elapsed());
    if let Err(e) = &result {
        assert!(!e.to_string().is_empty());
    }
    result.is_ok()
}

/// The records of a file, changed inside, with checksums that hold.
fn with_damaged_records(source: &[u8], random: &mut Random) -> Vec<u8> {
    let mut writer = ddsp_io::tfrecord::RecordWriter::new(Vec::new());
    for record in ddsp_io::tfrecord::RecordReader::new(Path::new("source"), source) {
        let mut record = record.unwrap();
        // The beginning is where names and lengths are.
        let reach = if random.below(2) == 0 { record.len() } else { 24 };
        random.damage(&mut record[..reach]);
        writer.write(&record).unwrap();
    }
    writer.into_inner()
}

#[test]
fn damage_never_panics_and_never_takes_long() {
    let n = std::env::var("DDSP_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let folder = ours();
    let sources: [PathBuf; 3] = [
        folder.path().join("dataset.json"),
        folder.path().join("train.tfrecord-00000-of-00001"),
        golden_dir().join("tfrecord/tiny.tfrecord-00000-of-00001"),
    ];
    for (i, source) in sources.iter().enumerate() {
        let bytes = fs::read(source).unwrap();
        let alone = tempfile::tempdir().unwrap();
        let (target, opened) = match i {
            2 => (alone.path().join("a.tfrecord"), alone.path()),
            _ => (source.clone(), folder.path()),
        };
        let (mut n_read, mut n_refused) = (0, 0);
        for round in 0..n {
            let mut damaged = bytes.clone();
            if i > 0 && round % 2 == 0 {
                damaged = with_damaged_records(&bytes, &mut random);
            } else {
                random.damage(&mut damaged);
            }
            if random.below(5) == 0 {
                damaged.truncate(random.below(damaged.len()));
            }
            fs::write(&target, damaged).unwrap();
            if survives(opened) { n_read += 1 } else { n_refused += 1 }
        }
        fs::write(&target, &bytes).unwrap();
        println!("{}: {n_read} read, {n_refused} refused", source.display());
        assert!(n_read > 0 && n_refused > 0);
    }
}
