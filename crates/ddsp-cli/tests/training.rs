//! `ddsp train` and what looks at it: nothing is lost, whatever ends a run, and what cannot be is a clear sentence.

#![cfg(all(unix, feature = "train"))]
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::f64::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use ddsp_cases::{Data, Slots, TinyCheckpoint};
use safetensors::SafeTensors;
use tempfile::TempDir;

const DDSP: &str = env!("CARGO_BIN_EXE_ddsp");
/// A model small enough to train in a second.
const SMALL: &[&str] = &[
    "--preset",
    "instrument",
    "--batch-size",
    "2",
    "--set",
    "model.channels=8",
    "--set",
    "model.gru_units=8",
    "--set",
    "model.n_harmonics=8",
    "--set",
    "model.n_noise_bands=9",
    "--set",
    "data.window_s=0.3",
    "--set",
    "loss.fft_sizes=[256,64]",
    "--set",
    "upkeep.seconds_per_checkpoint=0.0",
    "--set",
    "upkeep.evaluation_windows=1",
    "--set",
    "upkeep.checkpoints_to_keep=3",
    "--plain",
    "--seed=3",
];

fn ddsp(folder: &Path, args: &[&str]) -> Output {
    Command::new(DDSP).current_dir(folder).args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap()
}

/// The command, heeding interrupts even where tests run in the background of a shell, which ignores them there.
fn train(folder: &Path, run: &str, more: &[&str]) -> Command {
    let mut command = match cfg!(target_os = "linux") {
        true => {
            let mut env = Command::new("env");
            env.args(["--default-signal", DDSP]);
            env
        }
        false => Command::new(DDSP),
    };
    command.current_dir(folder).args(["train", "data", "-o", run]).args(SMALL).args(more);
    if !more.contains(&"--steps") {
        command.args(["--steps", "40"]);
    }
    command
}

fn write_melody(path: &Path, rate: u32, seconds: u32) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..seconds * rate {
        let t = f64::from(n) / f64::from(rate);
        let hz = 220.0 * 2f64.powf(f64::from([0, 2, 4, 5, 7][(t / 0.8) as usize % 5]) / 12.0);
        let within = t % 0.8;
        let envelope = (within / 0.02).min((0.7 - within) / 0.05).clamp(0.0, 1.0);
        let sum: f64 = (1..6).map(|k| (TAU * f64::from(k) * hz * t).sin() / f64::from(k)).sum();
        writer.write_sample((envelope * sum * 9000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// A folder with a data set of half a minute.
fn with_data() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_melody(&folder.path().join("in.wav"), 16_000, 30);
    let done = ddsp(folder.path(), &["prepare", "in.wav", "-o", "data", "--sample-rate", "16000"]);
    assert!(done.status.success(), "{}", said(&done));
    folder
}

fn checkpoints(run: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(run.join("checkpoints")).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "safetensors"));
    paths.sort();
    paths
}

/// Every tensor of the last checkpoint, as bytes.
fn tensors(run: &Path) -> Vec<(String, Vec<u8>)> {
    let bytes = fs::read(checkpoints(run).last().unwrap()).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut all: Vec<_> =
        tensors.iter().map(|(name, view)| (name.to_owned(), view.data().to_vec())).collect();
    all.sort();
    all
}

/// Waits until the run has a checkpoint behind the one that it has now, or is over.
fn wait_for_checkpoint(run: &Path, child: &mut Child) {
    let (before, start) = (checkpoints(run).pop(), Instant::now());
    while checkpoints(run).pop() == before && child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(120), "no checkpoint comes");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_run_killed_again_and_again_ends_with_the_same_weights() {
    let folder = with_data();
    let whole = train(folder.path(), "whole", &[]).output().unwrap();
    assert!(whole.status.success(), "{}", said(&whole));
    let run = folder.path().join("killed");
    let mut n_killed = 0;
    for i in 0..10_u64 {
        let mut child = train(folder.path(), "killed", &[])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for_checkpoint(&run, &mut child);
        // At some moment of a step, of an evaluation or of a checkpoint's write.
        std::thread::sleep(Duration::from_micros(1_700 * i * i % 23_000));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            n_killed += 1;
        }
        child.wait().unwrap();
    }
    println!("{n_killed} of 10 tries were killed at work");
    assert!(n_killed >= 5, "{n_killed} of 10 tries were killed at work");
    let rest = train(folder.path(), "killed", &[]).output().unwrap();
    assert!(rest.status.success(), "{}", said(&rest));
    assert!(tensors(&run) == tensors(&folder.path().join("whole")), "the weights are others");
    // No half-written file is taken for a checkpoint, and the metrics are those of one run.
    let metrics = |run: &str| {
        let text = fs::read_to_string(folder.path().join(run).join("metrics.jsonl")).unwrap();
        let evals = text.lines().filter(|line| line.contains("\"eval\""));
        evals
            .map(|line| line.split("\"spectral_loss\"").nth(1).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(metrics("killed"), metrics("whole"));
    // The same command on a finished run says so.
    let again = train(folder.path(), "killed", &[]).output().unwrap();
    assert!(
        again.status.success() && said(&again).contains("has finished at step 40"),
        "{}",
        said(&again)
    );
}

#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let folder = with_data();
    let run = folder.path().join("run");
    let whole = train(folder.path(), "whole", &[]).output().unwrap();
    assert!(whole.status.success(), "{}", said(&whole));
    let mut child = train(folder.path(), "run", &[]).stdout(Stdio::null()).spawn().unwrap();
    for _ in 0..4 {
        wait_for_checkpoint(&run, &mut child);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let newest = checkpoints(&run).pop().unwrap();
    let mut bytes = fs::read(&newest).unwrap();
    let at = bytes.len() - 100;
    bytes[at] ^= 1;
    fs::write(&newest, bytes).unwrap();
    let rest = train(folder.path(), "run", &[]).output().unwrap();
    assert!(rest.status.success(), "{}", said(&rest));
    assert!(
        said(&rest).contains("passed over") && said(&rest).contains("it is damaged"),
        "{}",
        said(&rest)
    );
    assert!(tensors(&run) == tensors(&folder.path().join("whole")), "the weights are others");
    // Where all are damaged, nothing is overwritten.
    for path in checkpoints(&run) {
        fs::write(path, "rubbish").unwrap();
    }
    let refused = train(folder.path(), "run", &[]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(said(&refused).contains("expected a checkpoint of a training"), "{}", said(&refused));
}

#[test]
fn an_interrupt_ends_a_run_between_two_steps_and_watch_says_how_it_stands() {
    let folder = with_data();
    let run = folder.path().join("run");
    let mut child =
        train(folder.path(), "run", &["--steps", "100000"]).stdout(Stdio::piped()).spawn().unwrap();
    wait_for_checkpoint(&run, &mut child);
    // Another trainer is refused, whoever watches sees it at work.
    let other = train(folder.path(), "run", &["--steps", "100000"]).output().unwrap();
    assert!(
        !other.status.success() && said(&other).contains("another trainer"),
        "{}",
        said(&other)
    );
    let once = ddsp(folder.path(), &["watch", "run", "--once"]);
    assert!(once.status.success() && said(&once).contains("of 100000"), "{}", said(&once));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{}", said(&ended));
    assert!(said(&ended).contains("was stopped at step"), "{}", said(&ended));
    let watched = ddsp(folder.path(), &["watch", "run"]);
    assert!(
        watched.status.success() && said(&watched).contains("command, without --restart, goes on"),
        "{}",
        said(&watched)
    );
    // Killed, it says nothing; whoever watches is told all the same.
    let mut child =
        train(folder.path(), "run", &["--steps", "100000"]).stdout(Stdio::null()).spawn().unwrap();
    wait_for_checkpoint(&run, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    let watched = ddsp(folder.path(), &["watch", "run"]);
    assert_eq!(watched.status.code(), Some(7), "{}", said(&watched));
    assert!(said(&watched).contains("died at step"), "{}", said(&watched));
    // With other settings it does not go on.
    let other =
        train(folder.path(), "run", &["--set", "optimizer.learning_rate=0.5"]).output().unwrap();
    assert_eq!(other.status.code(), Some(2));
    let text = said(&other);
    assert!(text.contains("optimizer.learning_rate was 0.002 and would be 0.5"), "{text}");
    assert!(text.contains("budget.steps was 100000 and would be 40"), "{text}");
}

#[test]
fn a_full_disk_ends_a_run_with_its_checkpoints_whole() {
    let folder = with_data();
    let run = folder.path().join("run");
    let mut child = train(folder.path(), "run", &[]).stdout(Stdio::null()).spawn().unwrap();
    wait_for_checkpoint(&run, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    let before = checkpoints(&run);
    // A limit on the size of a file stands for a disk that is full, as it needs no other rights: events may still grow to 8 kB.
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$@\"";
    let mut limited = Command::new("sh");
    limited
        .current_dir(folder.path())
        .args(["-c", script, "sh", DDSP, "train", "data", "-o", "run"])
        .args(SMALL)
        .args(["--steps", "40"]);
    let limited = limited.output().unwrap();
    assert_eq!(limited.status.code(), Some(5), "{}", said(&limited));
    assert!(said(&limited).contains("cannot be written"), "{}", said(&limited));
    assert_eq!(checkpoints(&run), before);
    let rest = train(folder.path(), "run", &[]).output().unwrap();
    assert!(rest.status.success(), "{}", said(&rest));
    let whole = train(folder.path(), "whole", &[]).output().unwrap();
    assert!(whole.status.success(), "{}", said(&whole));
    assert!(tensors(&run) == tensors(&folder.path().join("whole")), "the weights are others");
}

#[test]
fn an_instrument_comes_out_and_is_measured() {
    let folder = with_data();
    let done = train(folder.path(), "run", &["--detach"]).output().unwrap();
    assert!(done.status.success() && said(&done).contains("ddsp watch run"), "{}", said(&done));
    let watched = ddsp(folder.path(), &["watch", "run"]);
    assert!(watched.status.success(), "{}", said(&watched));
    assert!(said(&watched).contains("finished at step 40"), "{}", said(&watched));
    assert!(
        said(&watched).contains("spectral_loss: ") && said(&watched).contains("  total_loss: ")
    );
    let measured = ddsp(folder.path(), &["eval", "run", "data", "--json"]);
    assert!(measured.status.success(), "{}", said(&measured));
    let metrics: serde_json::Value = serde_json::from_slice(&measured.stdout).unwrap();
    assert!(metrics["spectral_loss"].as_f64().unwrap() > 0.0);
    let exported = ddsp(
        folder.path(),
        &["export", "run", "-o", "bell.ddsp", "--licence", "CC0-1.0", "--attribution", "nobody"],
    );
    assert!(exported.status.success(), "{}", said(&exported));
    let card = fs::read_to_string(folder.path().join("bell.md")).unwrap();
    assert!(
        card.starts_with("# bell") && card.contains("CC0-1.0") && card.contains("nobody"),
        "{card}"
    );
    let played = ddsp(folder.path(), &["transfer", "in.wav", "-m", "bell.ddsp", "-o", "out.wav"]);
    assert!(played.status.success(), "{}", said(&played));
    // The same recording, copied and prepared again, is the same data set.
    fs::copy(folder.path().join("in.wav"), folder.path().join("copy.wav")).unwrap();
    fs::rename(folder.path().join("copy.wav"), folder.path().join("in.wav")).unwrap();
    let anew = ["prepare", "in.wav", "-o", "data", "--sample-rate", "16000", "--restart"];
    assert!(ddsp(folder.path(), &anew).status.success());
    let again = train(folder.path(), "run", &[]).output().unwrap();
    assert!(again.status.success() && said(&again).contains("has finished"), "{}", said(&again));
    // Warm, from itself.
    let warm = train(folder.path(), "warm", &["--from", "run"]).output().unwrap();
    assert!(warm.status.success(), "{}", said(&warm));
    let other = ["--from", "run", "--set", "model.gru_units=16"];
    let other = train(folder.path(), "other", &other).output().unwrap();
    assert_eq!(other.status.code(), Some(2), "{}", said(&other));
    assert!(said(&other).contains("model.gru_units was 8 and would be 16"), "{}", said(&other));
}

#[test]
fn a_checkpoint_of_magenta_is_trained_further() {
    let folder = with_data();
    let dir = folder.path();
    let checkpoint = TinyCheckpoint { slots: Slots::Variables, ..TinyCheckpoint::new() };
    for (name, slots_of) in [("whole", vec!["model/"]), ("part", vec!["model/decoder/dense_out"])] {
        fs::create_dir(dir.join(name)).unwrap();
        TinyCheckpoint { slots_of, ..checkpoint.clone() }.write(&dir.join(name));
    }
    let train = |args: &[&str]| {
        let always = ["--steps", "1", "--plain", "--set", "upkeep.evaluation_windows=1"];
        let done = ddsp(dir, &[&["train", "data", "-o"], args, &always].concat());
        assert!(done.status.success(), "{args:?}: {}", said(&done));
        said(&done)
    };
    let newest = |run: &str| checkpoints(&dir.join(run)).pop().unwrap();
    let adam_steps = |run: &str| {
        let bytes = fs::read(newest(run)).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let text = header.metadata().as_ref().unwrap().values().next().unwrap();
        let numbers: serde_json::Value = serde_json::from_str(text).unwrap();
        numbers["adam_steps"].as_u64().unwrap()
    };
    let small = ["--batch-size", "2"];
    // Adam goes on: 7 steps before this one, and 0.999 of what it had gathered.
    train(&[&["on", "--from", "whole"], &small[..]].concat());
    assert_eq!(adam_steps("on"), 8);
    let squares: f64 = tensors(&dir.join("on"))
        .iter()
        .filter(|(name, _)| name.starts_with("squares:"))
        .flat_map(|(_, bytes)| bytes.chunks_exact(4))
        .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
        .sum();
    let before: f64 = checkpoint
        .variables
        .iter()
        .filter(|variable| variable.path.starts_with("model/"))
        .filter_map(|variable| match &variable.data {
            Data::F32(values) => Some(values),
            Data::I64(_) => None,
        })
        .flatten()
        .map(|w| f64::from(w * w))
        .sum();
    assert!((squares / (0.999 * before) - 1.0).abs() < 0.01, "{squares} from {before}");
    // Without all of it, it begins anew.
    let words = train(&[&["anew", "--from", "part"], &small[..]].concat());
    assert!(words.contains("found none for") && words.contains("Adam begins anew"), "{words}");
    assert_eq!(adam_steps("anew"), 1);
    // The recipe is the gin file's, the weights are new.
    train(&["gin", "--config", "whole"]);
    assert_eq!(adam_steps("gin"), 1);
    let settings = fs::read_to_string(dir.join("gin/config.toml")).unwrap();
    assert!(settings.contains("batch_size = 2") && settings.contains("channels = 8"), "{settings}");
}

#[test]
fn a_finished_run_gets_back_what_it_lost_and_restart_is_not_rash() {
    let folder = with_data();
    let (dir, run) = (folder.path(), folder.path().join("run"));
    let all = ["prepare", "in.wav", "-o", "all", "--sample-rate", "16000", "--held-out", "0"];
    let done = ddsp(dir, &all);
    assert!(done.status.success(), "{}", said(&done));
    fs::rename(dir.join("all"), dir.join("data-all")).unwrap();
    fs::rename(dir.join("data"), dir.join("data-part")).unwrap();
    fs::rename(dir.join("data-all"), dir.join("data")).unwrap();
    // Nothing is held out: the instrument is there from the first checkpoint on.
    let mut child = train(dir, "run", &[]).stdout(Stdio::null()).spawn().unwrap();
    wait_for_checkpoint(&run, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(run.join("model.ddsp").is_file());
    let done = train(dir, "run", &[]).output().unwrap();
    assert!(
        done.status.success() && said(&done).contains("nothing is held out"),
        "{}",
        said(&done)
    );
    // As if the trainer had been killed between its last checkpoint and its last word.
    let instrument = fs::read(run.join("model.ddsp")).unwrap();
    fs::remove_file(run.join("model.ddsp")).unwrap();
    let status = fs::read_to_string(run.join("status.json")).unwrap();
    fs::write(run.join("status.json"), status.replace("finished", "training")).unwrap();
    let again = train(dir, "run", &[]).output().unwrap();
    assert!(again.status.success() && said(&again).contains("has finished"), "{}", said(&again));
    assert_eq!(fs::read(run.join("model.ddsp")).unwrap(), instrument);
    assert!(ddsp(dir, &["watch", "run", "--once"]).status.success());
    // What cannot be trained takes nothing's place.
    for wrong in [["--device", "abacus"], ["--set", "data.window_s=50.0"]] {
        let refused = train(dir, "run", &[&["--restart"], &wrong[..]].concat()).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
        assert_eq!(fs::read(run.join("model.ddsp")).unwrap(), instrument);
    }
}

#[test]
fn what_cannot_be_trained_is_a_sentence() {
    let folder = with_data();
    let dir = folder.path();
    fs::write(dir.join("file"), "x").unwrap();
    fs::create_dir(dir.join("other")).unwrap();
    fs::write(dir.join("other/x"), "x").unwrap();
    for (args, code, expected) in [
        (&["train", "no", "-o", "r"][..], 3, "no"),
        (&["train", "other", "-o", "r"], 3, "data set"),
        (&["train", "data", "-o", "file"], 5, "found a file"),
        (&["train", "data", "-o", "other"], 5, "found other files"),
        (
            &["train", "data", "-o", "r", "--set", "model.sample_rate=48000"],
            2,
            "expected 16000, that of the data set",
        ),
        (
            &["train", "data", "-o", "r", "--set", "model.frame_rate=125"],
            2,
            "expected 250, that of the data set",
        ),
        (
            &["train", "data", "-o", "r", "--set", "data.window_s=50.0"],
            2,
            "expected recordings of at least",
        ),
        (&["train", "data", "-o", "r", "--set", "data.sise=1"], 2, "no such setting"),
        (&["train", "data", "-o", "r", "--preset", "loud"], 2, "instrument, solo"),
        (&["train", "data", "-o", "r", "--device", "abacus"], 2, "expected cpu"),
        (&["watch", "other"], 3, "found neither"),
        (&["watch", "no"], 3, "found nothing of this name"),
        (&["export", "other", "-o", "x.ddsp"], 3, "found none"),
    ] {
        let output = ddsp(dir, args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", said(&output));
        assert!(said(&output).contains(expected), "{args:?}: {}", said(&output));
    }
    // A run of another version.
    let done = train(dir, "run", &[]).output().unwrap();
    assert!(done.status.success(), "{}", said(&done));
    let settings = dir.join("run/config.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("newer = 1\n{text}")).unwrap();
    let output = train(dir, "run", &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("another"), "{}", said(&output));
}
