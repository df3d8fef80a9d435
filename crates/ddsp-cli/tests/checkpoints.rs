//! `ddsp import` and `--model DIR`: a good checkpoint plays, a bad one ends in one clear sentence, a
//! documented exit code and nothing half-written.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ddsp_cases::{Slots, TinyCheckpoint, shared_dir};
use tempfile::TempDir;

fn ddsp(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ddsp")).current_dir(folder).args(args).output().unwrap()
}

fn clip() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/sung_melody.flac")
}

/// A folder that holds a checkpoint in its folder `sax`.
fn with(checkpoint: &TinyCheckpoint) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("sax")).unwrap();
    checkpoint.write(&folder.path().join("sax"));
    folder
}

fn succeeds(folder: &Path, args: &[&str]) -> String {
    let output = ddsp(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const INDEX: &str = "sax/ckpt-7.index";
const DATA: &str = "sax/ckpt-7.data-00000-of-00001";
const GIN: &str = "sax/operative_config-0.gin";

fn edit(folder: &Path, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = folder.join(name);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn replace(folder: &Path, from: &str, to: &str) {
    edit(folder, GIN, |gin| {
        let text = String::from_utf8(gin.clone()).unwrap();
        assert!(text.contains(from), "{from}");
        *gin = text.replace(from, to).into_bytes();
    });
}

/// A row: its name, what becomes of a good checkpoint, what must be said.
struct Row {
    name: &'static str,
    spoil: fn(&Path),
    says: &'static [&'static str],
}

const ROWS: &[Row] = &[
    Row {
        name: "shard missing",
        spoil: |dir| fs::remove_file(dir.join(DATA)).unwrap(),
        says: &["sax", "ckpt-7.data-00000-of-00001 is missing", "copy it beside ckpt-7.index"],
    },
    Row {
        name: "shard cut short",
        spoil: |dir| edit(dir, DATA, |bytes| bytes.truncate(bytes.len() / 2)),
        says: &["ckpt-7.data-00000-of-00001", "expected `", "found only", "cut short"],
    },
    Row {
        name: "shard damaged",
        spoil: |dir| edit(dir, DATA, |bytes| bytes[100] ^= 1),
        says: &["ckpt-7.data-00000-of-00001", "the checksum of `model/", "damaged"],
    },
    Row {
        name: "wrong shapes",
        spoil: |dir| replace(dir, "RnnFcDecoder.ch = 8", "RnnFcDecoder.ch = 9"),
        says: &[
            "ckpt-7.index",
            "expected shape [1, 9], as operative_config-0.gin says",
            "found [1, 8]",
            "is the gin file that of another model?",
        ],
    },
    Row {
        name: "corrupted index",
        spoil: |dir| edit(dir, INDEX, |bytes| bytes[40] ^= 4),
        says: &["ckpt-7.index", "the checksum of the block at byte 0 is wrong", "damaged"],
    },
    Row {
        name: "truncated index",
        spoil: |dir| edit(dir, INDEX, |bytes| bytes.truncate(bytes.len() - 9)),
        says: &["ckpt-7.index", "expected the end of a checkpoint index", "cut short"],
    },
    Row {
        name: "empty index",
        spoil: |dir| edit(dir, INDEX, Vec::clear),
        says: &["ckpt-7.index", "expected a checkpoint index of 48 bytes or more, found 0"],
    },
    Row {
        name: "index of another checkpoint",
        spoil: |dir| {
            let mut other = TinyCheckpoint::new();
            // Same sizes, other numbers: only the checksums tell.
            other.variables.reverse();
            other.variables.rotate_left(5);
            fs::write(dir.join(INDEX), other.bundle().0.bytes).unwrap();
        },
        says: &[
            "ckpt-7.data-00000-of-00001",
            "the checksum of `",
            "or ckpt-7.index is of another checkpoint",
        ],
    },
    Row {
        name: "gin syntax error",
        spoil: |dir| replace(dir, "Reverb.add_dry = True", "Reverb.add_dry = yes"),
        says: &["operative_config-0.gin: line 66", "expected a value", "found `yes`"],
    },
    Row {
        name: "unknown model class",
        spoil: |dir| replace(dir, "@models.Autoencoder", "@models.MidiAutoencoder"),
        says: &[
            "operative_config-0.gin: line 44",
            "`get_model.model`",
            "MidiAutoencoder cannot be imported",
            "expected Autoencoder only",
        ],
    },
    Row {
        name: "cyclic macros",
        spoil: |dir| {
            replace(dir, "batch_size = 2\n", "batch_size = %a\na = [%b]\nb = %batch_size\n")
        },
        says: &[
            "operative_config-0.gin: line 7",
            "%a is %b is %batch_size is %a",
            "give one of them a value",
        ],
    },
    Row {
        name: "no gin",
        spoil: |dir| fs::remove_file(dir.join(GIN)).unwrap(),
        says: &["sax", "operative_config-N.gin", "found none", "copy it beside the checkpoint"],
    },
    Row {
        name: "no data",
        spoil: |dir| {
            fs::remove_file(dir.join(DATA)).unwrap();
            fs::remove_file(dir.join(INDEX)).unwrap();
        },
        says: &["sax", "expected a checkpoint index (ckpt-N.index)", "found none"],
    },
    Row {
        name: "nothing",
        spoil: |dir| {
            fs::remove_dir_all(dir.join("sax")).unwrap();
            fs::create_dir(dir.join("sax")).unwrap();
        },
        says: &["sax", "expected a checkpoint (ckpt-N.index", "found none of them"],
    },
    Row {
        name: "several gin files",
        spoil: |dir| {
            fs::rename(dir.join(GIN), dir.join("sax/a.gin")).unwrap();
            fs::copy(dir.join("sax/a.gin"), dir.join("sax/b.gin")).unwrap();
        },
        says: &["sax", "found 2 (a.gin, b.gin)", "give the name of the right one"],
    },
    Row {
        name: "gin is no text",
        spoil: |dir| fs::write(dir.join(GIN), [0xff; 999]).unwrap(),
        says: &["operative_config-0.gin", "expected gin text, found other bytes"],
    },
    Row {
        name: "numbers that are none",
        spoil: |dir| {
            let mut checkpoint = TinyCheckpoint::new();
            let bias = checkpoint.at("model/decoder/dense_out/bias");
            bias.data = ddsp_cases::Data::F32(vec![f32::NAN; 12]);
            checkpoint.write(&dir.join("sax"));
        },
        says: &["operative_config-0.gin", "dense_out/bias", "expected finite numbers"],
    },
    Row {
        name: "missing",
        spoil: |dir| fs::remove_dir_all(dir.join("sax")).unwrap(),
        says: &["sax", "no such"],
    },
];

#[test]
fn bad_checkpoints_end_in_one_clear_sentence() {
    for row in ROWS {
        let folder = with(&TinyCheckpoint::new());
        (row.spoil)(folder.path());
        let everything = || [names(folder.path()), names(&folder.path().join("sax"))];
        let before = everything();
        for args in [&["import", "sax", "-o", "out.ddsp"][..], &["info", "sax"]] {
            let output = ddsp(folder.path(), args);
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(4), "{}: {stderr}", row.name);
            assert!((1..=4).contains(&stderr.trim_end().lines().count()), "{}: {stderr}", row.name);
            assert!(!stderr.contains("panicked"), "{}: {stderr}", row.name);
            let says: &[&str] = if row.name == "missing" { &["sax", "no such"] } else { row.says };
            for words in says {
                assert!(stderr.contains(words), "{}: no {words:?} in {stderr}", row.name);
            }
            assert_eq!(everything(), before, "{} left something", row.name);
        }
    }
}

#[test]
fn an_import_says_what_it_took_and_what_it_left() {
    let mut checkpoint = TinyCheckpoint { slots: Slots::Variables, ..TinyCheckpoint::new() };
    checkpoint.add("model/encoder/z/bias", &[3]);
    let folder = with(&checkpoint);
    TinyCheckpoint { name: "ckpt-30".into(), ..checkpoint }.write(&folder.path().join("sax"));
    fs::write(folder.path().join("sax/dataset_statistics.pkl"), b"pickled").unwrap();
    let said = succeeds(folder.path(), &["import", "sax/", "-o", "sax.ddsp"]);
    for words in [
        "imported sax: 16000 Hz, 250 frames/s, 2 layers of 8, GRU 8, 6 harmonics, 5 noise bands",
        "from ckpt-30, of the highest step, described by operative_config-0.gin",
        "left alone: ckpt-7",
        "30 variables; no place for 1: model/encoder/z/bias",
        "4 slots of Adam set aside",
        "note: no auto adjust: sax/dataset_statistics.pkl: expected instructions",
        "loudness magenta3: the gin file names `compute_loudness`, as 3.x",
        "loudness was taken from the audio",
        "no licence",
        "wrote sax.ddsp",
    ] {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
    fs::write(folder.path().join("sax/checkpoint"), "model_checkpoint_path: \"ckpt-7\"\n").unwrap();
    let said = succeeds(folder.path(), &["import", "sax", "-o", "half.ddsp", "--f16"]);
    assert!(said.contains("from ckpt-7, which the file `checkpoint` names"), "{said}");
    assert_eq!(names(folder.path()), ["half.ddsp", "sax", "sax.ddsp"]);
    let info = succeeds(folder.path(), &["info", "half.ddsp"]);
    assert!(info.contains("in f16") && info.contains("not stated"), "{info}");
}

#[test]
fn statistics_are_read_and_the_loudness_can_be_chosen() {
    let folder = with(&TinyCheckpoint::new());
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/statistics");
    let statistics = folder.path().join("sax/dataset_statistics.pkl");
    fs::copy(golden.join("magenta3_protocol4.pkl"), &statistics).unwrap();
    let said = succeeds(folder.path(), &["import", "sax", "-o", "sax.ddsp"]);
    assert!(said.contains("dataset_statistics.pkl: pitch 61.5 midi on average"), "{said}");
    let info = succeeds(folder.path(), &["info", "sax.ddsp"]);
    assert!(info.contains("loudness -22.2 dB on average"), "{info}");
    let said =
        succeeds(folder.path(), &["import", "sax", "-o", "1.ddsp", "--loudness", "magenta1"]);
    assert!(said.contains("loudness magenta1 as asked, not magenta3"), "{said}");
    assert!(succeeds(folder.path(), &["info", "1.ddsp"]).contains("magenta1, 2048 samples"));

    // Where the gin file does not tell the version, the statistics do.
    replace(folder.path(), "F0LoudnessPreprocessor.compute_loudness = True\n", "");
    fs::rename(folder.path().join(GIN), folder.path().join("sax/model.gin")).unwrap();
    fs::copy(golden.join("magenta1_protocol2.pkl"), &statistics).unwrap();
    let said = succeeds(folder.path(), &["import", "sax", "-o", "1.ddsp"]);
    assert!(said.contains("loudness magenta1: the statistics are of 1.x"), "{said}");
}

#[test]
fn a_folder_plays_as_the_file_made_of_it() {
    let folder = with(&TinyCheckpoint::new());
    fs::copy(clip(), folder.path().join("in.flac")).unwrap();
    succeeds(folder.path(), &["import", "sax", "-o", "sax.ddsp"]);
    let play = |model: &str, out: &str| {
        let said = succeeds(folder.path(), &["transfer", "in.flac", "-m", model, "-o", out]);
        assert!(said.contains("level left as recorded, as the instrument was trained"), "{said}");
        fs::read(folder.path().join(out)).unwrap()
    };
    let from_file = play("sax.ddsp", "a.wav");
    for model in ["sax", "sax/operative_config-0.gin", "sax/ckpt-7.index"] {
        assert!(play(model, "b.wav") == from_file, "{model}");
    }
    let info = succeeds(folder.path(), &["info", "sax"]);
    assert!(info.contains("Magenta's DDSP library 3.x, 7 steps (ckpt-7)"), "{info}");
}

#[test]
fn a_file_of_the_checkpoint_is_not_replaced() {
    let folder = with(&TinyCheckpoint::new());
    let before = fs::read(folder.path().join(DATA)).unwrap();
    let output = ddsp(folder.path(), &["import", "sax", "-o", DATA]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("would replace a file of the checkpoint")
    );
    assert_eq!(fs::read(folder.path().join(DATA)).unwrap(), before);
    let output = ddsp(folder.path(), &["import", "sax", "-o", "no/where.ddsp"]);
    assert_eq!(output.status.code(), Some(5));
}

#[test]
fn a_real_checkpoint_is_imported_and_plays() {
    let checkpoint = shared_dir().map(|dir| dir.join("oracle/ckpt/solo-voiced"));
    let Some(checkpoint) = checkpoint.filter(|dir| dir.is_dir()) else {
        println!("skipped: there is no shared material");
        return;
    };
    let folder = TempDir::new().unwrap();
    fs::copy(clip(), folder.path().join("in.flac")).unwrap();
    let checkpoint = checkpoint.to_str().unwrap();
    let said = succeeds(folder.path(), &["import", checkpoint, "-o", "solo.ddsp"]);
    assert!(said.contains("42 variables, none left over"), "{said}");
    succeeds(folder.path(), &["transfer", "in.flac", "-m", "solo.ddsp", "-o", "out.wav"]);
    let samples = hound::WavReader::open(folder.path().join("out.wav")).unwrap();
    assert!(samples.len() > 16_000);
}
