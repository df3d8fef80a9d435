//! `ddsp eval-pitch` from the outside.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::f64::consts::TAU;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn ddsp(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ddsp")).current_dir(folder).args(args).output().unwrap()
}

/// One second of a sine, then half a second of silence, at 22050 Hz.
fn write_tone(path: &Path, hz: f64) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 22_050,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..33_075 {
        let x = if n < 22_050 { (TAU * hz * f64::from(n) / 22_050.0).sin() } else { 0.0 };
        writer.write_sample((x * 1e4) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// A table that says `hz` for a second and then nothing.
fn write_table(path: &Path, hz: f64) {
    let row = |i: usize| {
        let hz = if i < 100 { hz } else { 0.0 };
        format!("{:.3},{hz:.3}\n", i as f64 / 100.0)
    };
    let rows: String = (0..150).map(row).collect();
    fs::write(path, format!("time_s,f0_hz\n{rows}")).unwrap();
}

/// The object of a condition in the JSON.
fn row(json: &serde_json::Value, condition: &str) -> serde_json::Value {
    let rows = json.as_array().unwrap();
    rows.iter().find(|row| row["condition"] == condition).unwrap().clone()
}

#[test]
fn what_is_right_and_what_is_an_octave_off_is_told_apart() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path();
    fs::create_dir(dir.join("deep")).unwrap();
    for (audio, table) in [
        ("a_clean.wav", "a.csv"),
        ("a_pink10dB.wav", "a.csv"),
        ("deep/real_1.wav", "deep/real_1.csv"),
    ] {
        write_tone(&dir.join(audio), 330.0);
        write_table(&dir.join(table), 330.0);
    }
    // Its table has the tone an octave higher than it sounds.
    write_tone(&dir.join("sweep_b_clean.wav"), 330.0);
    write_table(&dir.join("sweep_b.csv"), 660.0);
    write_tone(&dir.join("stray.wav"), 330.0);

    let output = ddsp(dir, &["eval-pitch", ".", "--pitch", "autocorrelation", "--json", "t.json"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.lines().next().unwrap().ends_with("left out: ./stray.wav"), "{said}");
    let text = fs::read_to_string(dir.join("t.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 4, "{text}");
    for condition in ["clean", "pink10dB", "real_1"] {
        let row = row(&json, condition);
        assert_eq!(row["tracker"], "autocorrelation");
        for share in ["rpa", "rca", "voicing_accuracy"] {
            assert!(row[share].as_f64().unwrap() > 0.97, "{condition} {share}: {text}");
        }
        assert_eq!(row["octave_error"], 0.0);
        assert!(row["ms_per_s"].as_f64().unwrap() > 0.0);
    }
    let octave = row(&json, "sweep_b");
    assert_eq!(octave["rpa"], 0.0);
    assert!(
        octave["octave_error"].as_f64().unwrap() > 0.97 && octave["rca"] == octave["octave_error"]
    );
}

#[test]
fn what_cannot_be_evaluated_is_one_sentence() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path();
    let fails = |args: &[&str], code: i32, words: &[&str]| {
        let output = ddsp(dir, args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        words.iter().for_each(|word| assert!(said.contains(word), "{word}: {said}"));
    };
    fails(&["eval-pitch", "."], 3, &["found none"]);
    fails(&["eval-pitch", "nowhere"], 3, &["nowhere", "cannot be read"]);
    fails(&["eval-pitch", ".", "--pitch", "ouija"], 2, &["ouija", "autocorrelation"]);
    write_tone(&dir.join("a.wav"), 330.0);
    fails(&["eval-pitch", "."], 3, &["found none"]);
    fs::write(dir.join("a.csv"), "time_s,f0_hz\n0.0,330\n0.1,high\n").unwrap();
    fails(&["eval-pitch", "."], 3, &["a.csv: line 3", "'0.1,high'"]);
}
