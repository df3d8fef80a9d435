//! What happens in a run, written into its folder: status, metrics, events, previews and the instrument.

use std::time::Instant;

use ddsp::train::{Ending, Event, Metrics, Preview, Progress, StepReport};
use ddsp_core::feature::f0;
use ddsp_core::model::{Model, ModelConfig, Precision, Provenance, Weights};
use ddsp_core::transfer::{loudness, tracker};
use ddsp_io::atomic::write_bytes;
use ddsp_io::audio::{OutputFormat, write_audio};
use ddsp_io::events::EventWriter;
use ddsp_io::run_folder::{Best, Metric, MetricsWriter, RunFolder, State, Status, now_s};

use super::origin::Origin;
use crate::failure::{Cause, Failure};
use crate::plot::{self, Panel};
use crate::text::duration;

/// Seconds from one line of metrics to the next, and from one status to the next.
const LINE_S: f64 = 1.0;
/// How fast steps are made, is said from as many of the last ones.
const N_RECENT: usize = 20;
/// Pixels of a picture of a preview.
const WIDTH_PX: u32 = 1200;

/// Writes what happens.
pub(super) struct Reporter {
    folder: RunFolder,
    description: ModelConfig,
    dataset_words: String,
    metrics: MetricsWriter,
    events: EventWriter,
    status: Status,
    /// Losses since the last line.
    losses: Vec<StepReport>,
    last_line: Instant,
    /// Seconds of training at the last steps.
    recent_s: Vec<f64>,
}

impl Reporter {
    /// Of a run that is where its last checkpoint is.
    pub(super) fn new(
        folder: &RunFolder,
        origin: &Origin,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        let step = progress.step;
        let status = Status {
            step,
            elapsed_s: progress.elapsed_s,
            best: progress.best.map(|(spectral_loss, step)| Best { step, spectral_loss }),
            checkpoint_step: (step > 0).then_some(step),
            ..Status::starting(origin.config.preset.to_string(), origin.dataset.as_str())
        };
        let mut events = EventWriter::create(folder.path())?;
        if step > 0 {
            events.resume_after(step)?;
        }
        let names: Vec<&str> = origin.info.sources.iter().map(|s| s.name.as_str()).collect();
        let reporter = Self {
            metrics: folder.metrics_from(step)?,
            events,
            folder: folder.clone(),
            description: origin.description.clone(),
            dataset_words: format!("{} of {}", duration(origin.info.train_s), names.join(", ")),
            status,
            losses: Vec::new(),
            last_line: Instant::now(),
            recent_s: Vec::new(),
        };
        reporter.folder.set_status(&reporter.status)?;
        Ok(reporter)
    }

    /// Takes what happened.
    pub(super) fn take(&mut self, event: Event<'_>) -> Result<(), Failure> {
        match event {
            Event::Planned(plan) => {
                self.status.n_steps = Some(plan.n_steps);
                Ok(())
            }
            Event::Stepped { report, elapsed_s } => self.stepped(report, elapsed_s),
            Event::Evaluating => self.say(State::Evaluating),
            Event::Evaluated { step, metrics, previews, best } => {
                self.evaluated(step, &metrics, best.is_some())?;
                if let Some(weights) = best {
                    self.status.best = Some(Best { step, spectral_loss: metrics.spectral_loss });
                    self.keep_model(weights, Some(&metrics))?;
                }
                self.preview(step, previews)
            }
            Event::Unmeasured { weights } => self.keep_model(weights, None),
            Event::Saved { step } => {
                self.status.checkpoint_step = Some(step);
                Ok(())
            }
            Event::Noticed { step, sentence } => {
                Ok(self.metrics.write(&Metric::Note { step, text: sentence })?)
            }
        }
    }

    /// Writes a sentence of this step.
    pub(super) fn note(&mut self, sentence: &str) {
        let note = Metric::Note { step: self.status.step, text: sentence.to_owned() };
        // A sentence that cannot be kept is no reason to end the work.
        let _ = self.metrics.write(&note);
    }

    fn say(&mut self, state: State) -> Result<(), Failure> {
        self.status.state = state;
        self.status.updated_s = now_s();
        Ok(self.folder.set_status(&self.status)?)
    }

    fn stepped(&mut self, report: StepReport, elapsed_s: f64) -> Result<(), Failure> {
        self.status.step = report.step;
        self.status.elapsed_s = elapsed_s;
        self.recent_s.push(elapsed_s);
        if self.recent_s.len() > N_RECENT + 1 {
            self.recent_s.remove(0);
        }
        if !report.is_skipped {
            self.losses.push(report);
        }
        let is_last = self.status.n_steps == Some(report.step);
        let is_first = report.step <= 1;
        if self.last_line.elapsed().as_secs_f64() < LINE_S && !is_last && !is_first {
            return Ok(());
        }
        self.last_line = Instant::now();
        let (first, last) = (self.recent_s[0], elapsed_s);
        if last > first {
            self.status.steps_per_s = (self.recent_s.len() - 1) as f64 / (last - first);
        }
        let left = self.status.n_steps.map(|n| n.saturating_sub(report.step) as f64);
        let rate = self.status.steps_per_s;
        self.status.eta_s = left.filter(|_| rate > 0.0).map(|left| left / rate);
        self.write_losses(report)?;
        self.say(State::Training)
    }

    /// Writes the mean of the losses since the last line.
    fn write_losses(&mut self, report: StepReport) -> Result<(), Failure> {
        let n = self.losses.len() as f64;
        if n == 0.0 {
            return Ok(());
        }
        let mean = |of: fn(&StepReport) -> f64| self.losses.iter().map(of).sum::<f64>() / n;
        let (spectral_loss, total_loss) = (mean(|r| r.spectral_loss), mean(|r| r.total_loss));
        let gradient_norm = mean(|r| r.gradient_norm);
        self.losses.clear();
        let (step, learning_rate) = (report.step, report.learning_rate);
        let (elapsed_s, steps_per_s) = (self.status.elapsed_s, self.status.steps_per_s);
        self.metrics.write(&Metric::Step {
            step,
            elapsed_s,
            spectral_loss,
            total_loss,
            learning_rate,
            gradient_norm,
            steps_per_s,
        })?;
        for (tag, value) in [
            ("losses/spectral_loss", spectral_loss),
            ("losses/total_loss", total_loss),
            ("train/learning_rate", learning_rate),
            ("train/gradient_norm", gradient_norm),
            ("train/steps_per_second", steps_per_s),
        ] {
            self.events.scalar(step, tag, value)?;
        }
        Ok(self.events.flush()?)
    }

    fn evaluated(&mut self, step: u64, metrics: &Metrics, is_best: bool) -> Result<(), Failure> {
        self.metrics.write(&Metric::Eval {
            step,
            elapsed_s: self.status.elapsed_s,
            spectral_loss: metrics.spectral_loss,
            loudness_l1_db: metrics.loudness_l1_db,
            f0_l1_semitones: metrics.f0_l1_semitones,
            f0_outliers: metrics.f0_outliers,
            is_best,
        })?;
        for (tag, value) in [
            ("held_out/spectral_loss", metrics.spectral_loss),
            ("held_out/loudness_l1_db", metrics.loudness_l1_db),
            ("held_out/f0_l1_semitones", metrics.f0_l1_semitones),
            ("held_out/f0_outliers", metrics.f0_outliers),
            ("held_out/f0_lost", metrics.f0_lost),
            ("held_out/harmonic_db", metrics.harmonic_db),
            ("held_out/noise_db", metrics.noise_db),
        ] {
            self.events.scalar(step, tag, value)?;
        }
        Ok(())
    }

    /// Writes what held-out sound is played like, to be heard and seen.
    fn preview(&mut self, step: u64, previews: &[Preview]) -> Result<(), Failure> {
        let folder = self.folder.file("previews");
        std::fs::create_dir_all(&folder)
            .map_err(|e| Failure::file(Cause::Output, &folder, format!("cannot be made: {e}")))?;
        let rate = self.description.sample_rate;
        for (i, preview) in (1..).zip(previews) {
            let target = folder.join(format!("recording-{i}.wav"));
            if !target.exists() {
                write_audio(&target, &preview.target, rate, OutputFormat::Wav16)?;
                self.events.audio(step, &format!("recording/{i}"), &preview.target, rate)?;
            }
            let played = folder.join(format!("step-{step:08}-{i}.wav"));
            write_audio(&played, &preview.signal, rate, OutputFormat::Wav16)?;
            self.events.audio(step, &format!("played/{i}"), &preview.signal, rate)?;
            let png = self.picture(preview)?;
            let size =
                |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
            self.events.image(step, &format!("beside/{i}"), &png, (size(16), size(20)))?;
            write_bytes(&folder.join(format!("step-{step:08}-{i}.png")), &png)?;
        }
        Ok(self.events.flush()?)
    }

    fn picture(&self, preview: &Preview) -> Result<Vec<u8>, Failure> {
        let config = &self.description;
        let features = |samples: &[f32]| -> Result<_, Failure> {
            let n = samples.len() / config.hop_size;
            let track =
                f0::track(samples, config.sample_rate, config.hop_size, n, &tracker(config))
                    .map_err(|e| Failure::new(Cause::Usage, e.to_string()))?;
            Ok((track, loudness(samples, config, n)))
        };
        let sounds = [("recording", &preview.target), ("played", &preview.signal)];
        let heard = [features(&preview.target)?, features(&preview.signal)?];
        let panels: Vec<Panel<'_>> = sounds
            .iter()
            .zip(&heard)
            .map(|((title, samples), (track, db))| Panel {
                title,
                samples,
                sample_rate: config.sample_rate,
                f0_hz: &track.f0_hz,
                f0_confidence: Some(&track.f0_confidence),
                loudness_db: db,
                frame_rate: config.frame_rate(),
            })
            .collect();
        plot::render(&panels, WIDTH_PX)
            .map_err(|e| Failure::new(Cause::Output, format!("a preview cannot be drawn: {e}")))
    }

    /// Whether the run has an instrument.
    pub(super) fn has_model(&self) -> bool {
        self.folder.file("model.ddsp").is_file()
    }

    /// Writes `model.ddsp`, the best weights so far.
    pub(super) fn keep_model(
        &mut self,
        weights: &Weights,
        metrics: Option<&Metrics>,
    ) -> Result<(), Failure> {
        let mut config = self.description.clone();
        let mut training = format!(
            "preset {}, {} steps of multi-scale spectral loss in {}",
            self.status.preset,
            self.status.step,
            duration(self.status.elapsed_s)
        );
        if let Some(metrics) = metrics {
            training += &format!(
                "; held-out spectral loss {:.3}, loudness L1 {:.3} dB",
                metrics.spectral_loss, metrics.loudness_l1_db
            );
        }
        config.provenance = Provenance { dataset: self.dataset_words.clone(), training };
        let model = Model::new(config, weights.clone(), Precision::F32)
            .map_err(|e| Failure::new(Cause::Training, e.to_string()))?;
        Ok(write_bytes(&self.folder.file("model.ddsp"), &model.to_bytes())?)
    }

    /// Says how the run ended.
    pub(super) fn end(&mut self, ended: Result<Ending, Failure>) -> Result<(), Failure> {
        let (state, reason) = match &ended {
            Ok(Ending::Finished) => (State::Finished, "all steps are made".to_owned()),
            Ok(Ending::NoBetter { best_step }) => (
                State::Finished,
                format!("it did not get better any more: the weights of step {best_step} are kept"),
            ),
            Ok(Ending::Stopped) => (State::Stopped, "it was asked to".to_owned()),
            Err(failure) => (State::Failed, failure.to_string()),
        };
        self.status.reason = Some(reason);
        let said = self.say(state);
        match ended {
            Ok(Ending::Stopped) => said.and(Err(Failure::quiet(Cause::Interrupted))),
            Ok(_) => said,
            Err(failure) => Err(failure),
        }
    }
}
