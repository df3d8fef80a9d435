//! `-` for standard input and output, and FLAC.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use ddsp_io::audio::{ReadOptions, Recording, read_mono};
use tempfile::TempDir;

fn clip() -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/sung_melody.flac");
    fs::read(path).unwrap()
}

/// A folder with the bundled clip in it, as `in.flac`.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("in.flac"), clip()).unwrap();
    folder
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ddsp"));
    command.current_dir(folder).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs `ddsp` in `folder` with these bytes on its standard input.
fn fed(folder: &Path, args: &[&str], stdin: &[u8]) -> Output {
    let mut child = command(folder, args).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // It may leave before it has read everything.
        scope.spawn(move || pipe.write_all(stdin).is_ok());
        child.wait_with_output().unwrap()
    })
}

/// As [`fed`]; it must succeed.
fn piped(folder: &Path, args: &[&str], stdin: &[u8]) -> Output {
    let output = fed(folder, args, stdin);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn recording(path: &Path) -> Recording {
    read_mono(path, &ReadOptions::default()).unwrap()
}

#[test]
fn pipes_carry_the_bytes_of_the_files() {
    let folder = folder();
    let dir = folder.path();
    for format in ["wav16", "wav32f", "flac"] {
        let extension = if format == "flac" { "flac" } else { "wav" };
        let (file, pipe) = (format!("file.{extension}"), format!("pipe.{extension}"));
        piped(dir, &["transfer", "in.flac", "-o", &file, "--format", format], b"");
        let expected = fs::read(dir.join(file)).unwrap();
        let said = piped(dir, &["transfer", "-", "-o", &pipe, "--format", format], &clip()).stdout;
        assert!(String::from_utf8(said).unwrap().starts_with("heard standard input: 3.26 s, FLAC"));
        assert!(fs::read(dir.join(&pipe)).unwrap() == expected, "{pipe}");
        for args in [
            &["transfer", "in.flac", "-o", "-", "--format", format][..],
            &["transfer", "-", "-o", "-", "--format", format],
            &["transfer", "-", "--format", format],
        ] {
            let output = piped(dir, args, &clip());
            assert!(output.stdout == expected, "{args:?}");
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.contains("wrote standard output: 3.26 s"), "{said}");
        }
    }
}

#[test]
fn a_table_or_a_picture_goes_through_a_pipe() {
    let folder = folder();
    let dir = folder.path();
    piped(dir, &["analyze", "in.flac", "--features", "f.csv"], b"");
    let output = piped(dir, &["analyze", "-", "--features", "-"], &clip());
    assert!(output.stdout == fs::read(dir.join("f.csv")).unwrap());
    assert!(String::from_utf8(output.stderr).unwrap().contains("wrote standard output"));
    let output = piped(dir, &["transfer", "in.flac", "-o", "out.wav", "--plot", "-"], b"");
    assert!(output.stdout.starts_with(b"\x89PNG\r\n\x1a\n"));
}

#[test]
fn flac_holds_the_samples_of_wav() {
    let folder = folder();
    let dir = folder.path();
    for (wav, flac, bits) in [("wav24", "flac", 24), ("wav16", "flac16", 16)] {
        for rate in ["8000", "16000", "48000", "192000"] {
            let more = ["--sample-rate", rate, "--format"];
            piped(dir, &[&["transfer", "in.flac", "-o", "a.wav"], &more[..], &[wav]].concat(), b"");
            piped(
                dir,
                &[&["transfer", "in.flac", "-o", "a.flac"], &more[..], &[flac]].concat(),
                b"",
            );
            let (wav, flac) = (recording(&dir.join("a.wav")), recording(&dir.join("a.flac")));
            assert!(flac.samples == wav.samples, "{bits} bits, {rate} Hz");
            assert_eq!(flac.source.format_name, format!("FLAC, {bits}-bit"));
            assert_eq!(flac.source.sample_rate.to_string(), rate);
            assert_eq!(flac.notices, []);
        }
    }
    let size = |name: &str| fs::metadata(dir.join(name)).unwrap().len();
    assert!(size("a.flac") < size("a.wav") * 8 / 10);
}

#[test]
fn the_name_or_the_format_chooses_flac() {
    let folder = folder();
    let dir = folder.path();
    fs::create_dir(dir.join("songs")).unwrap();
    fs::create_dir(dir.join("sounds")).unwrap();
    fs::write(dir.join("songs/a.flac"), clip()).unwrap();
    piped(dir, &["transfer", "in.flac", "-o", "x.FLAC"], b"");
    piped(dir, &["transfer", "in.flac", "--format", "flac"], b"");
    piped(dir, &["transfer", "in.flac", "-o", "sounds", "--format", "flac"], b"");
    piped(dir, &["transfer", "songs", "-o", "out", "--format", "flac24"], b"");
    let expected = fs::read(dir.join("x.FLAC")).unwrap();
    assert!(expected.starts_with(b"fLaC"));
    for name in ["in.alto_sax.flac", "sounds/in.flac", "out/a.flac"] {
        assert!(fs::read(dir.join(name)).unwrap() == expected, "{name}");
    }
}

#[test]
fn a_stream_that_is_cut_off_is_played_as_its_file_is() {
    let folder = folder();
    let dir = folder.path();
    let whole = clip();
    let half = &whole[..whole.len() / 2];
    fs::write(dir.join("cut.flac"), half).unwrap();
    piped(dir, &["transfer", "cut.flac", "-o", "file.wav"], b"");
    let output = piped(dir, &["transfer", "-", "-o", "-"], half);
    assert!(output.stdout == fs::read(dir.join("file.wav")).unwrap());
    assert!(String::from_utf8(output.stderr).unwrap().contains("ends early at"));
}

#[test]
fn what_is_no_audio_on_standard_input_is_said_in_one_sentence() {
    let folder = TempDir::new().unwrap();
    let whole = clip();
    for (name, stdin, says) in [
        ("nothing", &b""[..], "is empty"),
        ("one byte", &whole[..1], "expected an audio file, found text"),
        ("a header cut off", &whole[..20], "it ends before its audio can be read"),
        ("text", b"dear diary", "expected an audio file, found text"),
        ("zeros", &[0; 100_000], "not an audio file in any format known here"),
    ] {
        for args in [&["transfer", "-", "-o", "out.wav"][..], &["transfer", "-"], &["analyze", "-"]]
        {
            let output = fed(folder.path(), args, stdin);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(3), "{name}: {said}");
            assert!(said.starts_with("ddsp: standard input: ") && said.contains(says), "{said}");
            assert_eq!((said.lines().count(), output.stdout.len()), (1, 0), "{name}: {said}");
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_reader_that_leaves_is_no_reason_to_cry() {
    let folder = folder();
    let left = |args: &[&str]| {
        let mut child = command(folder.path(), args).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("ddsp:") && !said.contains("panicked"), "{args:?}: {said}");
        output.status.code()
    };
    assert_eq!(left(&["transfer", "in.flac", "-o", "-"]), Some(5));
    assert_eq!(left(&["analyze", "in.flac", "--plot", "-"]), Some(5));
    // Reports are no output: what was asked for is done.
    assert_eq!(left(&["models"]), Some(0));
    assert_eq!(left(&["transfer", "in.flac", "-o", "out.wav"]), Some(0));
    assert!(folder.path().join("out.wav").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_said() {
    let folder = folder();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut ddsp = command(folder.path(), &["transfer", "in.flac", "-o", "-"]);
    let output = ddsp.stdout(full).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "ddsp: standard output: cannot be written: no space left on the device\n");
    assert_eq!(output.status.code(), Some(5));
}
