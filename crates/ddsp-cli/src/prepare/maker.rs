//! The steps from files to a data set.

use std::path::Path;

use ddsp_io::atomic::write_bytes;
use ddsp_io::dataset::{DATASET_VERSION, DatasetInfo, Part, SourceInfo};
use indicatif::ProgressBar;

use super::grade::{self, Grade};
use super::recording::{Converted, Found};
use super::settings::{INPUT_PEAK, Settings};
use super::split::{Stretch, split, starts};
use super::stretches::{Heard, hear, n_stretches};
use super::survey::Survey;
use super::workshop::{Workshop, failed};
use super::{PICTURE, output, parallel, write};
use crate::args::PrepareArgs;
use crate::failure::{Cause, Failure};
use crate::plot::material::{self, Material};

/// Nothing is made of less than this.
const LEAST_S: f64 = 5.0;

/// A file, and what a first walk through it found.
type Surveyed = (Found, Survey);

/// A recording that is ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ready {
    pub(super) found: Found,
    pub(super) survey: Survey,
    pub(super) converted: Converted,
    pub(super) heard: Heard,
}

/// Makes one data set.
pub(super) struct Maker<'a> {
    pub(super) args: &'a PrepareArgs,
    pub(super) workshop: Workshop,
    pub(super) progress: ProgressBar,
    /// Recordings that could not be used.
    pub(super) failed: Vec<String>,
}

impl Maker<'_> {
    /// Makes the data set of these files and puts it into its place; returns its description.
    pub(super) fn make(
        &mut self,
        files: Vec<Found>,
        made_from: String,
    ) -> Result<DatasetInfo, Failure> {
        let surveyed = self.survey(files)?;
        let surveys: Vec<&Survey> = surveyed.iter().map(|(_, survey)| survey).collect();
        let settings = Settings::new(self.args, &surveys)?;
        let heard_s: f64 = surveys.iter().map(|survey| survey.duration_s).sum();
        if heard_s < LEAST_S {
            let sentence = format!(
                "{heard_s:.1} s of sound in all are too short: expected {LEAST_S} s or more, and 10 minutes for a good instrument"
            );
            return Err(Failure::new(Cause::Input, sentence));
        }
        let converted = self.convert(surveyed, &settings)?;
        let ready = self.hear(converted, &settings)?;
        let lengths: Vec<usize> = ready.iter().map(|r| r.converted.sizes.n_hops).collect();
        let stretches = split(&lengths, settings.example_hops, self.args.held_out);
        let grade = grade::grade(&ready, &stretches, &settings);
        self.write(&ready, &stretches, &settings, &grade, made_from)
    }

    fn survey(&mut self, files: Vec<Found>) -> Result<Vec<Surveyed>, Failure> {
        self.begin("looking at the recordings", files.iter().map(|f| f.n_bytes).sum());
        let channel = self.args.channel.map(usize::from);
        let (workshop, progress) = (&self.workshop, &self.progress);
        let surveys = parallel::for_each(&files, |file| {
            let survey = file.survey(workshop, channel);
            progress.inc(file.n_bytes);
            survey
        });
        self.usable(files.into_iter().zip(surveys).collect())
    }

    fn convert(
        &mut self,
        surveyed: Vec<Surveyed>,
        settings: &Settings,
    ) -> Result<Vec<(Surveyed, Converted)>, Failure> {
        self.begin("converting", surveyed.iter().map(|(file, _)| file.n_bytes).sum());
        let (workshop, progress) = (&self.workshop, &self.progress);
        let converted = parallel::for_each(&surveyed, |(file, survey)| {
            let converted = Converted::new(file, survey, settings, workshop);
            progress.inc(file.n_bytes);
            converted
        });
        self.usable(surveyed.into_iter().zip(converted).collect())
    }

    /// Those that went well. The others are told; if there are no others, or something cannot be written, that ends it.
    fn usable<T, R>(
        &mut self,
        results: Vec<(T, Result<R, Failure>)>,
    ) -> Result<Vec<(T, R)>, Failure> {
        let n = results.len();
        let mut usable = Vec::new();
        for (item, result) in results {
            match result {
                Ok(result) => usable.push((item, result)),
                Err(failure) if n == 1 && self.failed.is_empty() => return Err(failure),
                Err(failure) if failure.cause() == Cause::Output => return Err(failure),
                Err(failure) => {
                    self.progress.suspend(|| eprintln!("ddsp: {failure}"));
                    self.failed.push(failure.to_string());
                }
            }
        }
        if usable.is_empty() {
            let sentence = "none of the recordings can be used, so no data set was made";
            return Err(Failure::new(Cause::Input, sentence));
        }
        Ok(usable)
    }

    /// Listens to all stretches of all recordings.
    fn hear(
        &self,
        converted: Vec<(Surveyed, Converted)>,
        settings: &Settings,
    ) -> Result<Vec<Ready>, Failure> {
        let n = |converted: &Converted| n_stretches(converted.sizes.n_hops, settings);
        let jobs: Vec<(usize, usize)> = converted
            .iter()
            .enumerate()
            .flat_map(|(i, (_, converted))| (0..n(converted)).map(move |k| (i, k)))
            .collect();
        self.begin("listening", jobs.len() as u64);
        let name =
            |i: usize, k: usize| format!("{}.{k}.heard", converted[i].0.0.key(&settings.key()));
        // Kept in files: the results of all threads would be there twice.
        let done = parallel::for_each(&jobs, |&(i, k)| {
            if self.workshop.recall::<Heard>(&name(i, k)).is_none() {
                let heard = hear(&converted[i].1, k, settings)?;
                self.workshop.note(&name(i, k), &heard)?;
            }
            self.progress.inc(1);
            Ok(())
        });
        done.into_iter().collect::<Result<(), Failure>>()?;
        let mut all = vec![Heard::default(); converted.len()];
        for (i, k) in jobs {
            let path = self.workshop.path(&name(i, k));
            let heard = self.workshop.recall(&name(i, k));
            all[i].append(heard.ok_or_else(|| {
                Failure::file(
                    Cause::Output,
                    &path,
                    "was there and is gone; give the same command again",
                )
            })?);
        }
        let ready = converted.into_iter().zip(all);
        Ok(ready
            .map(|(((found, survey), converted), heard)| Ready { found, survey, converted, heard })
            .collect())
    }

    /// Writes the data set and puts it into its place; returns its description.
    fn write(
        &self,
        ready: &[Ready],
        stretches: &[Stretch],
        settings: &Settings,
        grade: &Grade,
        made_from: String,
    ) -> Result<DatasetInfo, Failure> {
        let folder = self.workshop.path("dataset");
        // Of an earlier try.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).map_err(|e| failed(&folder, e))?;
        let n_examples: usize = stretches
            .iter()
            .map(|s| starts(&s.hops, settings.example_hops, settings.step_hops).len())
            .sum();
        self.begin("writing", n_examples as u64);
        let write =
            |part| write::write_part(&folder, part, stretches, ready, settings, &self.progress);
        let (n_train, n_held_out) = (write(Part::Train)?, write(Part::HeldOut)?);
        if n_train == 0 {
            let sentence = format!(
                "expected an example of {} s to learn from, found none: record more, hold out less (--held-out) or make shorter ones \
                 (--example-s)",
                self.args.example_s
            );
            return Err(Failure::new(Cause::Input, sentence));
        }
        let seconds = |recording: Option<usize>, part: Part| {
            let hops = stretches.iter().filter(|s| {
                s.part == part && recording.is_none_or(|recording| s.recording == recording)
            });
            settings.seconds(hops.map(|s| s.hops.len()).sum())
        };
        let source = |(i, ready): (usize, &Ready)| SourceInfo {
            name: ready.found.name.clone(),
            n_bytes: ready.found.n_bytes,
            train_s: seconds(Some(i), Part::Train),
            held_out_s: seconds(Some(i), Part::HeldOut),
            notices: ready.survey.notices.clone(),
        };
        let mut lines = grade.lines();
        lines.extend(self.failed.iter().map(|failure| format!("left out: {failure}")));
        let info = DatasetInfo {
            format_version: DATASET_VERSION,
            sample_rate: settings.sample_rate,
            frame_rate: settings.frame_rate,
            center: true,
            example_s: self.args.example_s,
            hop_s: self.args.hop_s,
            input_peak: Some(INPUT_PEAK),
            f0_tracker: settings.tracker.name().to_owned(),
            f0_detail: settings.tracker_detail(),
            loudness: settings.loudness.clone(),
            statistics: write::statistics(stretches, ready, settings),
            sources: ready.iter().enumerate().map(source).collect(),
            reverberation: grade.reverberation,
            train_s: seconds(None, Part::Train),
            held_out_s: seconds(None, Part::HeldOut),
            n_train_examples: n_train,
            n_held_out_examples: n_held_out,
            grade: lines,
            made_from,
        };
        self.draw(ready, stretches, settings, &folder.join(PICTURE))?;
        info.write(&folder)?;
        output::put(&folder, &self.args.output, &self.workshop.path("old"))?;
        Ok(info)
    }

    /// Draws the material.
    fn draw(
        &self,
        ready: &[Ready],
        stretches: &[Stretch],
        settings: &Settings,
        path: &Path,
    ) -> Result<(), Failure> {
        let (mut notes, mut loudness_db, mut held_out) = (Vec::new(), Vec::new(), Vec::new());
        for (i, recording) in ready.iter().enumerate() {
            let begin = loudness_db.len();
            notes.extend(grade::notes(recording));
            loudness_db.extend_from_slice(&recording.heard.loudness_db);
            let held = stretches.iter().filter(|s| s.recording == i && s.part == Part::HeldOut);
            held_out.extend(held.map(|s| begin + s.hops.start..begin + s.hops.end));
        }
        let title = self.args.output.file_name().unwrap_or_default().to_string_lossy();
        let frame_rate = f64::from(settings.frame_rate);
        let material = Material {
            title: &title,
            notes: &notes,
            loudness_db: &loudness_db,
            frame_rate,
            held_out: &held_out,
        };
        let drawn = material::render(&material);
        let png = drawn
            .map_err(|e| Failure::file(Cause::Output, path, format!("cannot be drawn: {e}")))?;
        Ok(write_bytes(path, &png)?)
    }

    fn begin(&self, what: &'static str, length: u64) {
        self.progress.set_length(length.max(1));
        self.progress.set_position(0);
        self.progress.set_message(what);
    }
}
