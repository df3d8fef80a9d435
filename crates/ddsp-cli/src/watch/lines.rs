//! The lines of a training's log.

use ddsp_io::run_folder::{EvalMetric, Metric, Status, StepMetric};

use crate::text::{duration, one_line, sentence};

/// What happened, as a line.
pub(crate) fn line(metric: &Metric) -> String {
    match metric {
        Metric::Step(step) => step_line(step),
        Metric::Eval(eval) => eval_line(eval),
        Metric::Note(note) => format!("step: {}  {}", note.step, sentence(&note.text)),
    }
}

fn step_line(step: &StepMetric) -> String {
    let StepMetric { step, spectral_loss, total_loss, .. } = step;
    format!("step: {step}  spectral_loss: {spectral_loss:.2}  total_loss: {total_loss:.2}")
}

fn eval_line(eval: &EvalMetric) -> String {
    let EvalMetric { step, spectral_loss, loudness_l1_db, f0_l1_semitones, f0_outliers, .. } = eval;
    format!(
        "step: {step}  held_out_spectral_loss: {spectral_loss:.2}  loudness_l1_db: {loudness_l1_db:.2}  \
         f0_l1_semitones: {f0_l1_semitones:.3}  f0_outliers: {:.1}%",
        100.0 * f0_outliers
    )
}

/// What is trained, and how far it is.
pub(crate) fn status_line(status: &Status) -> String {
    let Status { state, preset, dataset, steps_per_s, .. } = status;
    let left = status.eta_s.map(|s| format!(", {} left", duration(s))).unwrap_or_default();
    format!(
        "{} on {}: {state}, {}, {} of training, {steps_per_s:.2} steps/s{left}",
        one_line(preset),
        one_line(dataset),
        steps(status),
        duration(status.elapsed_train_s)
    )
}

/// As `step 7 of 100`.
pub(super) fn steps(status: &Status) -> String {
    match status.n_steps {
        Some(n_steps) => format!("step {} of {n_steps}", status.step),
        None => format!("step {}", status.step),
    }
}

#[cfg(test)]
mod tests {
    use ddsp_io::run_folder::NoteMetric;

    use super::*;

    #[test]
    fn lines_are_those_that_the_course_knows() {
        let metric = r#"{"kind":"step","step":25825,"spectral_loss":5.9151,"total_loss":5.92}"#;
        let metric: Metric = serde_json::from_str(metric).unwrap();
        assert_eq!(line(&metric), "step: 25825  spectral_loss: 5.92  total_loss: 5.92");
        let metric = r#"{"kind":"eval","step":300,"spectral_loss":6.1,"loudness_l1_db":2.5,"f0_l1_semitones":0.0712,"f0_outliers":0.034}"#;
        let metric: Metric = serde_json::from_str(metric).unwrap();
        assert_eq!(
            line(&metric),
            "step: 300  held_out_spectral_loss: 6.10  loudness_l1_db: 2.50  f0_l1_semitones: 0.071  f0_outliers: 3.4%"
        );
        let note = Metric::Note(NoteMetric { step: 9, text: "odd\n\u{1b}[2J".into() });
        assert_eq!(line(&note), "step: 9  odd  [2J");
    }
}
