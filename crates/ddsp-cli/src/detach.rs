//! `--detach`: the same command again, without a terminal.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ddsp_io::run_folder::{RunFolder, State};

use crate::failure::{Cause, Failure};
use crate::text::sentence;

/// From one look at the child to the next.
const PERIOD: Duration = Duration::from_millis(100);
/// So much of the log is shown of a child that has ended.
const N_LINES: usize = 10;
const N_BYTES: u64 = 1 << 16;

/// Runs this command again in the background, and tells how to watch and to stop it.
#[cfg(feature = "train")]
pub(crate) fn run(folder: &RunFolder) -> Result<(), Failure> {
    let program = std::env::current_exe().map_err(|e| {
        Failure::new(Cause::Output, format!("the command cannot be started again: {e}"))
    })?;
    let words = std::env::args_os().skip(1).filter(|word| word != "--detach");
    let words: Vec<OsString> =
        words.filter(|word| word != "--plain").chain(["--plain".into()]).collect();
    let Some(pid) = spawn(&program, &words, folder)? else { return Ok(()) };
    let run = folder.path().display();
    println!(
        "{run}: is training in the background, also when this terminal is closed (process {pid})"
    );
    println!("  watch it, from any terminal: ddsp watch {run}");
    println!(
        "  stop it, with a checkpoint: kill {pid}; the same command, without --restart, goes on from there"
    );
    println!("  its lines are in {}", folder.file("train.log").display());
    Ok(())
}

/// Starts a program without a terminal, its lines going into the run's log, and waits until it trains; returns its process, or
/// none if it had nothing to do, which its last lines tell.
///
/// *Errors*: it cannot be started, or ends before it trains: the last line of its log is the failure, those before are printed.
fn spawn(program: &Path, words: &[OsString], folder: &RunFolder) -> Result<Option<u32>, Failure> {
    let log = folder.file("train.log");
    let fail = |e: io::Error| Failure::file(Cause::Output, &log, format!("cannot be written: {e}"));
    let file = OpenOptions::new().create(true).append(true).open(&log).map_err(fail)?;
    let before = file.metadata().map_err(fail)?.len();
    let copy = file.try_clone().map_err(fail)?;
    let mut command = without_terminal(program);
    command.args(words).stdin(Stdio::null()).stdout(file).stderr(copy);
    let mut child = command.spawn().map_err(|e| {
        Failure::file(Cause::Output, program, format!("cannot be started in the background: {e}"))
    })?;
    let pid = child.id();
    let ended = loop {
        let status = folder.status().ok().flatten().filter(|status| status.pid == pid);
        if status.is_some_and(|status| status.state != State::Starting && !status.state.is_end()) {
            return Ok(Some(pid));
        }
        match child.try_wait() {
            Ok(None) => std::thread::sleep(PERIOD),
            Ok(Some(ended)) => break ended,
            Err(e) => return Err(Failure::new(Cause::Training, format!("process {pid}: {e}"))),
        }
    };
    let text = tail(&log, before).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let lines = &lines[lines.len().saturating_sub(N_LINES)..];
    if ended.success() {
        lines.iter().for_each(|line| println!("{}", sentence(line)));
        return Ok(None);
    }
    let (last, others) = lines.split_last().unwrap_or((&"it ended without a word", &[]));
    others.iter().for_each(|line| eprintln!("{}", sentence(line)));
    let cause = match ended.code() {
        Some(2) => Cause::Usage,
        Some(3) => Cause::Input,
        Some(4) => Cause::Model,
        Some(5) => Cause::Output,
        _ => Cause::Training,
    };
    Err(Failure::new(cause, sentence(last.trim_start_matches("ddsp: "))))
}

/// A command whose process no closing terminal can reach.
///
/// `setsid` puts it into a session that has no terminal, and becomes it, so that the process number stays. Where there is no such
/// program, a process group of its own does nearly as well: a terminal's signals go to the group in the foreground.
/// `nohup` would not do, as our handler of interrupts leaves all signals alone where one of them is ignored, and then
/// nothing could end the training cleanly.
fn without_terminal(program: &Path) -> Command {
    #[cfg(unix)]
    {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let setsid = std::env::split_paths(&paths).map(|path| path.join("setsid"));
        if let Some(setsid) = setsid.into_iter().find(|path| path.is_file()) {
            let mut command = Command::new(setsid);
            command.arg(program);
            return command;
        }
        let mut command = Command::new(program);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }
    #[cfg(not(unix))]
    Command::new(program)
}

/// The end of a log, from `before` on.
fn tail(log: &Path, before: u64) -> io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(before.max(length.saturating_sub(N_BYTES))))?;
    let mut bytes = Vec::new();
    file.take(N_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    /// A shell that runs this in `folder`.
    fn start(folder: &Path, script: &str) -> Result<Option<u32>, Failure> {
        let script = format!("cd '{}'; {script}", folder.display());
        spawn(Path::new("/bin/sh"), &["-c".into(), script.into()], &RunFolder::new(folder))
    }

    fn status(state: &str) -> String {
        format!(
            r#"printf '{{"state":"{state}","pid":%d,"preset":"","dataset":"","step":1,"elapsed_s":0,"steps_per_s":1,"updated_s":0}}' $$ > s; mv s status.json"#
        )
    }

    #[test]
    fn a_trainer_goes_on_without_a_terminal() {
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "echo hello; {}; sleep 0.3; {}; exec sleep 60",
            status("starting"),
            status("training")
        );
        let pid = start(folder.path(), &script).unwrap().unwrap();
        let session = fs::read_to_string(format!("/proc/{pid}/stat"));
        assert!(Command::new("kill").arg(pid.to_string()).status().unwrap().success());
        assert_eq!(fs::read_to_string(folder.path().join("train.log")).unwrap(), "hello\n");
        if let Ok(stat) = session {
            // Behind the name: state, parent, group, session, terminal.
            let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
            let pid = pid.to_string();
            assert_eq!(fields[2..5], [&pid, &pid, "0"], "{stat}");
        }
    }

    #[test]
    fn a_trainer_that_dies_at_once_says_why() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("train.log"), "long ago\n").unwrap();
        let script =
            format!("{}; echo one; echo 'ddsp: there is no sound' >&2; exit 3", status("failed"));
        let failure = start(folder.path(), &script).unwrap_err();
        assert_eq!(failure.to_string(), "there is no sound");
        let failure = start(folder.path(), "exit 1").unwrap_err();
        assert_eq!(failure.to_string(), "it ended without a word");
        assert_eq!(start(folder.path(), "echo 'it has finished'").unwrap(), None);
    }
}
