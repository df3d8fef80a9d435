//! `ddsp prepare`: a data set appears whole, is the same again, and bad material is told in a clear sentence while the good is used.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::f64::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use ddsp_io::dataset::{Dataset, Part};
use tempfile::TempDir;

fn ddsp(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ddsp")).current_dir(folder).args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(text).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Notes with pauses between them, without highs.
fn melody(rate: u32, seconds: f64, hz: f64) -> Vec<f32> {
    let semitones = [0, 2, 4, 5, 7, 9, 11, 12];
    let sample = |n: usize| {
        let t = n as f64 / f64::from(rate);
        let note = hz * 2f64.powf(f64::from(semitones[(t / 0.8) as usize % 8]) / 12.0);
        let (within, level) = (t % 0.8, 0.2 + 0.1 * (t / 5.0).sin());
        let envelope = (within / 0.02).min((0.6 - within) / 0.02).clamp(0.0, 1.0);
        let sum: f64 = (1..6).map(|k| (TAU * f64::from(k) * note * t).sin() / f64::from(k)).sum();
        (level * envelope * sum) as f32
    };
    (0..(seconds * f64::from(rate)) as usize).map(sample).collect()
}

fn write_wav(path: &Path, rate: u32, channels: &[&[f32]]) {
    let spec = hound::WavSpec {
        channels: channels.len() as u16,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..channels[0].len() {
        for channel in channels {
            writer.write_sample((channel[n].clamp(-1.0, 1.0) * 32_767.0) as i16).unwrap();
        }
    }
    writer.finalize().unwrap();
}

/// A folder with one good recording of half a minute.
fn with_good() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_wav(&folder.path().join("good.wav"), 16_000, &[&melody(16_000, 30.0, 220.0)]);
    folder
}

fn seconds(dataset: &Path, part: Part) -> f64 {
    let dataset = Dataset::open(dataset).unwrap();
    let rate = f64::from(dataset.info().sample_rate);
    dataset.clips(part).unwrap().iter().map(|clip| clip.audio.len() as f64 / rate).sum()
}

#[test]
fn a_data_set_holds_all_of_a_recording_in_two_parts() {
    let folder = with_good();
    let output = ddsp(folder.path(), &["prepare", "good.wav", "-o", "set"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let said = said(&output);
    for words in
        ["30.0 s in 1 recording", "held out, 16000 Hz, 250 frames", "a sure pitch in", "10 minutes"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(names(folder.path()), ["good.wav", "set"]);
    let set = folder.path().join("set");
    assert_eq!(
        names(&set),
        [
            "dataset.json",
            "held_out.tfrecord-00000-of-00001",
            "material.png",
            "train.tfrecord-00000-of-00001"
        ]
    );
    assert!((seconds(&set, Part::Train) - 26.0).abs() < 1e-9);
    assert!((seconds(&set, Part::HeldOut) - 4.0).abs() < 1e-9);
    let dataset = Dataset::open(&set).unwrap();
    let info = dataset.info();
    assert_eq!((info.n_train_examples, info.n_held_out_examples), (23, 1));
    assert_eq!((info.input_peak, info.f0_tracker.as_str()), (Some(0.9), "autocorrelation"));
    let statistics = info.statistics.as_ref().unwrap();
    assert!((55.0..65.0).contains(&statistics.mean_pitch_midi), "{statistics:?}");
    assert_eq!(info.reverberation, None);
    let clip = &dataset.clips(Part::Train).unwrap()[0];
    assert_eq!(clip.f0_hz.len(), clip.audio.len() / 64 + 1);
    let peak = clip.audio.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    assert!((0.7..=0.9001).contains(&peak), "{peak}");
    assert!(clip.f0_hz.iter().any(|hz| (hz - 220.0).abs() < 1.0));
}

#[test]
fn features_are_those_of_listening() {
    let folder = with_good();
    let prepare = ["prepare", "good.wav", "-o", "set", "--sample-rate", "48000"];
    let output = ddsp(folder.path(), &prepare);
    assert!(output.status.success());
    let output = ddsp(folder.path(), &["analyze", "good.wav", "--features", "good.csv"]);
    assert!(output.status.success(), "{}", said(&output));
    let clip =
        Dataset::open(&folder.path().join("set")).unwrap().clips(Part::Train).unwrap().remove(0);
    let table = fs::read_to_string(folder.path().join("good.csv")).unwrap();
    let (mut n, mut n_off) = (0, 0);
    for (i, row) in table.lines().skip(1).take(clip.f0_hz.len()).enumerate() {
        let values: Vec<f32> = row.split(',').map(|value| value.parse().unwrap()).collect();
        n += 1;
        let near = (values[1] - clip.f0_hz[i]).abs() < 0.1
            && (values[2] - clip.f0_confidence[i]).abs() < 1e-3
            && (values[3] - clip.loudness_db[i]).abs() < 0.1;
        n_off += usize::from(!near);
    }
    assert!(n > 6000 && n_off == 0, "{n_off} of {n} frames differ");
}

#[test]
fn the_same_again_is_there_already_and_another_is_refused() {
    let folder = with_good();
    let args = ["prepare", "good.wav", "-o", "set"];
    assert!(ddsp(folder.path(), &args).status.success());
    let before = fs::metadata(folder.path().join("set/dataset.json")).unwrap().modified().unwrap();
    let output = ddsp(folder.path(), &args);
    assert_eq!(output.status.code(), Some(0));
    assert!(said(&output).contains("set is there already"), "{}", said(&output));
    assert_eq!(
        fs::metadata(folder.path().join("set/dataset.json")).unwrap().modified().unwrap(),
        before
    );
    let other = [&args[..], &["--hop-s", "2"]].concat();
    let output = ddsp(folder.path(), &other);
    assert_eq!(output.status.code(), Some(5));
    for words in ["examples of 4 s, 1 s apart", "examples of 4 s, 2 s apart", "--restart"] {
        assert!(said(&output).contains(words), "{}", said(&output));
    }
    let output = ddsp(folder.path(), &[&other[..], &["--restart"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(Dataset::open(&folder.path().join("set")).unwrap().info().hop_s, 2.0);
    assert_eq!(names(folder.path()), ["good.wav", "set"]);
}

#[cfg(unix)]
#[test]
fn a_killed_command_leaves_no_data_set_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..4 {
        let audio = melody(16_000, 100.0, 150.0 + 10.0 * f64::from(i));
        write_wav(&folder.path().join(format!("take{i}.wav")), 16_000, &[&audio]);
    }
    let args = ["prepare", ".", "-o", "set"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_ddsp"))
        .current_dir(folder.path())
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let workshop = folder.path().join(".set.preparing");
    let n_heard = || {
        let heard = |name: &String| name.ends_with(".heard");
        if workshop.is_dir() { names(&workshop).into_iter().filter(heard).count() } else { 0 }
    };
    while n_heard() == 0 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!folder.path().join("set").exists());
    let kept: Vec<String> =
        names(&workshop).into_iter().filter(|n| n.ends_with(".heard")).collect();
    assert!(!kept.is_empty());
    let time = |name: &str| fs::metadata(workshop.join(name)).unwrap().modified().unwrap();
    let before = time(&kept[0]);
    // The same command goes on from there: what it finds is used, as a mark in it shows.
    let path = workshop.join(&kept[0]);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"f0_hz\":[", "\"f0_hz\":[ ", 1)).unwrap();
    assert!(time(&kept[0]) >= before);
    let output = ddsp(folder.path(), &args);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(!workshop.exists());
    let all = seconds(&folder.path().join("set"), Part::Train)
        + seconds(&folder.path().join("set"), Part::HeldOut);
    assert!((all - 400.0).abs() < 1e-6, "{all}");
}

#[test]
fn one_corrupt_file_among_good_ones_is_left_out() {
    let folder = with_good();
    fs::write(folder.path().join("bad.wav"), "dear diary\n".repeat(99)).unwrap();
    fs::write(folder.path().join("empty.flac"), "").unwrap();
    let output = ddsp(folder.path(), &["prepare", "*.wav", "empty.flac", "-o", "set"]);
    assert_eq!(output.status.code(), Some(6), "{}", said(&output));
    let said = said(&output);
    for words in [
        "bad.wav: expected an audio file",
        "empty.flac: is empty",
        "2 recordings could not be used",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let dataset = Dataset::open(&folder.path().join("set")).unwrap();
    assert_eq!(dataset.info().sources.len(), 1);
    assert!(dataset.info().grade.iter().any(|line| line.starts_with("left out: bad.wav")));
}

#[test]
fn silence_is_left_out_and_silence_alone_is_refused() {
    let folder = with_good();
    write_wav(&folder.path().join("quiet.wav"), 16_000, &[&vec![0.0005; 160_000]]);
    let output = ddsp(folder.path(), &["prepare", "quiet.wav", "-o", "set"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("quiet.wav: is silent"), "{}", said(&output));
    let output = ddsp(folder.path(), &["prepare", "quiet.wav", "good.wav", "-o", "set"]);
    assert_eq!(output.status.code(), Some(6), "{}", said(&output));
    assert!((seconds(&folder.path().join("set"), Part::Train) - 26.0).abs() < 1e-9);
}

#[test]
fn three_seconds_alone_are_too_short_and_beside_others_they_are_used() {
    let folder = with_good();
    write_wav(&folder.path().join("short.wav"), 16_000, &[&melody(16_000, 3.0, 220.0)]);
    let output = ddsp(folder.path(), &["prepare", "short.wav", "-o", "set"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("3.0 s of sound in all are too short"), "{}", said(&output));
    let output = ddsp(folder.path(), &["prepare", "short.wav", "good.wav", "-o", "set"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("silence was added to short.wav"), "{}", said(&output));
    let set = folder.path().join("set");
    assert!((seconds(&set, Part::Train) + seconds(&set, Part::HeldOut) - 34.0).abs() < 1e-9);
}

#[test]
fn clipping_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let loud: Vec<f32> = melody(44_100, 20.0, 220.0).iter().map(|x| x * 8.0).collect();
    write_wav(&folder.path().join("loud.wav"), 44_100, &[&loud]);
    let output = ddsp(folder.path(), &["prepare", "loud.wav", "-o", "set"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("warning: clipping: the wave is cut flat"), "{}", said(&output));
}

#[test]
fn channels_out_of_phase_are_told_and_one_of_them_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let left = melody(44_100, 20.0, 220.0);
    let right: Vec<f32> = left.iter().map(|x| -x).collect();
    write_wav(&folder.path().join("stereo.wav"), 44_100, &[&left, &right]);
    let output = ddsp(folder.path(), &["prepare", "stereo.wav", "-o", "set"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let words = "stereo.wav: the 2 channels cancel each other";
    assert!(said(&output).contains(words), "{}", said(&output));
    assert!(said(&output).contains("a sure pitch in"), "{}", said(&output));
}

#[test]
fn several_notes_at_once_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let chords: Vec<f32> = melody(16_000, 30.0, 220.0)
        .iter()
        .zip(melody(16_000, 30.0, 277.18))
        .zip(melody(16_000, 30.0, 329.63))
        .map(|((a, b), c)| a + b + c)
        .collect();
    write_wav(&folder.path().join("chords.wav"), 16_000, &[&chords]);
    let output = ddsp(folder.path(), &["prepare", "chords.wav", "-o", "set"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("warning: several notes at once"), "{}", said(&output));
}

#[test]
fn rates_may_be_mixed_and_bright_recordings_keep_their_highs() {
    let folder = with_good();
    let bright: Vec<f32> = melody(44_100, 20.0, 220.0)
        .iter()
        .enumerate()
        .map(|(n, x)| x + 0.01 * (n as f32 * 1.5).sin())
        .collect();
    write_wav(&folder.path().join("bright.wav"), 44_100, &[&bright]);
    let rate = |set: &str| Dataset::open(&folder.path().join(set)).unwrap().info().sample_rate;
    let output = ddsp(folder.path(), &["prepare", "bright.wav", "-o", "bright"]);
    assert_eq!((output.status.code(), rate("bright")), (Some(0), 48_000), "{}", said(&output));
    let output = ddsp(folder.path(), &["prepare", "bright.wav", "good.wav", "-o", "both"]);
    assert_eq!((output.status.code(), rate("both")), (Some(0), 16_000), "{}", said(&output));
    assert!(said(&output).contains("different rates, 16000 to 44100 Hz"), "{}", said(&output));
    let args = ["prepare", "bright.wav", "good.wav", "-o", "cd", "--sample-rate", "44100"];
    let output = ddsp(folder.path(), &args);
    assert_eq!((output.status.code(), rate("cd")), (Some(0), 44_100), "{}", said(&output));
    let dataset = Dataset::open(&folder.path().join("cd")).unwrap();
    assert_eq!((dataset.info().frame_rate, dataset.info().hop_size()), (245, 180));
}

/// What cannot be: its arguments, its exit code and what must be said.
#[test]
fn what_cannot_be_is_told_before_anything_is_done() {
    let folder = with_good();
    fs::write(folder.path().join("file"), "a file").unwrap();
    fs::create_dir(folder.path().join("other")).unwrap();
    fs::write(folder.path().join("other/letter.txt"), "dear").unwrap();
    let before = names(folder.path());
    for (args, exit_code, words) in [
        (
            &["good.wav", "-o", "file"][..],
            5,
            "file: expected a folder for the data set, found a file",
        ),
        (&["good.wav", "-o", "other"], 5, "found one with other things in it"),
        (&["none.wav", "-o", "set"], 3, "none.wav: there is no such file"),
        (&["-", "-o", "set"], 2, "save what comes through a pipe first"),
        (
            &["good.wav", "-o", "set", "--sample-rate", "22050"],
            2,
            "expected 16000, 32000, 44100 or 48000",
        ),
        (
            &["good.wav", "-o", "set", "--frame-rate", "333"],
            2,
            "frames of a whole number of samples",
        ),
        (&["good.wav", "-o", "set", "--hop-s", "5"], 2, "at most --example-s"),
        (&["good.wav", "-o", "set", "--example-s", "1.0001"], 2, "of whole frames"),
        (&["good.wav", "-o", "set", "--channel", "2"], 2, "has 1 channel only"),
        (&["good.wav", "-o", "set", "--pitch", "ouija"], 2, "autocorrelation"),
    ] {
        let output = ddsp(folder.path(), &[&["prepare"], args].concat());
        assert_eq!(output.status.code(), Some(exit_code), "{args:?}: {}", said(&output));
        assert!(said(&output).contains(words), "{args:?}: {}", said(&output));
        assert_eq!(names(folder.path()), before, "{args:?}");
    }
}

/// A limit on the size of a file stands for a disk that is full, as it needs no other rights.
#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_the_same_command_goes_on() {
    let folder = with_good();
    let wav = fs::metadata(folder.path().join("good.wav")).unwrap().len();
    assert!(wav > 512_000);
    let script = "trap '' XFSZ; ulimit -f 500; exec \"$0\" prepare good.wav -o set";
    let ddsp_path: PathBuf = env!("CARGO_BIN_EXE_ddsp").into();
    let output = Command::new("sh")
        .current_dir(folder.path())
        .args(["-c", script])
        .arg(ddsp_path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    let said_then = said(&output);
    assert!(said_then.contains("cannot be written"), "{said_then}");
    assert!(said_then.contains("give the same command again"), "{said_then}");
    assert!(!folder.path().join("set").exists());
    let output = ddsp(folder.path(), &["prepare", "good.wav", "-o", "set"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(names(folder.path()), ["good.wav", "set"]);
}
