//! What happened in a run: the lines of `metrics.jsonl`.

use serde::{Deserialize, Deserializer, Serialize};

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Metric {
    /// A step was made.
    Step(StepMetric),
    /// What was held out was played.
    Eval(EvalMetric),
    /// Something that whoever trains should know.
    Note(NoteMetric),
}

/// A step. JSON has no NaN, so what is no number is `null` there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepMetric {
    /// Its number, counted from 1.
    pub step: u64,
    /// Seconds of training so far.
    #[serde(default = "nan", deserialize_with = "number")]
    pub elapsed_s: f64,
    /// The multi-scale spectral loss.
    #[serde(deserialize_with = "number")]
    pub spectral_loss: f64,
    /// All losses together.
    #[serde(deserialize_with = "number")]
    pub total_loss: f64,
    /// Speed of late.
    #[serde(default = "nan", deserialize_with = "number")]
    pub steps_per_s: f64,
    /// Size of the step.
    #[serde(default = "nan", deserialize_with = "number")]
    pub learning_rate: f64,
    /// Norm of the gradient before it was cut.
    #[serde(default = "nan", deserialize_with = "number")]
    pub gradient_norm: f64,
}

/// How well the model plays what was held out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EvalMetric {
    /// The step whose weights played.
    pub step: u64,
    /// The multi-scale spectral loss.
    #[serde(deserialize_with = "number")]
    pub spectral_loss: f64,
    /// Mean distance of loudness.
    #[serde(default = "nan", deserialize_with = "number")]
    pub loudness_l1_db: f64,
    /// Mean distance of pitch, outliers left out.
    #[serde(default = "nan", deserialize_with = "number")]
    pub f0_l1_semitones: f64,
    /// Share of the frames whose pitch is an outlier.
    #[serde(default = "nan", deserialize_with = "number")]
    pub f0_outliers: f64,
    /// Share of the frames with a pitch that are played without one.
    #[serde(default = "nan", deserialize_with = "number")]
    pub f0_lost: f64,
    /// Level of the harmonic part beside that of the recordings.
    #[serde(default = "nan", deserialize_with = "number")]
    pub harmonic_db: f64,
    /// Level of the noise part beside that of the recordings.
    #[serde(default = "nan", deserialize_with = "number")]
    pub noise_db: f64,
}

/// An alarm, a skipped step, a saved checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteMetric {
    /// The step at which it was noted.
    pub step: u64,
    /// A sentence without a full stop.
    pub text: String,
}

impl Metric {
    /// The step it belongs to.
    pub fn step(&self) -> u64 {
        match self {
            Self::Step(step) => step.step,
            Self::Eval(eval) => eval.step,
            Self::Note(note) => note.step,
        }
    }
}

fn nan() -> f64 {
    f64::NAN
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_object_with_its_kind() {
        let note = Metric::Note(NoteMetric { step: 3, text: "saved".into() });
        let json = serde_json::to_string(&note).unwrap();
        assert_eq!(json, r#"{"kind":"note","step":3,"text":"saved"}"#);
        assert_eq!(serde_json::from_str::<Metric>(&json).unwrap(), note);
        let step = r#"{"kind":"step","step":7,"spectral_loss":5.5,"total_loss":null}"#;
        let Metric::Step(step) = serde_json::from_str(step).unwrap() else { panic!("{step}") };
        assert_eq!((step.step, step.spectral_loss), (7, 5.5));
        assert!(step.total_loss.is_nan() && step.gradient_norm.is_nan());
        let json = serde_json::to_string(&Metric::Step(step)).unwrap();
        assert!(json.contains(r#""total_loss":null"#), "{json}");
    }
}
