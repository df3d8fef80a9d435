//! `ddsp transfer` from the outside.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

fn clip() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/sung_melody.flac")
}

/// Runs `ddsp` in `folder`, which must succeed, and returns what it printed.
fn ddsp(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ddsp"));
    let output = command.current_dir(folder).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn samples(path: &Path) -> Vec<f64> {
    let mut reader = hound::WavReader::open(path).unwrap();
    let full = 2.0_f64.powi(i32::from(reader.spec().bits_per_sample) - 1);
    reader.samples::<i32>().map(|x| f64::from(x.unwrap()) / full).collect()
}

fn level_db(samples: &[f64]) -> f64 {
    let power = samples.iter().map(|x| x * x).sum::<f64>() / samples.len() as f64;
    10.0 * power.max(1e-30).log10()
}

/// A folder with the bundled clip in it, as `in.flac`.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::copy(clip(), folder.path().join("in.flac")).unwrap();
    folder
}

/// Transfers the clip with more arguments and returns the sound.
fn transferred(more: &[&str]) -> Vec<f64> {
    let folder = folder();
    ddsp(folder.path(), &[&["transfer", "in.flac", "-o", "out.wav"], more].concat());
    samples(&folder.path().join("out.wav"))
}

#[test]
fn the_first_command_of_the_readme_makes_sound_table_and_picture() {
    let folder = folder();
    let dir = folder.path();
    let args = ["transfer", "in.flac", "-o", "sax.wav", "--plot", "sax.png", "--features", "f.csv"];
    let said = ddsp(dir, &args);
    assert!(said.lines().count() <= 10, "{said}");
    let spec = hound::WavReader::open(dir.join("sax.wav")).unwrap().spec();
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, 48_000, 24));
    let sound = samples(&dir.join("sax.wav"));
    assert_eq!(sound.len(), 156_687);
    assert!(level_db(&sound) > -30.0);
    assert!(fs::read(dir.join("sax.png")).unwrap().starts_with(b"\x89PNG\r\n\x1a\n"));
    let table = fs::read_to_string(dir.join("f.csv")).unwrap();
    assert_eq!(table.lines().next().unwrap(), "time_s,f0_hz,f0_confidence,loudness_db");
    assert_eq!(table.lines().count(), 1 + sound.len().div_ceil(192));
    assert!(
        table
            .lines()
            .skip(1)
            .flat_map(|l| l.split(','))
            .all(|x| { x.parse::<f64>().is_ok_and(f64::is_finite) })
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let first = transferred(&[]);
    assert_eq!(first, transferred(&["--seed", "0"]));
    assert_ne!(first, transferred(&["--seed", "1"]));
}

#[test]
fn the_controls_do_what_they_say() {
    let plain = level_db(&transferred(&[]));
    assert!(level_db(&transferred(&["--loudness-db-shift", "-20"])) < plain - 6.0);
    // Without tone only the breath is left.
    assert!(level_db(&transferred(&["--f0-confidence-threshold", "1"])) < plain - 10.0);
    assert_eq!(3 * transferred(&["--sample-rate", "16000"]).len(), transferred(&[]).len());

    let folder = folder();
    let args =
        ["transfer", "in.flac", "-o", "up.wav", "--no-auto-adjust", "--f0-octave-shift", "1"];
    ddsp(folder.path(), &args);
    let median = |said: String| -> f64 {
        let (_, after) = said.split_once("median ").unwrap();
        after.split_once(" Hz").unwrap().0.parse().unwrap()
    };
    let (low, high) =
        (ddsp(folder.path(), &["analyze", "in.flac"]), ddsp(folder.path(), &["analyze", "up.wav"]));
    assert!((median(high) / median(low) - 2.0).abs() < 0.1);
}

#[test]
fn silence_after_a_song_is_silent_and_a_quiet_recording_is_played_as_loud() {
    let folder = folder();
    let dir = folder.path();
    ddsp(dir, &["transfer", "in.flac", "-o", "sung.wav"]);
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let sung: Vec<i16> = samples(&dir.join("sung.wav")).iter().map(|x| (x * 3e4) as i16).collect();
    let write = |name: &str, samples: &mut dyn Iterator<Item = i16>| {
        let mut writer = hound::WavWriter::create(dir.join(name), spec).unwrap();
        samples.for_each(|x| writer.write_sample(x).unwrap());
        writer.finalize().unwrap();
    };
    write("tail.wav", &mut sung.iter().copied().chain([0; 96_000]));
    write("quiet.wav", &mut sung.iter().map(|x| x / 20));
    write("loud.wav", &mut sung.iter().copied());

    ddsp(dir, &["transfer", "tail.wav", "-o", "out.wav"]);
    let out = samples(&dir.join("out.wav"));
    let loudest = out.chunks_exact(24_000).map(level_db).fold(f64::MIN, f64::max);
    let end = level_db(&out[out.len() - 72_000..]);
    assert!(end < loudest - 60.0, "{end} dB after {loudest} dB");

    let level = |name: &str, more: &[&str]| {
        ddsp(dir, &[&["transfer", name, "-o", "out.wav"], more].concat());
        level_db(&samples(&dir.join("out.wav")))
    };
    assert!((level("quiet.wav", &[]) - level("loud.wav", &[])).abs() < 1.0);
    let left = ["--no-normalize-input", "--no-auto-adjust"];
    assert!(level("quiet.wav", &left) < level("loud.wav", &left) - 6.0);
}

#[test]
fn folders_and_patterns_become_a_folder_of_outputs() {
    let folder = folder();
    let dir = folder.path();
    fs::create_dir(dir.join("songs")).unwrap();
    for name in ["a.flac", "b.flac"] {
        fs::copy(clip(), dir.join("songs").join(name)).unwrap();
    }
    ddsp(dir, &["transfer", "songs", "-o", "new/out"]);
    ddsp(dir, &["transfer", "songs/*.flac", "-o", "glob"]);
    for name in ["a.wav", "b.wav"] {
        let bytes = fs::read(dir.join("new/out").join(name)).unwrap();
        assert_eq!(bytes, fs::read(dir.join("glob").join(name)).unwrap());
    }
}

#[test]
fn models_info_bench_and_help_say_what_they_should() {
    let folder = folder();
    assert!(ddsp(folder.path(), &["models"]).contains("alto_sax"));
    let info = ddsp(folder.path(), &["info", "alto_sax"]);
    for words in ["CC0-1.0", "autocorrelation", "192 samples (4.0 ms)", "48000 Hz", "f16"] {
        assert!(info.contains(words), "{words}: {info}");
    }
    assert!(ddsp(folder.path(), &["bench", "--seconds", "1"]).contains("whole instrument"));
    let help = ddsp(folder.path(), &["transfer", "--help"]);
    for control in [
        "--model",
        "--f0-octave-shift",
        "--f0-confidence-threshold",
        "--loudness-db-shift",
        "--sample-rate",
        "--seed",
        "--format",
        "--channel",
        "--no-normalize-input",
        "--features",
        "--plot",
        "Exit codes",
    ] {
        assert!(help.contains(control), "{control}");
    }
}
