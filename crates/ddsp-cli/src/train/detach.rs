//! `--detach`: the same command again, without a terminal.

use std::fs::OpenOptions;
use std::process::{Command, Stdio};
use std::time::Duration;

use ddsp_io::run_folder::RunFolder;

use super::is_over;
use crate::args::TrainArgs;
use crate::failure::{Cause, Failure};

/// Starts the run in the background and waits until it works, or tells why it does not.
pub(super) fn run(args: &TrainArgs, folder: &RunFolder) -> Result<(), Failure> {
    super::refuse_other_folders(&args.output)?;
    folder.create()?;
    // Whoever holds the lock is told here, and not in a log.
    drop(folder.lock()?);
    let log = folder.file("train.log");
    let fail =
        |what: &str, e: std::io::Error| Failure::file(Cause::Output, &log, format!("{what}: {e}"));
    let file = OpenOptions::new().create(true).append(true).open(&log);
    let file = file.map_err(|e| fail("cannot be written", e))?;
    let copy = file.try_clone().map_err(|e| fail("cannot be written", e))?;
    let program = std::env::current_exe().map_err(|e| fail("the command is not found", e))?;
    let words = std::env::args_os().skip(1).filter(|word| word != "--detach");
    let mut command = Command::new(program);
    command.args(words).arg("--plain");
    command.stdin(Stdio::null()).stdout(file).stderr(copy);
    // A group of its own: what the terminal says when it is closed or interrupted goes to the group in front.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|e| fail("the command cannot be started", e))?;
    let before = folder.status().map(|status| status.updated_s);
    loop {
        if let Ok(Some(status)) = child.try_wait()
            && !status.success()
        {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let last = text.lines().last().unwrap_or_default().trim_start_matches("ddsp: ");
            return Err(Failure::new(Cause::Training, last.to_owned()));
        }
        let status = folder.status().filter(|status| Some(status.updated_s) != before);
        let has_begun = status.is_some_and(|s| s.step > 0 || is_over(s.state));
        if has_begun || matches!(child.try_wait(), Ok(Some(_))) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let (run, pid) = (args.output.display(), child.id());
    println!("{run}: is training in the background (process {pid})");
    println!(
        "  watch it from any terminal with `ddsp watch {run}`; its lines are in {}",
        log.display()
    );
    println!("  `kill {pid}` stops it cleanly; the same command goes on from there");
    Ok(())
}
