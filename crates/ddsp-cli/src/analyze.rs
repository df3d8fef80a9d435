//! `ddsp analyze`: what is heard in a recording.

use crate::args::AnalyzeArgs;
use crate::failure::Failure;
use crate::jobs::{Wanted, plan};
use crate::listen::listen;
use crate::say::report;
use crate::showing::{Shown, show};

/// Runs the command.
pub(crate) fn run(args: &AnalyzeArgs) -> Result<(), Failure> {
    let model = args.listening.load()?;
    let wanted = Wanted {
        features: args.showing.features.as_deref(),
        plot: args.showing.plot.as_deref(),
        ..Wanted::default()
    };
    for job in plan(std::slice::from_ref(&args.input), &wanted)? {
        let heard = listen(&job.input, &args.listening, &model)?;
        let mut lines = heard.report(&job.input);
        lines.extend(heard.notices.iter().map(|notice| format!("  note: {notice}")));
        report(&lines, job.takes_stdout());
        let title = job.input.to_string();
        let shown =
            Shown { title: &title, samples: &heard.heard.samples, features: &heard.heard.features };
        let lines = show(&job, model.config(), &[shown])?;
        report(&lines, job.takes_stdout());
    }
    Ok(())
}
