//! What happened in a run: the lines of `metrics.jsonl`.

use serde::{Deserialize, Deserializer, Serialize};

/// A line. JSON has no NaN, so what is no number is `null` there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Metric {
    /// A step, or the mean of some.
    Step {
        /// The last of them, counted from 1.
        step: u64,
        /// Seconds of training.
        #[serde(deserialize_with = "number")]
        elapsed_s: f64,
        /// The multi-scale spectral loss.
        #[serde(deserialize_with = "number")]
        spectral_loss: f64,
        /// All losses.
        #[serde(deserialize_with = "number")]
        total_loss: f64,
        /// Size of the step.
        #[serde(deserialize_with = "number")]
        learning_rate: f64,
        /// Norm of the gradient.
        #[serde(deserialize_with = "number")]
        gradient_norm: f64,
        /// Steps a second.
        #[serde(deserialize_with = "number")]
        steps_per_s: f64,
    },
    /// An evaluation on what was held out.
    Eval {
        /// At this step.
        step: u64,
        /// Seconds of training.
        #[serde(deserialize_with = "number")]
        elapsed_s: f64,
        /// The multi-scale spectral loss.
        #[serde(deserialize_with = "number")]
        spectral_loss: f64,
        /// Mean distance of loudness.
        #[serde(deserialize_with = "number")]
        loudness_l1_db: f64,
        /// Mean distance of pitch, without outliers.
        #[serde(deserialize_with = "number")]
        f0_l1_semitones: f64,
        /// Share of outliers.
        #[serde(deserialize_with = "number")]
        f0_outliers: f64,
        /// Whether it is the best so far.
        is_best: bool,
    },
    /// A sentence.
    Note {
        /// At this step.
        step: u64,
        /// The sentence.
        text: String,
    },
}

impl Metric {
    /// The step that it is of.
    pub fn step(&self) -> u64 {
        match self {
            Self::Step { step, .. } | Self::Eval { step, .. } | Self::Note { step, .. } => *step,
        }
    }
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_object_with_its_kind() {
        let note = Metric::Note { step: 3, text: "saved".into() };
        let json = serde_json::to_string(&note).unwrap();
        assert_eq!(json, r#"{"kind":"note","step":3,"text":"saved"}"#);
        assert_eq!(serde_json::from_str::<Metric>(&json).unwrap(), note);
        let eval = Metric::Eval {
            step: 7,
            elapsed_s: 1.0,
            spectral_loss: 5.5,
            loudness_l1_db: 2.0,
            f0_l1_semitones: f64::NAN,
            f0_outliers: 0.0,
            is_best: true,
        };
        let json = serde_json::to_string(&eval).unwrap();
        assert!(json.contains(r#""f0_l1_semitones":null"#), "{json}");
        let Metric::Eval { step, f0_l1_semitones, .. } = serde_json::from_str(&json).unwrap()
        else {
            panic!("{json}");
        };
        assert!(step == 7 && f0_l1_semitones.is_nan());
    }
}
