//! What is wrong with an input is said in one clear sentence, with a documented exit code, and nothing
//! half-written is left.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn clip() -> PathBuf {
    repository().join("examples/sung_melody.flac")
}

fn model_bytes() -> Vec<u8> {
    fs::read(repository().join("models/alto_sax.ddsp")).unwrap()
}

fn ddsp(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ddsp")).current_dir(folder).args(args).output().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn write_wav(path: &Path, samples: &[f32]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    samples.iter().for_each(|x| writer.write_sample(*x).unwrap());
    writer.finalize().unwrap();
}

fn copy_clip(folder: &Path) {
    fs::copy(clip(), folder.join("in.flac")).unwrap();
}

/// A row: its name, what is put into the folder, the arguments, the exit code, what must be said.
struct Row {
    name: &'static str,
    prepare: fn(&Path),
    args: &'static [&'static str],
    exit_code: i32,
    says: &'static [&'static str],
}

const ROWS: &[Row] = &[
    Row {
        name: "empty",
        prepare: |dir| fs::write(dir.join("in.wav"), b"").unwrap(),
        args: &["transfer", "in.wav", "-o", "out.wav"],
        exit_code: 3,
        says: &["in.wav", "empty"],
    },
    Row {
        name: "text renamed to wav",
        prepare: |dir| fs::write(dir.join("in.wav"), "dear diary\n".repeat(99)).unwrap(),
        args: &["transfer", "in.wav", "-o", "out.wav"],
        exit_code: 3,
        says: &["in.wav", "audio file"],
    },
    Row {
        name: "all nan",
        prepare: |dir| write_wav(&dir.join("in.wav"), &[f32::NAN; 4000]),
        args: &["transfer", "in.wav", "-o", "out.wav"],
        exit_code: 3,
        says: &["in.wav", "none of the 4000 samples is a finite number"],
    },
    Row {
        name: "missing",
        prepare: |_| (),
        args: &["transfer", "in.wav", "-o", "out.wav"],
        exit_code: 3,
        says: &["in.wav", "no such file"],
    },
    Row {
        name: "empty folder",
        prepare: |dir| fs::create_dir(dir.join("songs")).unwrap(),
        args: &["transfer", "songs", "-o", "out"],
        exit_code: 3,
        says: &["songs", "expected recordings", "found none"],
    },
    Row {
        name: "output folder is a file",
        prepare: |dir| {
            fs::copy(clip(), dir.join("a.flac")).unwrap();
            fs::copy(clip(), dir.join("b.flac")).unwrap();
            fs::write(dir.join("out"), b"mine").unwrap();
        },
        args: &["transfer", "a.flac", "b.flac", "-o", "out"],
        exit_code: 5,
        says: &["out", "expected a folder", "found a file"],
    },
    Row {
        name: "two equal stems",
        prepare: |dir| {
            fs::create_dir(dir.join("x")).unwrap();
            fs::copy(clip(), dir.join("a.flac")).unwrap();
            fs::copy(clip(), dir.join("x/a.flac")).unwrap();
        },
        args: &["transfer", "a.flac", "x/a.flac", "-o", "out"],
        exit_code: 2,
        says: &["a.flac", "would both become a.wav"],
    },
    Row {
        name: "output is input",
        prepare: |dir| write_wav(&dir.join("in.wav"), &[0.1; 4000]),
        args: &["transfer", "in.wav", "-o", "in.wav"],
        exit_code: 2,
        says: &["in.wav", "would replace the input"],
    },
    Row {
        name: "nothing on standard input",
        prepare: |_| (),
        args: &["transfer", "-", "-o", "out.wav"],
        exit_code: 3,
        says: &["standard input", "empty"],
    },
    Row {
        name: "nothing on standard input, for analyze",
        prepare: |_| (),
        args: &["analyze", "-", "--features", "-"],
        exit_code: 3,
        says: &["standard input", "empty"],
    },
    Row {
        name: "standard input twice",
        prepare: |_| (),
        args: &["transfer", "-", "-", "-o", "out"],
        exit_code: 2,
        says: &["standard input (-)", "only input"],
    },
    Row {
        name: "standard input beside a file",
        prepare: copy_clip,
        args: &["transfer", "in.flac", "-", "-o", "out"],
        exit_code: 2,
        says: &["standard input (-)", "only input"],
    },
    Row {
        name: "several inputs to standard output",
        prepare: |dir| {
            fs::copy(clip(), dir.join("a.flac")).unwrap();
            fs::copy(clip(), dir.join("b.flac")).unwrap();
        },
        args: &["transfer", "a.flac", "b.flac", "-o", "-"],
        exit_code: 2,
        says: &["standard output (-)", "folder"],
    },
    Row {
        name: "sound and table to standard output",
        prepare: copy_clip,
        args: &["transfer", "in.flac", "-o", "-", "--features", "-"],
        exit_code: 2,
        says: &["standard output (-)", "one of sound, table and picture"],
    },
    Row {
        name: "name and format contradict each other",
        prepare: copy_clip,
        args: &["transfer", "in.flac", "-o", "out.flac", "--format", "wav16"],
        exit_code: 2,
        says: &["out.flac", "the name says flac and --format says wav16"],
    },
    Row {
        name: "format that is only read",
        prepare: copy_clip,
        args: &["transfer", "in.flac", "-o", "out.mp3"],
        exit_code: 2,
        says: &["out.mp3", "ends in .wav or .flac"],
    },
    Row {
        name: "unknown format",
        prepare: copy_clip,
        args: &["transfer", "in.flac", "-o", "out.wav", "--format", "wav8"],
        exit_code: 2,
        says: &["--format", "wav16, wav24, wav32f, flac16 or flac24"],
    },
    #[cfg(target_os = "linux")]
    Row {
        name: "full disk",
        prepare: copy_clip,
        args: &["transfer", "in.flac", "-o", "/dev/full"],
        exit_code: 5,
        says: &["/dev/full", "cannot be written"],
    },
    Row {
        name: "hostile model",
        prepare: |dir| {
            fs::copy(clip(), dir.join("in.flac")).unwrap();
            fs::write(dir.join("bad.ddsp"), [0xff; 4096]).unwrap();
        },
        args: &["transfer", "in.flac", "-o", "out.wav", "--model", "bad.ddsp"],
        exit_code: 4,
        says: &["bad.ddsp", "not a usable model file"],
    },
    Row {
        name: "truncated model",
        prepare: |dir| {
            let bytes = model_bytes();
            fs::write(dir.join("bad.ddsp"), &bytes[..bytes.len() / 2]).unwrap();
        },
        args: &["info", "bad.ddsp"],
        exit_code: 4,
        says: &["bad.ddsp", "not a usable model file"],
    },
    Row {
        name: "unknown model",
        prepare: |_| (),
        args: &["info", "kazoo"],
        exit_code: 4,
        says: &["kazoo", "no such instrument or file", "alto_sax"],
    },
    Row {
        name: "control out of range",
        prepare: copy_clip,
        args: &["transfer", "in.flac", "-o", "out.wav", "--f0-octave-shift", "9"],
        exit_code: 2,
        says: &["--f0-octave-shift", "expected -4 to 4"],
    },
];

#[test]
fn bad_inputs_end_in_one_clear_sentence() {
    for row in ROWS {
        let folder = TempDir::new().unwrap();
        (row.prepare)(folder.path());
        let before = names(folder.path());
        let output = ddsp(folder.path(), row.args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        let code = output.status.code();
        assert_eq!(code, Some(row.exit_code), "{}: {stderr}", row.name);
        assert!((1..=4).contains(&stderr.trim_end().lines().count()), "{}: {stderr}", row.name);
        assert!(!stderr.contains("panicked"), "{}: {stderr}", row.name);
        for words in row.says {
            assert!(stderr.contains(words), "{}: no {words:?} in {stderr}", row.name);
        }
        assert_eq!(names(folder.path()), before, "{} left something", row.name);
    }
}

#[test]
fn truncated_audio_and_a_single_sample_are_played() {
    let folder = TempDir::new().unwrap();
    let bytes = fs::read(clip()).unwrap();
    fs::write(folder.path().join("cut.flac"), &bytes[..bytes.len() / 2]).unwrap();
    write_wav(&folder.path().join("one.wav"), &[0.5]);
    let output = ddsp(folder.path(), &["transfer", "cut.flac", "-o", "cut.wav"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8(output.stdout).unwrap().contains("ends early at"));
    let n = hound::WavReader::open(folder.path().join("cut.wav")).unwrap().len();
    assert!((24_000..144_000).contains(&n), "{n} samples");
    let output = ddsp(folder.path(), &["transfer", "one.wav", "-o", "out.wav"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // One at 16 kHz is three at 48.
    assert_eq!(hound::WavReader::open(folder.path().join("out.wav")).unwrap().len(), 3);
    assert_eq!(names(folder.path()), ["cut.flac", "cut.wav", "one.wav", "out.wav"]);
}

#[test]
fn one_bad_input_among_several_does_not_stop_the_others() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("bad.wav"), b"no audio here").unwrap();
    fs::copy(clip(), folder.path().join("good.flac")).unwrap();
    let output = ddsp(folder.path(), &["transfer", "bad.wav", "good.flac", "-o", "out"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(6), "{stderr}");
    assert!(stderr.contains("bad.wav") && stderr.contains("1 of 2 failed"), "{stderr}");
    assert_eq!(names(&folder.path().join("out")), ["good.wav"]);
}
