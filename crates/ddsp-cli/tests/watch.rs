//! `ddsp watch` on runs in every state.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ddsp_io::run_folder::{Metric, RunFolder, State, Status};

fn ddsp(args: &[&str], path: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ddsp"));
    command.arg("watch").args(args).arg(path).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn watch(args: &[&str], path: &Path) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = ddsp(args, path).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn step(step: u64) -> Metric {
    let loss = 5.0 + 1.0 / step as f64;
    Metric::Step {
        step,
        elapsed_s: 5.0 * step as f64,
        spectral_loss: loss,
        total_loss: loss,
        steps_per_s: 2.0,
        learning_rate: 1e-3,
        gradient_norm: 0.5,
    }
}

/// A run of 30 steps in `folder` that says this of itself.
fn run(folder: &Path, state: State) -> (RunFolder, Status) {
    let run = RunFolder::new(folder);
    let mut metrics = run.metrics_from(0).unwrap();
    (1..=30).for_each(|n| metrics.write(&step(n)).unwrap());
    let status = Status {
        state,
        step: 30,
        n_steps: Some(100),
        elapsed_s: 15.0,
        steps_per_s: 2.0,
        eta_s: Some(35.0),
        checkpoint_step: Some(28),
        ..Status::starting("instrument", "violin")
    };
    run.set_status(&status).unwrap();
    (run, status)
}

#[test]
fn a_training_is_followed_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (run, status) = run(folder.path(), State::Training);
    let lock = run.lock().unwrap();
    // Two watchers at once, and a second trainer is refused meanwhile.
    let mut watchers = [(); 2].map(|()| ddsp(&[], folder.path()).spawn().unwrap());
    let mut lines = watchers
        .each_mut()
        .map(|watcher| BufReader::new(watcher.stdout.take().unwrap()).lines().map(Result::unwrap));
    for lines in &mut lines {
        let first = lines.next().unwrap();
        assert_eq!(
            first,
            "instrument on violin: training, step 30 of 100, 15 s of training, 2.00 steps/s, 35 s left"
        );
        let before: Vec<_> = lines.take(10).collect();
        assert_eq!(
            before[0],
            "step: 21  spectral_loss: 5.05  total_loss: 5.05  steps_per_s: 2.00  left: 40 s"
        );
        assert!(before[9].starts_with("step: 30  spectral_loss: 5.03  total_loss: 5.03"));
    }
    assert!(run.lock().unwrap_err().to_string().contains("another trainer (pid "));

    let mut metrics = run.metrics_from(30).unwrap();
    metrics.write(&step(31)).unwrap();
    metrics.write(&Metric::Note { step: 31, text: "a note".into() }).unwrap();
    let reason = Some("all steps are made".to_owned());
    run.set_status(&Status { state: State::Finished, step: 31, reason, ..status }).unwrap();
    drop(lock);
    let (dir, model) = (folder.path().display(), folder.path().join("model.ddsp"));
    for lines in &mut lines {
        let rest: Vec<_> = lines.collect();
        assert!(rest[0].starts_with("step: 31  spectral_loss: 5.03  total_loss: 5.03"), "{rest:?}");
        let expected = [
            "note: step 31: a note".to_owned(),
            format!(
                "training has finished at step 31, 15 s: all steps are made; the instrument is {}",
                model.display()
            ),
            format!("  play it: ddsp transfer IN -m {}", model.display()),
            format!("  keep it: ddsp export {dir} -o NAME.ddsp"),
        ];
        assert_eq!(rest[1..], expected);
    }
    for watcher in &mut watchers {
        assert_eq!(watcher.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn how_things_stand_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let (run, _) = run(folder.path(), State::Training);
    let lock = run.lock().unwrap();
    let (code, out, err) = watch(&["--once"], folder.path());
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let lines: Vec<_> = out.lines().collect();
    let expected =
        "instrument on violin: training, step 30 of 100, 15 s of training, 2.00 steps/s, 35 s left";
    assert_eq!(lines, [expected]);
    drop(lock);
    let (code, out, _) = watch(&["--once"], folder.path());
    assert_eq!(code, Some(0));
    assert!(out.lines().last().unwrap().starts_with("training died at step 30"), "{out}");
}

#[test]
fn a_trainer_that_died_or_failed_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    let (run, status) = run(folder.path(), State::Training);
    // As a kill in the middle of a line leaves it.
    let mut file = OpenOptions::new().append(true).open(run.file("metrics.jsonl")).unwrap();
    file.write_all(b"{\"kind\":\"step\",\"step\":31,\"spec").unwrap();
    let (code, out, err) = watch(&["--plain"], folder.path());
    assert_eq!(code, Some(7));
    assert!(out.lines().last().unwrap().starts_with("step: 30  spectral_loss: 5.03"), "{out}");
    assert_eq!(
        err,
        format!(
            "ddsp: training died at step 30: nobody holds {} and it did not say that it finished; \
             the same `ddsp train` command, without --restart, goes on from step 28\n",
            folder.path().join("run.lock").display()
        )
    );
    let reason = Some("the disk is full".to_owned());
    let failed = Status { state: State::Failed, reason, ..status.clone() };
    run.set_status(&failed).unwrap();
    let (code, _, err) = watch(&[], folder.path());
    assert_eq!(code, Some(7));
    assert!(err.starts_with("ddsp: training has failed at step 30: the disk is full;"), "{err}");

    run.set_status(&Status { state: State::Stopped, ..status }).unwrap();
    let (code, out, err) = watch(&[], folder.path());
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("training was stopped at step 30; the same `ddsp train`"), "{out}");
}

#[test]
fn what_is_no_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = watch(&[], folder.path());
    assert_eq!((code, out.as_str()), (Some(3), ""));
    assert!(err.contains("found neither status.json nor run.lock in it"), "{err}");
    let (code, _, err) = watch(&["--once"], &folder.path().join("none"));
    assert_eq!(code, Some(3));
    assert!(err.contains("none: expected the folder of a training run, found nothing"), "{err}");
    fs::write(folder.path().join("status.json"), "{}").unwrap();
    let (code, _, err) = watch(&["--once"], folder.path());
    assert_eq!(code, Some(3));
    assert!(err.contains("status.json: expected the status of a training run"), "{err}");
}

#[test]
fn a_reader_that_leaves_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let (run, _) = run(folder.path(), State::Training);
    let lock = run.lock().unwrap();
    let mut watcher = ddsp(&["--plain"], folder.path()).spawn().unwrap();
    drop(watcher.stdout.take());
    let mut metrics = run.metrics_from(30).unwrap();
    metrics.write(&step(31)).unwrap();
    let output = watcher.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(5), &b""[..]));
    drop(lock);
}
