//! What goes on while a run works, and what happens often.

use std::fs;
use std::time::Duration;

use crate::patch::{folder, recording, run, run_files, start, wait, write};

/// The memory of a process that is its own, in kB.
fn resident_kb(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn fifty_cycles_do_not_grow() {
    let Some(folder) = folder() else { return };
    let dir = folder.path();
    recording(dir);
    let mut steps = vec!["sf read -resize in.wav in"];
    for _ in 0..50 {
        steps.extend(["tt0 load", "tt0 run alto_sax in out", "tt0 unload"]);
    }
    steps.push("pd quit");
    write(dir, 1, &steps);
    let mut pd = start(dir);
    let mut samples_kb = Vec::new();
    while pd.try_wait().unwrap().is_none() {
        samples_kb.extend(resident_kb(pd.id()));
        std::thread::sleep(Duration::from_millis(1));
    }
    let log = fs::read_to_string(dir.join("log")).unwrap();
    assert_eq!(log.matches("tt0: transferred").count(), 50, "{log}");
    // On a busy machine most of the time may go into starting, with hardly any memory.
    let most = samples_kb.iter().copied().max().unwrap_or_default();
    samples_kb.retain(|kb| 2 * kb > most);
    let median = |samples: &[u64]| {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        sorted[sorted.len() / 2]
    };
    let n = samples_kb.len();
    assert!(n > 10, "{n} samples tell nothing");
    let (early, late) = (median(&samples_kb[n / 4..n / 2]), median(&samples_kb[4 * n / 5..]));
    println!("median memory: {early} kB early, {late} kB late, of {n} samples");
    // A lost recording (0.3 MB) or model (2.6 MB) a cycle would be 8 MB or more.
    assert!(late < early + 4_000, "{early} kB grew to {late} kB");
}

#[test]
fn unloading_deleting_and_quitting_during_a_run_are_safe() {
    let Some(folder) = folder() else { return };
    let dir = folder.path();
    recording(dir);
    let read = "sf read -resize in.wav in";
    let said = run(dir, 1, &[read, "tt0 load", "tt0 run alto_sax in out; tt0 unload", "pd quit"]);
    assert!(said.contains("worker off") && !said.contains("transferred"), "{said}");
    // `clear` deletes every object of the patch, its arrays and the sender of this message included.
    let clear = "tt0 run alto_sax in out; pd-test.pd clear; pd quit";
    run(dir, 1, &[read, "tt0 load", clear]);
    let said = run(dir, 1, &[read, "tt0 load", "tt0 run alto_sax in out; pd quit"]);
    assert!(!said.contains("transferred"), "{said}");
}

/// A panic can be forced in a debug build alone: `cargo test -p ddsp-pd`.
#[cfg(debug_assertions)]
#[test]
fn a_panic_inside_is_an_error_and_pd_goes_on() {
    let Some(folder) = folder() else { return };
    let dir = folder.path();
    recording(dir);
    let steps = [
        "sf read -resize in.wav in",
        "tt0 load",
        "tt0 panic",
        "tt0 run panic in out",
        "tt0 run alto_sax in out",
        "pd quit",
    ];
    let said = run(dir, 1, &steps);
    assert!(said.contains("ddsp failed inside (forced in a message)"), "{said}");
    assert!(said.contains("ddsp failed inside (forced in the worker)"), "{said}");
    assert!(said.contains("tt0: transferred"), "{said}");
}

#[test]
fn an_array_that_goes_away_during_a_run_is_an_error() {
    let Some(folder) = folder() else { return };
    let dir = folder.path();
    recording(dir);
    let other = "#N canvas 0 0 300 300 12;\n#X obj 10 10 array define gone 10;\n";
    fs::write(dir.join("other.pd"), other).unwrap();
    let steps = [
        "sf read -resize in.wav in",
        "tt0 load",
        "tt0 run alto_sax in gone; pd-other.pd menuclose 1",
        "pd quit",
    ];
    write(dir, 1, &steps);
    let said = wait(dir, run_files(dir, &["other.pd", "test.pd"]));
    let said = said.replace("\\ ", " ").replace("\\,", ",");
    assert!(said.contains("error expected an array called gone, found none"), "{said}");
    assert!(said.contains("progress"), "{said}");
}
