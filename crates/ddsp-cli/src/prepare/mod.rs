//! `ddsp prepare`: recordings to a data set that instruments are trained on.
//!
//! [`settings`] is what was asked for, [`scan`] measures each recording, [`share`] says which part of it is held out, [`hear`] extracts
//! and writes, [`material`] says what the whole is good for and [`work_folder`] makes it appear at once. A recording is heard in
//! stretches, so that memory does not grow with its length but for three numbers a frame.

mod hear;
mod material;
mod scan;
mod settings;
mod share;
mod work_folder;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ddsp_core::condition::{DatasetStatistics, Features, NoteDetection};
use ddsp_io::dataset::{DatasetInfo, FORMAT_VERSION, SourceInfo};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::PrepareArgs;
use crate::failure::{Cause, Failure};
use crate::jobs::expand;
use crate::plot;
use crate::text::count;
use hear::{Heard, hear};
use scan::Scan;
use settings::Settings;
use work_folder::WorkFolder;

/// One recording on its way.
struct Recording {
    path: PathBuf,
    scan: Scan,
    share: share::Share,
    fingerprint: String,
}

/// Runs the command.
pub(crate) fn run(args: &PrepareArgs) -> Result<(), Failure> {
    let settings = Settings::new(args)?;
    let (files, _) = expand(&args.inputs)?;
    let n_files = files.len();
    let (recordings, n_failed) = scan_all(files, &settings)?;
    let fingerprints: Vec<&str> = recordings.iter().map(|r| r.fingerprint.as_str()).collect();
    let Some(folder) = WorkFolder::open(&args.output, &fingerprints, args.restart)? else {
        println!(
            "{}: is prepared already, from these recordings and with these settings (--restart makes it anew)",
            args.output.display()
        );
        return Ok(());
    };
    let heard = hear_all(&recordings, &settings, &folder)?;
    let info = describe(&recordings, &heard, &settings)?;
    let picture = material::picture(&heard, &settings);
    let png = plot::charts(&picture)
        .map_err(|e| Failure::new(Cause::Output, format!("material.png: cannot be drawn: {e}")))?;
    folder.finish(&info, &png)?;
    report(&recordings, &info);
    println!("wrote {}: train on it with `ddsp train {0} -o RUN`", args.output.display());
    if n_failed > 0 {
        let sentence = format!("{n_failed} of {n_files} failed, the others are prepared");
        return Err(Failure::new(Cause::Some, sentence));
    }
    Ok(())
}

/// Measures every file; those that cannot be used are reported and left out.
fn scan_all(files: Vec<PathBuf>, settings: &Settings) -> Result<(Vec<Recording>, usize), Failure> {
    let mut scans = Vec::new();
    let mut failures = Vec::new();
    let found = on_threads(files.len(), |i| scan::scan(&files[i], settings));
    for (path, found) in files.into_iter().zip(found) {
        match found {
            Ok(scan) => scans.push((path, scan)),
            Err(failure) => failures.push(failure),
        }
    }
    for failure in &failures {
        eprintln!("ddsp: {failure}");
    }
    if scans.is_empty() {
        let sentence = "no recording is left to prepare: see the sentences above";
        return Err(Failure::new(Cause::Input, sentence));
    }
    let shares = share::shares(&scans, settings);
    let recordings = scans.into_iter().zip(shares).map(|((path, scan), share)| {
        let fingerprint = settings.fingerprint(&path, &share);
        Recording { path, scan, share, fingerprint }
    });
    Ok((recordings.collect(), failures.len()))
}

fn hear_all(
    recordings: &[Recording],
    settings: &Settings,
    folder: &WorkFolder,
) -> Result<Vec<Heard>, Failure> {
    let seconds: f64 = recordings.iter().map(|r| r.scan.duration_s).sum();
    let progress = progress_bar(seconds);
    let heard = on_threads(recordings.len(), |i| {
        let Recording { path, scan, share, fingerprint } = &recordings[i];
        if let Some(heard) = folder.kept(i, fingerprint) {
            progress.inc(scan.duration_s as u64);
            return Ok(heard);
        }
        let heard = hear(path, scan, share, settings, folder.place(i)?, &progress)?;
        folder.keep(i, fingerprint, &heard)?;
        Ok(heard)
    });
    progress.finish_and_clear();
    heard.into_iter().collect()
}

/// Calls `f` with every number below `n`, on as many threads as there are cores; the results are in order.
fn on_threads<T: Send>(n: usize, f: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let n_threads = std::thread::available_parallelism().map_or(1, Into::into).min(n.max(1));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..n_threads {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= n {
                        return;
                    }
                    let found = f(i);
                    done.lock().expect("no thread panicked").push((i, found));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no thread panicked");
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, found)| found).collect()
}

fn describe(
    recordings: &[Recording],
    heard: &[Heard],
    settings: &Settings,
) -> Result<DatasetInfo, Failure> {
    let detection =
        NoteDetection { min_db: settings.loudness.floor_db(), ..NoteDetection::default() };
    let examples: Vec<Features> =
        heard.iter().flat_map(|h| cut(&h.features, settings.example_frames())).collect();
    let statistics = DatasetStatistics::of(&examples, f64::from(settings.frame_rate), &detection);
    let statistics = statistics.map_err(|e| Failure::new(Cause::Input, e.to_string()))?;
    let seconds = |of: fn(&share::Share) -> usize| {
        let n: usize = recordings.iter().map(|r| of(&r.share)).sum();
        n as f64 / f64::from(settings.frame_rate)
    };
    let train_s = seconds(|share| share.train.len());
    let held_out_s = seconds(|share| share.held_out.len());
    let material = material::grade(recordings, heard, settings);
    let source = |r: &Recording| SourceInfo {
        name: r.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        duration_s: r.scan.duration_s,
        fingerprint: r.fingerprint.clone(),
    };
    Ok(DatasetInfo {
        format_version: FORMAT_VERSION,
        sample_rate: settings.sample_rate,
        frame_rate: settings.frame_rate,
        center: true,
        example_s: settings.example_s,
        hop_s: settings.hop_s,
        input_peak: settings.input_peak,
        f0_tracker: settings.tracker.name().to_owned(),
        f0_detail: format!(
            "{} of ddsp {}, {} frames/s, interpolated through gaps",
            settings.tracker.name(),
            env!("CARGO_PKG_VERSION"),
            settings.frame_rate
        ),
        loudness: settings.loudness.clone(),
        statistics: Some(statistics),
        reverberation_s: material.reverberation_s,
        train_s,
        held_out_s,
        sources: recordings.iter().map(source).collect(),
        grade: material.sentences,
    })
}

/// The whole examples of a recording.
fn cut(features: &Features, n_frames: usize) -> Vec<Features> {
    let of = |values: &[f32], i: usize| values[i * n_frames..(i + 1) * n_frames].to_vec();
    (0..features.f0_hz.len() / n_frames.max(1))
        .map(|i| Features {
            f0_hz: of(&features.f0_hz, i),
            f0_confidence: of(&features.f0_confidence, i),
            loudness_db: of(&features.loudness_db, i),
        })
        .collect()
}

fn report(recordings: &[Recording], info: &DatasetInfo) {
    println!(
        "heard {} in {}: {:.0} s to train on, {:.0} s held out, {} Hz, {} frames/s",
        crate::text::duration(recordings.iter().map(|r| r.scan.duration_s).sum()),
        count(recordings.len(), "recording"),
        info.train_s,
        info.held_out_s,
        info.sample_rate,
        info.frame_rate
    );
    for recording in recordings {
        let name = recording.path.display();
        recording.scan.notices.iter().for_each(|notice| println!("  note: {name}: {notice}"));
    }
    info.grade.iter().for_each(|sentence| println!("  {sentence}"));
}

/// A bar on the terminal, in seconds of sound; nothing where there is none.
fn progress_bar(seconds: f64) -> ProgressBar {
    let style = ProgressStyle::with_template("listening {bar:40} {pos}/{len} s {eta}");
    let style = style.expect("the template is a constant");
    let target = ProgressDrawTarget::stderr();
    ProgressBar::with_draw_target(Some(seconds as u64), target).with_style(style)
}
