//! `ddsp compare` from the outside.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::f64::consts::TAU;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn ddsp(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ddsp")).current_dir(folder).args(args).output().unwrap()
}

fn compare(folder: &Path, args: &[&str]) -> Value {
    let output = ddsp(folder, &[&["compare", "--json"], args].concat());
    assert!(output.status.success(), "{args:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn write(path: &Path, sample_rate: u32, samples: &[f64]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    samples.iter().for_each(|x| writer.write_sample(*x as f32).unwrap());
    writer.finalize().unwrap();
}

/// A second of a sine that swells, a second of `rest`, and the sine again.
fn song(hz: f64, sample_rate: u32, rest: f64) -> Vec<f64> {
    let rate = f64::from(sample_rate);
    let at = |n: u32| {
        let t = f64::from(n) / rate;
        let gain = if (1.0..2.0).contains(&t) { rest } else { 0.3 * (TAU * 0.5 * t).sin().abs() };
        gain * (TAU * hz * t).sin()
    };
    (0..3 * sample_rate).map(at).collect()
}

fn number(json: &Value, name: &str) -> f64 {
    json[name].as_f64().unwrap_or_else(|| panic!("{name}: {json}"))
}

#[test]
fn a_file_and_itself_agree_in_everything() {
    let folder = TempDir::new().unwrap();
    write(&folder.path().join("a.wav"), 16_000, &song(330.0, 16_000, 0.0));
    let json = compare(folder.path(), &["a.wav", "a.wav"]);
    assert_eq!(number(&json, "f0_agreement"), 1.0);
    assert_eq!(number(&json, "f0_agreement_modulo_octave"), 1.0);
    assert_eq!((number(&json, "octave_error"), number(&json, "f0_median_cents")), (0.0, 0.0));
    assert!(number(&json, "loudness_correlation") > 1.0 - 1e-9);
    assert!((number(&json, "silence_s") - 0.88).abs() < 0.03, "{json}");
    assert_eq!(number(&json, "leakage_db"), -120.0);
    for name in ["clicks_in", "clicks_out", "n_nan", "length_difference_s"] {
        assert_eq!(number(&json, name), 0.0, "{name}: {json}");
    }
    assert!((number(&json, "peak") - 0.3).abs() < 0.01 && number(&json, "dc").abs() < 1e-3);
    assert!(json["above_nyquist_db"].is_null());

    let table = ddsp(folder.path(), &["compare", "a.wav", "a.wav"]).stdout;
    let table = String::from_utf8(table).unwrap();
    for words in ["a.wav after a.wav, alto_sax", "100.0 %", "1.000", "-120.0 dB"] {
        assert!(table.contains(words), "{words}: {table}");
    }
}

#[test]
fn an_octave_is_an_error_unless_it_was_asked_for() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path();
    write(&dir.join("a.wav"), 16_000, &song(220.0, 16_000, 0.0));
    // At another rate, and a tenth of a second shorter.
    let octave = song(440.0, 96_000, 0.0);
    write(&dir.join("b.wav"), 96_000, &octave[..octave.len() - 9_600]);
    let json = compare(dir, &["a.wav", "b.wav"]);
    assert!(number(&json, "octave_error") > 0.99 && number(&json, "f0_agreement") < 0.01, "{json}");
    assert!(number(&json, "f0_agreement_modulo_octave") > 0.99);
    assert!((number(&json, "length_difference_s") + 0.1).abs() < 1e-6);
    assert!(number(&json, "above_nyquist_db") < -60.0, "{json}");
    let shifted = compare(dir, &["a.wav", "b.wav", "--f0-octave-shift", "1"]);
    assert!(number(&shifted, "f0_agreement") > 0.99 && number(&shifted, "octave_error") < 0.01);
}

#[test]
fn leaks_clicks_and_broken_samples_are_measured() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path();
    write(&dir.join("a.wav"), 48_000, &song(330.0, 48_000, 0.0));
    // A sine of peak 0.01 in the rest: -43.01 dB.
    let mut out = song(330.0, 48_000, 0.01);
    for i in 0..10 {
        out[108_000 + 3_000 * i] += 0.2;
    }
    out[60_000] = f64::NAN;
    write(&dir.join("b.wav"), 48_000, &out);
    let json = compare(dir, &["a.wav", "b.wav"]);
    assert!((number(&json, "leakage_db") + 43.01).abs() < 0.3, "{json}");
    assert!((10.0..=12.0).contains(&number(&json, "clicks_out")), "{json}");
    assert_eq!((number(&json, "clicks_in"), number(&json, "n_nan")), (0.0, 1.0));
}

#[test]
fn what_cannot_be_compared_is_one_sentence() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path();
    write(&dir.join("a.wav"), 16_000, &song(330.0, 16_000, 0.0));
    for (args, code, words) in [
        (["compare", "a.wav", "none.wav", "--json"], 3, "none.wav"),
        (["compare", "a.wav", "a.wav", "--model=none"], 4, "none"),
        (["compare", "a.wav", "a.wav", "--f0-octave-shift=9"], 2, "-4 to 4"),
    ] {
        let output = ddsp(dir, &args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{said}");
    }
    // Silence has no pitch and no correlation, and that is no failure.
    write(&dir.join("silence.wav"), 16_000, &[0.0; 8_000]);
    let json = compare(dir, &["silence.wav", "a.wav"]);
    for name in ["f0_agreement", "octave_error", "f0_median_cents", "loudness_correlation"] {
        assert!(json[name].is_null(), "{name}: {json}");
    }
}
