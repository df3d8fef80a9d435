//! How a training came out, in a sentence.

use std::path::Path;

use ddsp_io::run_folder::{State, Status};

use crate::text::{duration, sentence};

/// A trainer on another machine, whose lock may not reach this one, counts as alive for so long after a word of it.
const FRESH_S: f64 = 120.0;
/// Where the trainer keeps the instrument.
const MODEL: &str = "model.ddsp";

/// The end of a training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    /// What there is to say, without a full stop.
    pub(crate) sentence: String,
    /// What to do with the instrument: a command a line.
    pub(crate) hints: Vec<String>,
    /// Whether it failed or died.
    pub(crate) is_bad: bool,
}

/// The end of the run in `folder`, where `holder` holds the lock; none while somebody is at work.
pub(super) fn ending(
    folder: &Path,
    holder: Option<&str>,
    status: Option<&Status>,
) -> Option<Ending> {
    let bad = |sentence| Some(Ending { sentence, hints: Vec::new(), is_bad: true });
    let run = folder.display();
    let Some(status) = status else {
        if holder.is_some() {
            return None;
        }
        return bad(format!(
            "nobody trains in {run} now, and no training there got as far as to say anything"
        ));
    };
    if holder.is_some_and(|holder| holder != status.process()) {
        // Another trainer goes on with the run and has not said so yet.
        return None;
    }
    let step = status.step;
    let because = match &status.reason {
        Some(reason) => format!(": {}", sentence(reason)),
        None => String::new(),
    };
    match status.state {
        State::Finished => Some(Ending {
            sentence: format!(
                "training has finished at step {step}, {}{because}; the instrument is {}",
                duration(status.elapsed_s),
                folder.join(MODEL).display()
            ),
            hints: vec![
                format!("play it: ddsp transfer IN -m {}", folder.join(MODEL).display()),
                format!("keep it: ddsp export {run} -o NAME.ddsp"),
            ],
            is_bad: false,
        }),
        State::Stopped => Some(Ending {
            sentence: format!("training was stopped at step {step}{because}; {}", goes_on(status)),
            hints: Vec::new(),
            is_bad: false,
        }),
        State::Failed => {
            bad(format!("training has failed at step {step}{because}; {}", goes_on(status)))
        }
        State::Starting | State::Training | State::Evaluating => {
            if holder.is_some() || (!status.is_of_this_host() && status.age_s() < FRESH_S) {
                return None;
            }
            bad(format!(
                "training died at step {step}: nobody holds {} and it did not say that it finished; {}",
                folder.join("run.lock").display(),
                goes_on(status)
            ))
        }
    }
}

fn goes_on(status: &Status) -> String {
    match status.checkpoint_step {
        Some(step) => {
            format!("the same `ddsp train` command, without --restart, goes on from step {step}")
        }
        None => "the same `ddsp train` command begins anew, as nothing was saved yet".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(state: State) -> Status {
        Status { state, step: 70, ..Status::starting("instrument", "violin") }
    }

    #[test]
    fn an_end_is_said_plainly() {
        let say = |status: &Status, holder: Option<&str>| {
            ending(Path::new("run"), holder, Some(status)).map(|e| (e.sentence, e.is_bad))
        };
        let reason = Some("all steps are made".to_owned());
        let finished = Status { reason, elapsed_s: 90.0, ..status(State::Finished) };
        let expected = "training has finished at step 70, 1 min 30 s: all steps are made; the instrument is run/model.ddsp";
        assert_eq!(say(&finished, None), Some((expected.into(), false)));
        // Its own trainer may still be there for a moment; another one has begun anew.
        assert!(say(&finished, Some(&finished.process())).is_some());
        assert_eq!(say(&finished, Some("pid 1 on another")), None);

        let reason = Some("it was asked to".to_owned());
        let stopped = Status { reason, checkpoint_step: Some(70), ..status(State::Stopped) };
        let expected = "training was stopped at step 70: it was asked to; the same `ddsp train` command, without --restart, goes on from step 70";
        assert_eq!(say(&stopped, None), Some((expected.into(), false)));
        assert!(say(&status(State::Failed), None).unwrap().1);
    }

    #[test]
    fn who_holds_no_lock_and_said_nothing_has_died() {
        let path = Path::new("run");
        let training = status(State::Training);
        let holder = training.process();
        assert_eq!(ending(path, Some(&holder), Some(&training)), None);
        let died = ending(path, None, Some(&training)).unwrap();
        let expected = "training died at step 70: nobody holds run/run.lock and it did not say that it finished; \
             the same `ddsp train` command begins anew, as nothing was saved yet";
        assert_eq!((died.sentence.as_str(), died.is_bad), (expected, true));
        let elsewhere = Status { host: "another".into(), ..training };
        assert_eq!(ending(path, None, Some(&elsewhere)), None);
        let silent = Status { updated_s: 1.0, ..elsewhere };
        assert!(ending(path, None, Some(&silent)).unwrap().is_bad);
        assert_eq!(ending(path, Some(""), None), None);
        assert!(ending(path, None, None).unwrap().is_bad);
    }
}
