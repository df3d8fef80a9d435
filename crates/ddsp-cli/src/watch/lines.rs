//! A run as lines, in the words that users of the course's trainer know.

use ddsp_io::run_folder::{Metric, Status};

use crate::text::{duration, one_line, sentence};

/// Seconds of training from one line to the next.
const LINE_S: f64 = 5.0;

/// What was printed so far.
#[derive(Debug, Default)]
pub(super) struct Lines {
    last_s: Option<f64>,
    has_plan: bool,
}

impl Lines {
    /// The lines of what came since.
    pub(super) fn update(&mut self, status: Option<&Status>, new: &[Metric]) -> Vec<String> {
        let mut lines = Vec::new();
        let n_steps = status.and_then(|status| status.n_steps);
        if let (Some(status), Some(n), false) = (status, n_steps, self.has_plan) {
            self.has_plan = true;
            let (preset, dataset) = (one_line(&status.preset), one_line(&status.dataset));
            lines.push(format!("training {preset} on {dataset}: {n} steps in all"));
        }
        for metric in new {
            match metric {
                Metric::Step {
                    step, elapsed_s, spectral_loss, total_loss, steps_per_s, ..
                } => {
                    let is_early = self.last_s.is_some_and(|last| elapsed_s - last < LINE_S);
                    if is_early && n_steps != Some(*step) {
                        continue;
                    }
                    self.last_s = Some(*elapsed_s);
                    let left = n_steps.filter(|_| *steps_per_s > 0.0).map(|n| {
                        format!(
                            "  left: {}",
                            duration(n.saturating_sub(*step) as f64 / steps_per_s)
                        )
                    });
                    lines.push(format!(
                        "step: {step}  spectral_loss: {spectral_loss:.2}  total_loss: {total_loss:.2}  steps_per_s: {steps_per_s:.2}{}",
                        left.unwrap_or_default()
                    ));
                }
                Metric::Eval { .. } => lines.push(evaluation(metric)),
                Metric::Note { step, text } => {
                    lines.push(format!("note: step {step}: {}", sentence(text)));
                }
            }
        }
        lines
    }
}

/// An evaluation in a line.
pub(super) fn evaluation(metric: &Metric) -> String {
    let Metric::Eval {
        step,
        spectral_loss,
        loudness_l1_db,
        f0_l1_semitones,
        f0_outliers,
        is_best,
        ..
    } = metric
    else {
        return String::new();
    };
    let best = if *is_best { "  best so far, kept as model.ddsp" } else { "" };
    format!(
        "held out at step {step}: spectral_loss: {spectral_loss:.3}  loudness_l1: {loudness_l1_db:.2} dB  f0_l1: {f0_l1_semitones:.3} \
         semitones  f0_outliers: {:.1}%{best}",
        100.0 * f0_outliers
    )
}

/// How far a run is, in a line.
pub(super) fn summary(status: &Status) -> String {
    let steps = status.n_steps.map_or(String::new(), |n| format!(" of {n}"));
    let left = status.eta_s.map_or(String::new(), |s| format!(", {} left", duration(s)));
    format!(
        "{} on {}: {}, step {}{steps}, {} of training, {:.2} steps/s{left}",
        one_line(&status.preset),
        one_line(&status.dataset),
        status.state,
        status.step,
        duration(status.elapsed_s),
        status.steps_per_s
    )
}

#[cfg(test)]
mod tests {
    use ddsp_io::run_folder::State;

    use super::*;

    fn status() -> Status {
        Status {
            state: State::Training,
            step: 25_825,
            n_steps: Some(30_000),
            elapsed_s: 100.0,
            steps_per_s: 2.0,
            eta_s: Some(10.0),
            ..Status::starting("tiny", "sax")
        }
    }

    #[test]
    fn lines_are_those_that_users_know_and_not_too_many() {
        let step = |step, elapsed_s| Metric::Step {
            step,
            elapsed_s,
            spectral_loss: 5.921,
            total_loss: 5.921,
            learning_rate: 3e-4,
            gradient_norm: 1.0,
            steps_per_s: 2.0,
        };
        let new = [step(25_825, 10.0), step(25_826, 10.5), step(25_840, 16.0)];
        let lines = Lines::default().update(Some(&status()), &new);
        assert_eq!(
            lines,
            [
                "training tiny on sax: 30000 steps in all",
                "step: 25825  spectral_loss: 5.92  total_loss: 5.92  steps_per_s: 2.00  left: 34 min 48 s",
                "step: 25840  spectral_loss: 5.92  total_loss: 5.92  steps_per_s: 2.00  left: 34 min 40 s",
            ]
        );
        assert_eq!(
            summary(&status()),
            "tiny on sax: training, step 25825 of 30000, 1 min 40 s of training, 2.00 steps/s, 10 s left"
        );
    }
}
