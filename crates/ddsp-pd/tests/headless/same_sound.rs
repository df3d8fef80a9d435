//! The object plays what `ddsp transfer` writes.

use std::path::Path;
use std::process::Command;

use crate::patch::{built, folder, recording, run, samples};

/// What `ddsp transfer` makes of the folder's recording, at Pd's rate unless another is asked for.
fn transferred(folder: &Path, args: &[&str]) -> Vec<f32> {
    let pds: &[&str] =
        if args.contains(&"--sample-rate") { &[] } else { &["--sample-rate", "16000"] };
    let output = Command::new(built("ddsp-cli", "ddsp"))
        .current_dir(folder)
        .args(["transfer", "in.wav", "-o", "command.wav", "--format", "wav32f"])
        .args(args)
        .args(pds)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    samples(&folder.join("command.wav"))
}

#[test]
fn the_sound_is_that_of_the_command_bit_for_bit() {
    let Some(folder) = folder() else { return };
    let dir = folder.path();
    recording(dir);
    let n = samples(&dir.join("in.wav")).len();
    for (message, args) in [
        ("run alto_sax in out", &[][..]),
        (
            "run alto_sax in out -1 0.4 3 16000 16000 0",
            &[
                "--no-auto-adjust",
                "--f0-octave-shift",
                "-1",
                "--f0-confidence-threshold",
                "0.4",
                "--loudness-db-shift",
                "3",
            ],
        ),
        ("run alto_sax in out 0 0 0 16000 16000 1 40 1", &["--quiet", "40", "--autotune", "1"]),
        ("run alto_sax in out 0 0 0 16000 44100", &["--sample-rate", "44100"]),
    ] {
        let said = run(
            dir,
            1,
            &[
                "sf read -resize in.wav in",
                "tt0 load",
                &format!("tt0 {message}"),
                "sf write -wave -bytes 4 out.wav out",
                "pd quit",
            ],
        );
        let (ours, expected) = (samples(&dir.join("out.wav")), transferred(dir, args));
        assert!(
            said.contains(&format!("tt0: transferred {}", expected.len())),
            "{message}: {said}"
        );
        assert!(said.contains("tt0: worker on") && said.contains("tt0: progress 1"), "{said}");
        assert_eq!(ours.len(), expected.len(), "{message}");
        assert!(expected.iter().any(|x| x.abs() > 0.01), "{message}: silence proves nothing");
        let differ = ours.iter().zip(&expected).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
        assert_eq!(differ, 0, "{message}: of {n} samples {differ} differ");
    }
}

#[test]
fn two_objects_work_at_once() {
    let Some(folder) = folder() else { return };
    let dir = folder.path();
    recording(dir);
    // Both begin before either is done; the first answer of the two goes on to a step that sends nothing.
    let said = run(
        dir,
        2,
        &[
            "sf read -resize in.wav in",
            "tt0 load",
            "tt1 load",
            "tt0 run alto_sax in out; tt1 run alto_sax in in 0 0 -20 16000 16000 0",
            "pd nothing",
            "sf write -wave -bytes 4 out.wav out",
            "sf write -wave -bytes 4 quiet.wav in",
            "pd quit",
        ],
    );
    assert!(said.contains("tt0: transferred") && said.contains("tt1: transferred"), "{said}");
    assert_eq!(samples(&dir.join("out.wav")), transferred(dir, &[]));
    let quiet = ["--no-auto-adjust", "--loudness-db-shift", "-20"];
    assert_eq!(samples(&dir.join("quiet.wav")), transferred(dir, &quiet));
}
