//! How a training came out, in a sentence.

use std::path::Path;

use ddsp_io::run_folder::{State, Status};

use crate::text::sentence;

/// A trainer on another machine, whose lock may not reach this one, counts as alive for so long after a word of it.
const FRESH_S: u64 = 120;

/// The end of a training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    /// What there is to say, without a full stop.
    pub(crate) sentence: String,
    /// Whether it failed or died.
    pub(crate) is_bad: bool,
}

/// The end of the run in `folder`, where `holder` holds the lock; none while somebody is at work.
pub(super) fn ending(
    folder: &Path,
    holder: Option<&str>,
    status: Option<&Status>,
) -> Option<Ending> {
    let Some(status) = status else {
        return holder.is_none().then(|| Ending {
            sentence: format!(
                "nobody trains in {} now, and no training there has got as far as to say anything",
                folder.display()
            ),
            is_bad: true,
        });
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
    let (sentence, is_bad) = match status.state {
        State::Finished => (
            format!("training has finished at step {step}{because}{}", result(folder, status)),
            false,
        ),
        State::Stopped => {
            (format!("training was stopped at step {step}{because}; {}", goes_on(status)), false)
        }
        State::Failed => {
            (format!("training has failed at step {step}{because}; {}", goes_on(status)), true)
        }
        State::Starting | State::Training | State::Evaluating => {
            if holder.is_some() || (!status.is_of_this_host() && status.age_s() < FRESH_S) {
                return None;
            }
            let lock = folder.join("run.lock");
            let died = format!(
                "training died at step {step}: nobody holds {} and it did not say that it finished; {}",
                lock.display(),
                goes_on(status)
            );
            (died, true)
        }
    };
    Some(Ending { sentence, is_bad })
}

/// How good the instrument is, and where.
fn result(folder: &Path, status: &Status) -> String {
    let best = status.best.map(|best| {
        format!(
            "; best on what was held out: spectral_loss {:.2} at step {}",
            best.spectral_loss, best.step
        )
    });
    let model = status.model.as_ref();
    let model = model.map(|model| format!("; the instrument is {}", folder.join(model).display()));
    sentence(&(best.unwrap_or_default() + &model.unwrap_or_default()))
}

fn goes_on(status: &Status) -> String {
    match status.checkpoint_step {
        Some(step) => format!("the same `ddsp train` command goes on from step {step}"),
        None => "the same `ddsp train` command begins anew, as nothing was saved yet".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use ddsp_io::run_folder::Best;

    use super::*;

    fn status(state: State) -> Status {
        Status { state, step: 70, ..Status::starting("instrument", "violin") }
    }

    #[test]
    fn an_end_is_said_plainly() {
        let say = |status: &Status, holder: Option<&str>| {
            ending(Path::new("run"), holder, Some(status)).map(|e| (e.sentence, e.is_bad))
        };
        let best = Some(Best { step: 60, spectral_loss: 5.123 });
        let finished =
            Status { best, model: Some("violin.ddsp".into()), ..status(State::Finished) };
        let expected = "training has finished at step 70; best on what was held out: spectral_loss 5.12 at step 60; \
             the instrument is run/violin.ddsp";
        assert_eq!(say(&finished, None), Some((expected.into(), false)));
        // Its own trainer may still be there for a moment; another one has begun anew.
        assert!(say(&finished, Some(&finished.process())).is_some());
        assert_eq!(say(&finished, Some("pid 1 on another")), None);

        let stopped = Status {
            reason: Some("it was asked to".into()),
            checkpoint_step: Some(70),
            ..status(State::Stopped)
        };
        let expected = "training was stopped at step 70: it was asked to; the same `ddsp train` command goes on from step 70";
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
        assert_eq!(died, Ending { sentence: expected.into(), is_bad: true });
        let elsewhere = Status { host: "another".into(), ..training };
        assert_eq!(ending(path, None, Some(&elsewhere)), None);
        let silent = Status { updated_unix_s: 1, ..elsewhere };
        assert!(ending(path, None, Some(&silent)).unwrap().is_bad);
        assert_eq!(ending(path, Some(""), None), None);
        assert!(ending(path, None, None).unwrap().is_bad);
    }
}
