//! The patches that are shipped load without a complaint, and the main one transfers.

use std::fs;

use crate::patch::{folder, recording, repository, run_files, samples, wait};

fn shipped(name: &str) -> std::path::PathBuf {
    repository().join("crates/ddsp-pd/pd").join(name)
}

#[test]
fn the_patches_load_and_transfer() {
    let Some(folder) = folder() else { return };
    let dir = folder.path();
    recording(dir);
    for name in ["ddsp-timbre-transfer.pd", "timbre_transfer-help.pd"] {
        fs::copy(shipped(name), dir.join(name)).unwrap();
    }
    // What a student does with the mouse: the recording, one control, run, save without its dialog.
    let driver = "#N canvas 0 0 900 600 12;\n\
                  #X obj 10 10 r tt-status;\n#X obj 10 40 print status;\n#X obj 200 10 loadbang;\n\
                  #X obj 200 40 del 100;\n#X obj 200 70 soundfiler;\n\
                  #X msg 200 55 read -resize in.wav tt-in;\n\
                  #X msg 200 120 \\; tt-in_sample_rate 16000 \\; tt-out_sample_rate 16000 \\; tt-quiet-n 40 \\; tt-run bang;\n\
                  #X obj 10 80 symbol;\n#X obj 10 110 select transferred:\\ play\\ it\\ or\\ save\\ it;\n\
                  #X msg 10 140 write -wave -bytes 4 out.wav tt-out;\n#X msg 10 200 \\; pd quit;\n\
                  #X obj 10 170 soundfiler;\n\
                  #X connect 0 0 1 0;\n#X connect 0 0 7 0;\n#X connect 2 0 3 0;\n#X connect 3 0 5 0;\n#X connect 5 0 4 0;\n\
                  #X connect 4 0 6 0;\n#X connect 7 0 8 0;\n#X connect 8 0 9 0;\n#X connect 9 0 11 0;\n#X connect 11 0 10 0;\n";
    fs::write(dir.join("driver.pd"), driver).unwrap();
    let files = ["ddsp-timbre-transfer.pd", "timbre_transfer-help.pd", "driver.pd"];
    let said = wait(dir, run_files(dir, &files));
    for complaint in ["couldn't create", "no such", "error:", "stack overflow", "no method"] {
        assert!(!said.contains(complaint), "{said}");
    }
    assert!(said.contains("working") && said.contains("transferred"), "{said}");
    let (heard, played) = (samples(&dir.join("in.wav")), samples(&dir.join("out.wav")));
    assert_eq!(played.len(), heard.len());
    assert!(played.iter().any(|x| x.abs() > 0.05));
}
