//! `ddsp analyze`: what is heard in a recording.

use crate::args::AnalyzeArgs;
use crate::failure::Failure;
use crate::instruments;
use crate::jobs::{Wanted, plan};
use crate::listen::listen;
use crate::showing::{Shown, show};

/// Runs the command.
pub(crate) fn run(args: &AnalyzeArgs) -> Result<(), Failure> {
    let model = instruments::load(&args.listening.model)?;
    let wanted = Wanted {
        features: args.showing.features.as_deref(),
        plot: args.showing.plot.as_deref(),
        instrument: &model.config().name,
        ..Wanted::default()
    };
    for job in plan(std::slice::from_ref(&args.input), &wanted)? {
        let heard = listen(&job.input, &args.listening, &model)?;
        heard.report(&job.input).iter().for_each(|line| println!("{line}"));
        heard.notices.iter().for_each(|notice| println!("  note: {notice}"));
        let title = job.input.display().to_string();
        let shown = Shown { title: &title, samples: &heard.samples, features: &heard.features };
        let lines = show(&job, model.config(), &[shown])?;
        lines.iter().for_each(|line| println!("{line}"));
    }
    Ok(())
}
