//! Data sets: what is written is read, joined, and nothing is in both parts; Magenta's are read to the stored values.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::path::Path;

use ddsp_core::feature::framing::Padding;
use ddsp_core::feature::loudness::{LoudnessConfig, loudness_db};
use ddsp_io::dataset::{
    Clip, Dataset, DatasetInfo, ExampleWriter, FORMAT_VERSION, Part, finish_shards,
};
use safetensors::SafeTensors;

const HOP: usize = 64;
const RATE: usize = 16_000;

fn info() -> DatasetInfo {
    DatasetInfo {
        format_version: FORMAT_VERSION,
        sample_rate: RATE as u32,
        frame_rate: 250,
        center: true,
        example_s: 4.0,
        hop_s: 1.0,
        input_peak: Some(0.9),
        f0_tracker: "autocorrelation".to_owned(),
        f0_detail: String::new(),
        loudness: LoudnessConfig::magenta_3(),
        statistics: None,
        reverberation_s: None,
        train_s: 7.0,
        held_out_s: 4.0,
        sources: Vec::new(),
        grade: Vec::new(),
    }
}

/// A stretch of a recording whose every number says where it comes from.
fn stretch(source: usize, first_frame: usize, n_frames: usize) -> Clip {
    let value = |i: usize| (source * 1_000_000 + i) as f32;
    let audio = (first_frame * HOP..(first_frame + n_frames) * HOP).map(value).collect();
    let frames: Vec<f32> = (first_frame..=first_frame + n_frames).map(value).collect();
    Clip { audio, f0_hz: frames.clone(), f0_confidence: frames.clone(), loudness_db: frames }
}

fn write(folder: &Path) {
    for (part, first) in [(Part::Train, 0), (Part::HeldOut, 2000)] {
        for source in 0..2 {
            let mut writer = ExampleWriter::new(folder, part, source);
            for i in 0..4 - 3 * usize::from(part == Part::HeldOut) {
                let frame = first + i * 250;
                writer.write(&stretch(source, frame, 1000), frame).unwrap();
            }
            writer.close().unwrap();
        }
    }
    finish_shards(folder).unwrap();
    std::fs::write(folder.join("dataset.json"), serde_json::to_string(&info()).unwrap()).unwrap();
}

#[test]
fn examples_that_overlap_are_one_clip_and_the_folder_may_move() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("a"), folder.path().join("b"));
    std::fs::create_dir(&here).unwrap();
    write(&here);
    std::fs::rename(&here, &there).unwrap();
    let dataset = Dataset::open(&there).unwrap();
    assert_eq!(dataset.info(), &info());
    let clips = dataset.clips(Part::Train).unwrap();
    assert_eq!(clips.len(), 2);
    for (source, clip) in clips.iter().enumerate() {
        let mut expected = stretch(source, 0, 1750);
        for frames in [&mut expected.f0_hz, &mut expected.f0_confidence, &mut expected.loudness_db]
        {
            frames.pop();
        }
        assert_eq!(*clip, expected);
    }
    assert_eq!(dataset.clips(Part::HeldOut).unwrap()[1].audio[0], 1_128_000.0);
    let mut n = 0;
    dataset.for_each(Part::Train, |_| n += 1).unwrap();
    assert_eq!(n, 8);
    // Without a description they are what Magenta's tool makes: the last tenth is held out, and no sample is in both parts.
    std::fs::remove_file(there.join("dataset.json")).unwrap();
    let foreign = Dataset::open(&there).unwrap();
    assert_eq!((foreign.info().sample_rate, foreign.info().frame_rate), (16_000, 250));
    let samples = |part| {
        let clips = foreign.clips(part).unwrap();
        clips.iter().flat_map(|clip| clip.audio.iter().map(|x| *x as u64)).collect::<Vec<_>>()
    };
    let (train, held_out) = (samples(Part::Train), samples(Part::HeldOut));
    assert!(held_out.len() >= 1000 * HOP && held_out.iter().all(|x| !train.contains(x)));
}

#[test]
fn what_is_no_data_set_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let said = |path: &Path| Dataset::open(path).unwrap_err().to_string();
    assert!(said(path).contains("ddsp prepare"), "{}", said(path));
    assert!(said(&path.join("no")).contains("no such"), "{}", said(&path.join("no")));
    write(path);
    let json = path.join("dataset.json");
    let text = std::fs::read_to_string(&json).unwrap();
    std::fs::write(&json, text.replace("\"format_version\":1", "\"format_version\":9")).unwrap();
    assert!(said(path).contains("expected format version 1, found 9"), "{}", said(path));
    std::fs::write(&json, &text[..text.len() / 2]).unwrap();
    assert!(said(path).contains("dataset.json: expected JSON"), "{}", said(path));
    std::fs::write(&json, text).unwrap();
    let shard = path.join("train.tfrecord-00000-of-00002");
    let mut bytes = std::fs::read(&shard).unwrap();
    bytes[100_000] ^= 1;
    std::fs::write(&shard, bytes).unwrap();
    let error = Dataset::open(path).unwrap().clips(Part::Train).unwrap_err().to_string();
    assert!(error.contains("tfrecord-00000-of-00002: record 1: expected the checksum"), "{error}");
}

/// `DDSP_ORACLE=DIR`: the folder `tfrecord` beside the reference sets of Magenta's library.
#[test]
fn records_of_magenta_are_read_to_the_stored_values() {
    let Some(oracle) = std::env::var_os("DDSP_ORACLE") else { return };
    let folder = Path::new(&oracle).join("tfrecord");
    for (name, frame_rate) in [("violin_250fps", 250), ("violin_50fps_centered", 50)] {
        let dataset =
            Dataset::open(&folder.join(format!("{name}.tfrecord-00000-of-00001"))).unwrap();
        let info = dataset.info().clone();
        assert_eq!((info.sample_rate, info.frame_rate), (16_000, frame_rate));
        let bytes = std::fs::read(folder.join(format!("{name}.safetensors"))).unwrap();
        let stored = SafeTensors::deserialize(&bytes).unwrap();
        let mut examples = Vec::new();
        dataset.for_each(Part::Train, |clip| examples.push(clip)).unwrap();
        let mut n_compared = 0;
        for (i, clip) in examples.iter().enumerate() {
            for (key, found) in [
                ("audio", &clip.audio),
                ("f0_hz", &clip.f0_hz),
                ("f0_confidence", &clip.f0_confidence),
                ("loudness_db", &clip.loudness_db),
            ] {
                let name = format!("{i}/{key}");
                let values: Vec<f32> = stored
                    .tensor(&name)
                    .unwrap()
                    .data()
                    .chunks_exact(4)
                    .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                    .collect();
                assert_eq!(&values, found, "{name}");
                n_compared += 1;
            }
        }
        println!("{name}: {} examples, {n_compared} lists equal to the last bit", examples.len());
        if frame_rate == 250 {
            let worst = examples.iter().flat_map(|clip| {
                let db = loudness_db(
                    &clip.audio,
                    16_000,
                    64,
                    clip.n_frames(),
                    Padding::Same,
                    &info.loudness,
                );
                (8..960).map(move |i| (db[i] - clip.loudness_db[i]).abs()).collect::<Vec<_>>()
            });
            let worst = worst.fold(0.0, f32::max);
            println!("{name}: loudness of the stored audio, frames 8 to 960: within {worst:e} dB");
            assert!(worst < 1e-3, "{worst}");
        }
    }
}
