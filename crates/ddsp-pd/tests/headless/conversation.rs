//! Every message, and every wrong one, is answered.

use std::fs;

use ddsp_cases::TinyCheckpoint;

use crate::patch::{folder, recording, repository, run};

#[test]
fn every_message_is_answered() {
    let Some(folder) = folder() else { return };
    let dir = folder.path();
    recording(dir);
    fs::copy(repository().join("models/alto_sax.ddsp"), dir.join("sax.ddsp")).unwrap();
    fs::create_dir(dir.join("elsewhere")).unwrap();
    fs::copy(dir.join("sax.ddsp"), dir.join("elsewhere/far.ddsp")).unwrap();
    for folder in ["violin", "elsewhere/cello"] {
        fs::create_dir(dir.join(folder)).unwrap();
        TinyCheckpoint::new().write(&dir.join(folder));
    }
    fs::write(dir.join("broken.ddsp"), b"no model").unwrap();
    fs::write(dir.join("text.wav"), b"no sound").unwrap();
    let steps = [
        ("tt0 load", "worker on"),
        ("tt0 open in.wav in", "opened"),
        ("tt0 normalize in 0.5", "normalized"),
        ("tt0 normalize in", "normalized"),
        ("tt0 run sax.ddsp in out", "transferred"),
        ("tt0 run sax in out", "transferred"),
        ("tt0 run violin in out", "transferred"),
        ("tt0 run violin/operative_config-0.gin in out", "transferred"),
        // On Pd's search path.
        ("tt0 run far in out", "transferred"),
        ("tt0 run cello in out", "transferred"),
        ("tt0 run alto_sax nowhere out", "error expected an array called nowhere, found none"),
        ("tt0 run alto_sax in nowhere", "error expected an array called nowhere, found none"),
        ("tt0 run kazoo in out", "error kazoo: no such instrument or file; built in: alto_sax"),
        ("tt0 run broken.ddsp in out", "not a usable model file"),
        ("tt0 run alto_sax in", "error expected run CKPT"),
        ("tt0 run 3 in out", "found the number 3"),
        ("tt0 run alto_sax in out high", "error f0_octave_shift: expected a number, found high"),
        ("tt0 run alto_sax in out 0 2", "f0_confidence_threshold: expected 0 to 1, found 2"),
        ("tt0 run alto_sax in out 0 0 0 0", "in_sample_rate: expected 1000 to 768000 Hz, found 0"),
        ("tt0 run alto_sax in out 0 0 0 16000 0", "out_sample_rate: expected 1000"),
        ("tt0 run a in out 0 0 0 16000 16000 1 20 0 9", "found 12 arguments"),
        ("tt0 open nowhere.wav in", "nowhere.wav: there is no such file"),
        ("tt0 open text.wav in", "text.wav"),
        ("tt0 open in.wav nowhere", "expected an array called nowhere"),
        ("tt0 normalize nowhere", "expected an array called nowhere"),
        ("tt0 normalize in -1", "target: expected more than 0"),
        ("tt0 load /usr/bin/python3", "worker on"),
        ("tt0 unload sax", "error expected unload alone"),
        ("tt0 sing", "expected load, unload, run, normalize or open, found sing"),
        ("tt0 bang", "found bang"),
        ("tt0 1 2 3", "found list"),
        ("tt0 unload", "worker off"),
        ("tt0 unload", "worker off"),
    ];
    let mut messages: Vec<&str> = steps.iter().map(|(message, _)| *message).collect();
    messages.push("pd quit");
    let said = run(dir, 1, &messages);
    let answers: Vec<String> = said
        .lines()
        .filter(|line| line.starts_with("tt0: ") && !line.starts_with("tt0: progress"))
        .map(|line| line.replace("\\,", ",").replace("\\;", ";").replace("\\ ", " "))
        .collect();
    assert_eq!(answers.len(), steps.len(), "{said}");
    for ((message, says), answer) in steps.iter().zip(&answers) {
        assert!(answer.contains(says), "{message}: {answer}, expected {says}");
    }
}

#[test]
fn a_run_during_a_run_is_refused_and_the_first_goes_on() {
    let Some(folder) = folder() else { return };
    recording(folder.path());
    // The refusal answers the step at once; nothing more is sent until the transfer answers.
    let steps = [
        "sf read -resize in.wav in",
        "tt0 load",
        "tt0 run alto_sax in out; tt0 run alto_sax in out",
        "tt0 normalize in",
        "pd nothing",
        "pd quit",
    ];
    let said = run(folder.path(), 1, &steps);
    assert!(said.contains("still working for out"), "{said}");
    assert!(said.contains("tt0: transferred"), "{said}");
}
