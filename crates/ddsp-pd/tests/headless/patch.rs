//! Patches that send one message after another, each when the one before is answered.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A patch that takes longer has hung.
const TIMEOUT: Duration = Duration::from_secs(100);

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of a package, built anew if need be in the profile of this test.
pub(crate) fn built(package: &str, file: &str) -> PathBuf {
    // Cargo waits for itself, but what it prints while it does is confusing.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().unwrap().parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(repository()).args(["build", "-q", "-p", package]);
    cargo.arg("--target-dir").arg(folder.parent().unwrap());
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success());
    folder.join(file)
}

/// A folder for a patch, with the library and the clip in it; none where Pd is not installed.
pub(crate) fn folder() -> Option<TempDir> {
    if Command::new("pd").arg("-version").output().is_err() {
        println!("pd is not installed (apt install puredata-core): not tried");
        return None;
    }
    let folder = TempDir::new().unwrap();
    let library = built("ddsp-pd", "libddsp_pd.so");
    fs::copy(library, folder.path().join("ddsp.pd_linux")).unwrap();
    Some(folder)
}

/// Writes a patch with `n_objects` objects and the arrays `in` and `out`, which sends `steps`: `tt0 MESSAGE` to the first
/// object, `sf MESSAGE` to a soundfiler, `pd MESSAGE` to Pd. A step is answered by whatever is no progress.
pub(crate) fn write(folder: &Path, n_objects: usize, steps: &[&str]) {
    let mut objects = vec!["#X obj 10 10 loadbang".to_owned()];
    let mut connections = Vec::new();
    let mut add = |text: String| {
        objects.push(text);
        objects.len() - 1
    };
    let next = add("#X obj 10 50 r next".to_owned());
    let counter = add("#X obj 10 80 f 0".to_owned());
    let one_more = add("#X obj 60 80 + 1".to_owned());
    let numbers: Vec<String> = (0..steps.len()).map(|i| i.to_string()).collect();
    let select = add(format!("#X obj 10 120 select {}", numbers.join(" ")));
    connections.extend([(0, 0, counter, 0), (next, 0, counter, 0), (counter, 0, one_more, 0)]);
    connections.extend([(one_more, 0, counter, 1), (counter, 0, select, 0)]);
    for (i, step) in steps.iter().enumerate() {
        let step = step.replace(',', " \\,").replace(';', " \\;");
        let message = add(format!("#X msg {} {} \\; {step}", 10 + 40 * i, 160 + 20 * i));
        connections.push((select, i, message, 0));
    }
    for i in 0..n_objects {
        // The first object is spoken to by its left inlet, as in our patch, the others by the right one, as in the course's.
        let inlet = usize::from(i > 0);
        let receive = add(format!("#X obj 300 {} r tt{i}", 10 + 100 * i));
        let object = add(format!("#X obj 300 {} timbre_transfer", 40 + 100 * i));
        let print = add(format!("#X obj 300 {} print tt{i}", 70 + 100 * i));
        let route = add(format!("#X obj 450 {} route progress", 40 + 100 * i));
        let trigger = add(format!("#X obj 600 {} t b", 40 + 100 * i));
        let send = add(format!("#X obj 600 {} s next", 70 + 100 * i));
        connections.extend([
            (receive, 0, object, inlet),
            (object, 0, print, 0),
            (object, 0, route, 0),
        ]);
        connections.extend([(route, 1, trigger, 0), (trigger, 0, send, 0)]);
    }
    let receive = add("#X obj 300 500 r sf".to_owned());
    let soundfiler = add("#X obj 300 530 soundfiler".to_owned());
    let trigger = add("#X obj 300 560 t b".to_owned());
    let send = add("#X obj 300 590 s next".to_owned());
    connections.extend([(receive, 0, soundfiler, 0), (soundfiler, 0, trigger, 0)]);
    connections.push((trigger, 0, send, 0));
    add("#X obj 500 530 array define in 10".to_owned());
    add("#X obj 500 560 array define out 10".to_owned());
    let mut text = "#N canvas 0 0 900 700 12;\n".to_owned();
    objects.iter().for_each(|object| text += &format!("{object};\n"));
    connections.iter().for_each(|(a, b, c, d)| text += &format!("#X connect {a} {b} {c} {d};\n"));
    fs::write(folder.join("test.pd"), text).unwrap();
}

/// Starts Pd with the patch of the folder.
pub(crate) fn start(folder: &Path) -> Child {
    run_files(folder, &["test.pd"])
}

/// Starts Pd with patches of the folder.
pub(crate) fn run_files(folder: &Path, patches: &[&str]) -> Child {
    let log = fs::File::create(folder.join("log")).unwrap();
    Command::new("pd")
        .current_dir(folder)
        .args(["-nogui", "-batch", "-noaudio", "-noprefs", "-stderr", "-r", "16000"])
        .args(["-path", ".", "-path", "elsewhere", "-lib", "ddsp"])
        .args(patches)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Runs a patch to its end and returns what was printed.
pub(crate) fn run(folder: &Path, n_objects: usize, steps: &[&str]) -> String {
    write(folder, n_objects, steps);
    wait(folder, start(folder))
}

/// Waits for Pd's end and returns what was printed.
pub(crate) fn wait(folder: &Path, mut pd: Child) -> String {
    let began = Instant::now();
    loop {
        let log = || fs::read_to_string(folder.join("log")).unwrap();
        if let Some(status) = pd.try_wait().unwrap() {
            assert!(status.success(), "{status}: {}", log());
            return log();
        }
        if began.elapsed() > TIMEOUT {
            pd.kill().unwrap();
            panic!("Pd did not end: {}", log());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Puts a recording into the folder as `in.wav`: that of the reference sets if they are there, else the bundled one.
pub(crate) fn recording(folder: &Path) {
    let shared = repository().join("../shared/data/singing/vokaalisirpaleet_16k.flac");
    let own = repository().join("examples/sung_melody.flac");
    let source = if shared.exists() { shared } else { own };
    let options = ddsp_io::audio::ReadOptions { sample_rate: Some(16_000), ..Default::default() };
    let samples = ddsp_io::audio::read_mono(&source, &options).unwrap().samples;
    let format = "wav32f".parse().unwrap();
    ddsp_io::audio::write_audio(&folder.join("in.wav"), &samples, 16_000, format).unwrap();
}

/// The samples of a WAV in floats.
pub(crate) fn samples(path: &Path) -> Vec<f32> {
    hound::WavReader::open(path).unwrap().samples::<f32>().map(Result::unwrap).collect()
}
