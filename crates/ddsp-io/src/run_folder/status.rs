//! What is going on in a run: `status.json`.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::host;

/// The format written here. A later one is refused.
const FORMAT_VERSION: u32 = 1;

/// What a trainer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It reads the data set and builds the model.
    Starting,
    /// It makes steps.
    Training,
    /// It plays what was held out.
    Evaluating,
    /// It has done all that it was asked for.
    Finished,
    /// It was asked to end, and has saved where it was.
    Stopped,
    /// It gave up.
    Failed,
}

impl State {
    /// Whether a trainer that says so is at its end.
    pub fn is_end(self) -> bool {
        match self {
            Self::Starting | Self::Training | Self::Evaluating => false,
            Self::Finished | Self::Stopped | Self::Failed => true,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Training => "training",
            Self::Evaluating => "evaluating",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        })
    }
}

/// The best evaluation so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The step whose weights were played.
    pub step: u64,
    /// Their loss on what was held out.
    pub spectral_loss: f64,
}

/// What is going on in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// 1.
    #[serde(default = "first")]
    pub format_version: u32,
    /// What the trainer is doing.
    pub state: State,
    /// Why it stopped or failed; a sentence without a full stop.
    #[serde(default)]
    pub reason: Option<String>,
    /// The trainer's process.
    pub pid: u32,
    /// The machine it runs on.
    #[serde(default)]
    pub host: String,
    /// The recipe.
    pub preset: String,
    /// The data set.
    pub dataset: String,
    /// The last step that was made.
    pub step: u64,
    /// Steps in all, once that is known.
    #[serde(default)]
    pub n_steps: Option<u64>,
    /// Seconds of training over all processes that worked on the run.
    pub elapsed_s: f64,
    /// Speed of late.
    pub steps_per_s: f64,
    /// Seconds until the last step, as far as that can be told.
    #[serde(default)]
    pub eta_s: Option<f64>,
    /// When this process began, in seconds since 1970.
    #[serde(default)]
    pub started_s: f64,
    /// When this was written, in seconds since 1970.
    pub updated_s: f64,
    /// The best evaluation of this process.
    #[serde(default)]
    pub best: Option<Best>,
    /// The newest checkpoint: where the same command goes on.
    #[serde(default)]
    pub checkpoint_step: Option<u64>,
}

impl Status {
    /// That of a trainer which begins now in this process.
    pub fn starting(preset: impl Into<String>, dataset: impl Into<String>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            state: State::Starting,
            reason: None,
            pid: std::process::id(),
            host: host::name().to_owned(),
            preset: preset.into(),
            dataset: dataset.into(),
            step: 0,
            n_steps: None,
            elapsed_s: 0.0,
            steps_per_s: 0.0,
            eta_s: None,
            started_s: now_s(),
            updated_s: now_s(),
            best: None,
            checkpoint_step: None,
        }
    }

    /// The process, as `pid 12 on studio`.
    pub fn process(&self) -> String {
        format!("pid {} on {}", self.pid, self.host)
    }

    /// Whether it was written on this machine.
    pub fn is_of_this_host(&self) -> bool {
        self.host == host::name()
    }

    /// Seconds since it was written.
    pub fn age_s(&self) -> f64 {
        (now_s() - self.updated_s).max(0.0)
    }

    /// From the bytes of a file; an error says what was expected and found.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            #[serde(default = "first")]
            format_version: u32,
        }
        let bad = |e: serde_json::Error| format!("expected the status of a training run: {e}");
        let Version { format_version } = serde_json::from_slice(bytes).map_err(bad)?;
        if format_version != FORMAT_VERSION {
            return Err(format!(
                "expected a status of format {FORMAT_VERSION}, found {format_version}: it is from another version of ddsp"
            ));
        }
        serde_json::from_slice(bytes).map_err(bad)
    }
}

/// Seconds since 1970.
pub fn now_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// What a status without a version is.
fn first() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_it_lacks_and_from_when_it_is() {
        let status = Status::starting("instrument", "violin.tfrecord");
        let json = serde_json::to_string(&status).unwrap();
        assert!(json.starts_with(r#"{"format_version":1,"state":"starting""#), "{json}");
        assert_eq!(Status::parse(json.as_bytes()).unwrap(), status);
        let later = json.replace("\"format_version\":1", "\"format_version\":2");
        assert!(Status::parse(later.as_bytes()).unwrap_err().contains("found 2"));
        assert!(Status::parse(b"{\"format_version\":1}").unwrap_err().contains("missing field"));
        assert!(Status::parse(b"").is_err());
        assert!(status.is_of_this_host() && status.age_s() < 60.0);
    }
}
