//! The controls of `ddsp transfer` that go by notes and statistics, and what is said when they cannot.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ddsp_cases::TinyCheckpoint;
use tempfile::TempDir;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn ddsp(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ddsp")).current_dir(folder).args(args).output().unwrap()
}

/// A folder with the bundled clip in it, as `in.flac`.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::copy(repository().join("examples/sung_melody.flac"), folder.path().join("in.flac"))
        .unwrap();
    folder
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Transfers the clip and returns what was said.
fn transferred(folder: &Path, args: &[&str]) -> String {
    let output = ddsp(folder, &[&["transfer", "in.flac", "-o", "out.wav"], args].concat());
    assert!(output.status.success(), "{args:?}: {}", said(&output));
    said(&output)
}

fn write_wav(path: &Path, samples: impl Iterator<Item = f32>) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    samples.for_each(|x| writer.write_sample(x).unwrap());
    writer.finalize().unwrap();
}

/// Replaces text in the description of the built-in instrument by text of the same length.
fn model_with(path: &Path, replacements: &[(&str, &str)]) {
    let mut bytes = fs::read(repository().join("models/alto_sax.ddsp")).unwrap();
    for (from, to) in replacements {
        assert_eq!(from.len(), to.len());
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    fs::write(path, bytes).unwrap();
}

fn silence(folder: &Path) {
    write_wav(&folder.join("in.wav"), std::iter::repeat_n(0.0, 32_000));
}

fn noise(folder: &Path) {
    let mut state = 1_u32;
    let uniform = std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state as f32 / 2.0_f32.powi(31) - 1.0
    });
    write_wav(&folder.join("in.wav"), uniform.take(48_000));
}

/// A checkpoint whose gin file includes `base.gin`.
fn including(folder: &Path, base: Option<&[u8]>) {
    let mut checkpoint = TinyCheckpoint::new();
    checkpoint.gin.insert_str(0, "include 'base.gin'\n");
    fs::create_dir(folder.join("sax")).unwrap();
    checkpoint.write(&folder.join("sax"));
    if let Some(base) = base {
        fs::write(folder.join("sax/base.gin"), base).unwrap();
    }
}

/// A row: its name, what is put into the folder, arguments after `transfer -o out.wav`, the exit code, what must be
/// said.
struct Row {
    name: &'static str,
    prepare: fn(&Path),
    args: &'static [&'static str],
    exit_code: i32,
    says: &'static [&'static str],
}

const ROWS: &[Row] = &[
    Row {
        name: "a pickle with a hostile opcode",
        prepare: |dir| {
            fs::write(dir.join("s.pkl"), b"\x80\x02(S'touch pwned'\nios\nsystem\n.").unwrap()
        },
        args: &["in.flac", "--statistics", "s.pkl"],
        exit_code: 4,
        says: &["s.pkl", "expected", "nothing was run"],
    },
    Row {
        name: "a pickle with a GLOBAL of os.system",
        prepare: |dir| {
            fs::write(dir.join("s.pkl"), b"\x80\x02cos\nsystem\nX\x0b\0\0\0touch pwned\x85R.")
                .unwrap();
        },
        args: &["in.flac", "--statistics", "s.pkl"],
        exit_code: 4,
        says: &["s.pkl", "os.system", "nothing was run"],
    },
    Row {
        name: "a truncated pickle",
        prepare: |dir| fs::write(dir.join("s.pkl"), b"\x80\x04}\x94(\x8c\x0amean_pit").unwrap(),
        args: &["in.flac", "--statistics", "s.pkl"],
        exit_code: 4,
        says: &["s.pkl", "ends"],
    },
    Row {
        name: "statistics of another frame rate",
        prepare: |dir| {
            let other = [
                (r#"sample_rate\":48000"#, r#"sample_rate\":96000"#),
                (r#"frame_rate\":250"#, r#"frame_rate\":500"#),
            ];
            model_with(&dir.join("other.ddsp"), &other);
        },
        args: &["in.flac", "--statistics", "other.ddsp"],
        exit_code: 4,
        says: &["other.ddsp", "frame_rate", "expected that of the model, 250, found 500"],
    },
    Row {
        name: "auto adjust on silence",
        prepare: silence,
        args: &["in.wav"],
        exit_code: 0,
        says: &["no notes were found: auto adjust had nothing to go by", "silence"],
    },
    Row {
        name: "auto adjust on noise",
        prepare: noise,
        args: &["in.wav"],
        exit_code: 0,
        says: &["no notes were found: auto adjust had nothing to go by"],
    },
    Row {
        name: "autotune without notes",
        prepare: noise,
        args: &["in.wav", "--autotune", "1", "--no-auto-adjust"],
        exit_code: 0,
        says: &["no notes were found: autotune had nothing to go by"],
    },
    Row {
        name: "octave shift out of range",
        prepare: |_| (),
        args: &["in.flac", "--f0-octave-shift", "5"],
        exit_code: 2,
        says: &["--f0-octave-shift", "expected -4 to 4"],
    },
    Row {
        name: "octave shift that leaves the range of pitch",
        prepare: |_| (),
        args: &["in.flac", "--f0-octave-shift", "4"],
        exit_code: 0,
        says: &["were held at its end", "shift by fewer octaves"],
    },
    Row {
        name: "threshold outside 0 to 1",
        prepare: |_| (),
        args: &["in.flac", "--f0-confidence-threshold", "-0.1"],
        exit_code: 2,
        says: &["--f0-confidence-threshold", "expected 0 to 1"],
    },
    Row {
        name: "a control that is no number",
        prepare: |_| (),
        args: &["in.flac", "--autotune", "nan"],
        exit_code: 2,
        says: &["--autotune", "expected 0 to 1"],
    },
    Row {
        name: "inverted range of pitch",
        prepare: |_| (),
        args: &["in.flac", "--f0-range", "800-80"],
        exit_code: 2,
        says: &[
            "--f0-range",
            "expected the lowest pitch and then the highest, found 800 and 80 Hz",
        ],
    },
    Row {
        name: "native rate without whole hops",
        prepare: |_| (),
        args: &["in.flac", "--native-rate", "44100"],
        exit_code: 2,
        says: &["native_rate", "whole samples", "176.4"],
    },
    Row {
        name: "auto adjust without statistics",
        prepare: |dir| {
            fs::create_dir(dir.join("sax")).unwrap();
            TinyCheckpoint::new().write(&dir.join("sax"));
        },
        args: &["in.flac", "-m", "sax", "--auto-adjust"],
        exit_code: 4,
        says: &["sax", "has no dataset statistics", "--statistics"],
    },
    Row {
        name: "an included gin file that is not there",
        prepare: |dir| including(dir, None),
        args: &["in.flac", "-m", "sax"],
        exit_code: 4,
        says: &[
            "operative_config-0.gin: line 1",
            "expected the included 'base.gin' beside this file",
        ],
    },
    Row {
        name: "an included gin file that cannot be read",
        prepare: |dir| including(dir, Some(b"Reverb.add_dry = yes\n")),
        args: &["in.flac", "-m", "sax"],
        exit_code: 4,
        says: &[
            "operative_config-0.gin: line 1",
            "'base.gin' cannot be read",
            "base.gin: line 1",
            "`yes`",
        ],
    },
    Row {
        name: "statistics in no known file",
        prepare: |dir| fs::write(dir.join("s.txt"), b"mean_pitch = 60").unwrap(),
        args: &["in.flac", "--statistics", "s.txt"],
        exit_code: 4,
        says: &["s.txt", "expected"],
    },
];

#[test]
fn what_cannot_be_is_said_in_a_sentence() {
    for row in ROWS {
        let folder = folder();
        (row.prepare)(folder.path());
        let output = ddsp(folder.path(), &[&["transfer", "-o", "out.wav"], row.args].concat());
        let said = said(&output);
        assert_eq!(output.status.code(), Some(row.exit_code), "{}: {said}", row.name);
        for what in row.says {
            assert!(said.contains(what), "{}: {what:?} is missing in:\n{said}", row.name);
        }
        assert_eq!(folder.path().join("out.wav").exists(), row.exit_code == 0, "{}", row.name);
        assert!(!folder.path().join("pwned").exists(), "{}", row.name);
    }
}

#[test]
fn auto_adjust_is_on_and_can_be_left_out() {
    let folder = folder();
    assert!(transferred(folder.path(), &[]).contains("fitted by"));
    assert!(!transferred(folder.path(), &["--no-auto-adjust"]).contains("fitted by"));
}

#[test]
fn autotune_names_its_scale() {
    let folder = folder();
    let said = transferred(folder.path(), &["--autotune", "1"]);
    assert!(said.contains(" major by 1"), "{said}");
    let said = transferred(folder.path(), &["--autotune", "0.5", "--chromatic"]);
    assert!(said.contains("tuned to the nearest notes by 0.5"), "{said}");
}

#[test]
fn a_native_rate_gives_as_many_more_samples() {
    let folder = folder();
    let n_samples = |args: &[&str]| {
        transferred(folder.path(), args);
        let reader = hound::WavReader::open(folder.path().join("out.wav")).unwrap();
        (reader.spec().sample_rate, reader.duration())
    };
    let (rate, n) = n_samples(&[]);
    assert_eq!(rate, 48_000);
    assert_eq!(n_samples(&["--native-rate", "96000"]), (96_000, 2 * n));
    let (rate, third) = n_samples(&["--native-rate", "16000"]);
    assert_eq!((rate, 3 * third), (16_000, n));
}

#[test]
fn a_statistics_command_gives_an_instrument_what_auto_adjust_goes_by() {
    let folder = folder();
    let output = ddsp(folder.path(), &["statistics", "in.flac", "-o", "own.ddsp"]);
    assert!(output.status.success(), "{}", said(&output));
    // The clip is what the instrument is used to: nothing is left to fit.
    let said = transferred(folder.path(), &["-m", "own.ddsp"]);
    assert!(said.contains("fitted by +0 octaves"), "{said}");
}
