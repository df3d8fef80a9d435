//! Ctrl-C leaves nothing half-written.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn write_tone(path: &Path, seconds: u32) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for i in 0..seconds * 16_000 {
        writer.write_sample(((f64::from(i) * 0.06).sin() * 2e4) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The command, heeding interrupts even where these tests run in the background of a shell or under `nohup`, which ignore signals there.
fn command() -> Command {
    let ddsp = env!("CARGO_BIN_EXE_ddsp");
    if !cfg!(target_os = "linux") {
        return Command::new(ddsp);
    }
    let mut env = Command::new("env");
    env.args(["--default-signal", ddsp]);
    env
}

#[test]
fn an_interrupted_write_leaves_no_partial_file() {
    const N_TRIES: usize = 30;
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write_tone(&dir.join("in.wav"), 60);
    // Large enough for the write to be met half done, also on a machine that does something else.
    let args =
        ["transfer", "in.wav", "-o", "out.wav", "--sample-rate", "192000", "--format", "wav32f"];
    for _ in 0..N_TRIES {
        let mut ddsp = command();
        let ddsp = ddsp.current_dir(dir).args(args).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = ddsp.spawn().unwrap();
        while child.try_wait().unwrap().is_none() {
            if names(dir).iter().any(|name| name.contains(".partial-")) {
                let pid = child.id().to_string();
                assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
                break;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        let status = child.wait().unwrap();
        if status.code() == Some(130) {
            assert_eq!(names(dir), ["in.wav"]);
            return;
        }
        // It was quicker.
        assert!(status.success(), "{status}");
        assert_eq!(names(dir), ["in.wav", "out.wav"]);
        fs::remove_file(dir.join("out.wav")).unwrap();
    }
    panic!("in {N_TRIES} tries no write was interrupted");
}
