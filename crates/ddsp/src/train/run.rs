//! A run from its first step to its end.

use std::ops::ControlFlow;
use std::time::Instant;

use burn::tensor::Device;
use ddsp_core::model::{ModelConfig, Weights};

use crate::train::batch::Clips;
use crate::train::{
    Checkpoints, Error, Metrics, Plan, Preview, Progress, Session, StepReport, evaluate,
    lead_in_frames,
};

/// The steps from which a run by minutes tells how many steps there will be.
const TRIAL_STEPS: usize = 12;
/// Share of a run's time that goes into evaluations and checkpoints.
const UPKEEP_SHARE: f64 = 0.05;
/// Windows of an evaluation that are handed over as sound.
const N_PREVIEWS: usize = 2;
/// A part of the sound that is quieter than this beside the recordings is not heard.
const SILENT_DB: f64 = -60.0;
/// More of the notes than this without a pitch are worth a word.
const LOST: f64 = 0.2;

/// What happens in a run.
#[derive(Debug)]
pub enum Event<'a> {
    /// It is known how many steps there will be.
    Planned(Plan),
    /// A step was made, at so many seconds of training.
    Stepped {
        /// What it found.
        report: StepReport,
        /// Seconds of training so far.
        elapsed_s: f64,
    },
    /// An evaluation begins.
    Evaluating,
    /// Held-out sound was played.
    Evaluated {
        /// At this step.
        step: u64,
        /// So well.
        metrics: Metrics,
        /// What it sounds like.
        previews: &'a [Preview],
        /// The weights that played, if they are the best so far: the instrument.
        best: Option<&'a Weights>,
    },
    /// Nothing is held out, and these are the last weights.
    Unmeasured {
        /// The instrument.
        weights: &'a Weights,
    },
    /// A checkpoint was saved.
    Saved {
        /// At this step.
        step: u64,
    },
    /// Something that whoever trains should know.
    Noticed {
        /// At this step.
        step: u64,
        /// A sentence.
        sentence: String,
    },
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All steps are made.
    Finished,
    /// It did not get better any more.
    NoBetter {
        /// The step whose weights are the instrument.
        best_step: u64,
    },
    /// Whoever watches it asked it to stop; it goes on from here.
    Stopped,
}

/// What a run needs beside its session.
#[derive(Debug)]
pub struct Run<'a> {
    /// What is trained on.
    pub train: &'a Clips,
    /// What is evaluated on; none where nothing could be held out.
    pub held_out: Option<&'a Clips>,
    /// The description that evaluation listens by.
    pub description: &'a ModelConfig,
    /// Where checkpoints go.
    pub checkpoints: &'a Checkpoints,
    /// Where tensors live.
    pub device: &'a Device,
}

/// Trains from where `session` is to the end, and tells `observe` of everything, which may ask for a stop: between two steps, with a
/// checkpoint.
///
/// *Errors*: a checkpoint cannot be written; the gradient is no number for too long, and then the last checkpoint is from before.
pub fn train(
    run: &Run<'_>,
    session: &mut Session,
    mut plan: Option<Plan>,
    mut progress: Progress,
    observe: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<Ending, Error> {
    let upkeep = session.config().upkeep.clone();
    let budget = session.config().budget.clone();
    let mut must_stop = false;
    let mut last_saved = Instant::now();
    if plan.is_none() && budget.steps > 0 {
        plan = Some(plan_of(budget.steps, session));
    }
    if let Some(plan) = plan {
        must_stop |= observe(Event::Planned(plan)).is_break();
    }
    let mut trial_s = Vec::new();
    loop {
        let step = session.step_number();
        if plan.is_some_and(|plan| step >= plan.n_steps) {
            progress.is_finished = true;
            let _ = save(run, session, plan, progress, observe)?;
            return Ok(Ending::Finished);
        }
        if must_stop {
            let _ = save(run, session, plan, progress, observe)?;
            return Ok(Ending::Stopped);
        }
        let start = Instant::now();
        let report = session.step(run.train, plan.map_or(u64::MAX, |plan| plan.n_steps))?;
        let seconds = start.elapsed().as_secs_f64();
        progress.elapsed_s += seconds;
        progress.n_bad = if report.is_skipped { progress.n_bad + 1 } else { 0 };
        if report.is_skipped {
            let sentence = format!(
                "step {} was skipped: its loss is {} and the norm of its gradient {}",
                report.step, report.spectral_loss, report.gradient_norm
            );
            let _ = observe(Event::Noticed { step: report.step, sentence });
            if progress.n_bad >= upkeep.bad_steps {
                let step = report.step - progress.n_bad;
                return Err(Error::Diverged { step, n_bad: progress.n_bad });
            }
        }
        let elapsed_s = progress.elapsed_s;
        must_stop |= observe(Event::Stepped { report, elapsed_s }).is_break();
        let mut must_save = false;
        if plan.is_none() {
            trial_s.push(seconds);
            if trial_s.len() >= TRIAL_STEPS {
                // The first ones are slower, and what else the machine did makes others slow.
                trial_s.sort_by(f64::total_cmp);
                let seconds = trial_s[trial_s.len() / 2];
                let left_s = budget.minutes * 60.0 * (1.0 - UPKEEP_SHARE) - elapsed_s;
                let n_steps = report.step + (left_s / seconds).max(0.0) as u64;
                let found = plan_of(n_steps, session);
                plan = Some(found);
                must_save = true;
                must_stop |= observe(Event::Planned(found)).is_break();
            }
        }
        let is_due = plan.is_some_and(|plan| {
            report.step.is_multiple_of(plan.steps_per_evaluation) || report.step >= plan.n_steps
        });
        if let Some(held_out) = run.held_out.filter(|_| is_due) {
            let found = evaluated(run, session, held_out, &mut progress, observe)?;
            must_stop |= found.is_break();
            must_save = true;
            if upkeep.patience > 0 && progress.n_no_better >= upkeep.patience {
                progress.is_finished = true;
                let _ = save(run, session, plan, progress, observe)?;
                let best_step = progress.best.map_or(report.step, |(_, step)| step);
                return Ok(Ending::NoBetter { best_step });
            }
        }
        let is_late = last_saved.elapsed().as_secs_f64() >= upkeep.seconds_per_checkpoint;
        if (must_save || is_late) && progress.n_bad == 0 {
            must_stop |= save(run, session, plan, progress, observe)?.is_break();
            last_saved = Instant::now();
        }
    }
}

/// Saves a checkpoint; the instrument before it, where that is not chosen by what was held out.
fn save(
    run: &Run<'_>,
    session: &Session,
    plan: Option<Plan>,
    progress: Progress,
    observe: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    if run.held_out.is_none() {
        let _ = observe(Event::Unmeasured { weights: &session.played_weights() });
    }
    run.checkpoints.save(&session.checkpoint(plan, progress))?;
    Ok(observe(Event::Saved { step: session.step_number() }))
}

fn plan_of(n_steps: u64, session: &Session) -> Plan {
    let upkeep = &session.config().upkeep;
    let evenly = n_steps.div_ceil(upkeep.n_evaluations);
    Plan { n_steps, steps_per_evaluation: evenly.clamp(1, upkeep.steps_per_evaluation) }
}

/// Evaluates, and tells of parts that are silent.
fn evaluated(
    run: &Run<'_>,
    session: &Session,
    held_out: &Clips,
    progress: &mut Progress,
    observe: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    let _ = observe(Event::Evaluating);
    let (step, upkeep) = (session.step_number(), &session.config().upkeep);
    let windows = held_out.windows(lead_in_frames(run.description), upkeep.evaluation_windows);
    let weights = session.played_weights();
    let (metrics, previews) =
        evaluate(run.description, &weights, &windows, N_PREVIEWS, run.device)?;
    let is_best = metrics.spectral_loss.is_finite()
        && progress.best.is_none_or(|(best, _)| metrics.spectral_loss < best);
    if is_best {
        progress.best = Some((metrics.spectral_loss, step));
        progress.n_no_better = 0;
    } else {
        progress.n_no_better += 1;
    }
    let best = is_best.then_some(&weights);
    let flow = observe(Event::Evaluated { step, metrics, previews: &previews, best });
    for (part, db) in [("harmonic", metrics.harmonic_db), ("noise", metrics.noise_db)] {
        if db < SILENT_DB || db.is_nan() {
            let sentence = format!(
                "the {part} part is silent: {db:.0} dB beside the recordings; early on it may still come, later it means that the \
                 other parts play everything"
            );
            let _ = observe(Event::Noticed { step, sentence });
        }
    }
    if metrics.f0_lost > LOST {
        let lost = 100.0 * metrics.f0_lost;
        let sentence =
            format!("{lost:.0}% of what has a pitch in the recordings is played without one");
        let _ = observe(Event::Noticed { step, sentence });
    }
    Ok(flow)
}
