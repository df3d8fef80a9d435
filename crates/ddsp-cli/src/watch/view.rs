//! The picture of a run on a terminal of any size.

use ddsp_io::run_folder::{Metric, State, Status};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::curve::{self, Scale};
use super::ending::Ending;
use super::picture::Picture;
use crate::text::{duration, one_line, sentence};

/// A trainer that has said nothing for so long may hang.
const SILENT_S: f64 = 60.0;

/// What is drawn.
#[derive(Debug, Clone)]
pub(crate) struct View {
    title: String,
    keys: &'static str,
    picture: Picture,
    scale: Scale,
    ending: Option<Ending>,
}

impl View {
    /// A view of the run of this name, which so far shows nothing; `keys` says at the foot what keys do.
    pub(crate) fn new(title: &str, keys: &'static str) -> Self {
        let (picture, scale, ending) = (Picture::default(), Scale::Auto, None);
        Self { title: one_line(title), keys, picture, scale, ending }
    }

    /// Takes in what is new.
    pub(crate) fn update(&mut self, status: Option<Status>, metrics: &[Metric]) {
        self.picture.update(status, metrics);
    }

    /// Forgets all metrics, as when a run goes on from an earlier step.
    pub(crate) fn forget(&mut self) {
        self.picture = Picture::default();
    }

    /// How the training ended, which the foot then says.
    pub(crate) fn set_ending(&mut self, ending: Option<Ending>) {
        self.ending = ending;
    }

    /// Changes between a linear and a logarithmic axis of losses.
    pub(crate) fn toggle_scale(&mut self) {
        self.scale = self.scale.toggled(&self.picture);
    }

    /// Draws everything, and on a low terminal what is most worth it.
    pub(crate) fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let (n_evals, n_notes) = match area.height {
            0..14 => (0, 0),
            14..20 => (2, 0),
            20..23 => (3, 2),
            23..30 => (4, 3),
            _ => (8, 5),
        };
        let foot = self.foot(area.width as usize);
        let foot_height = foot.len().clamp(1, 4) as u16;
        let heading = |n: u16| if n > 0 { n + 1 } else { 0 };
        let [head, chart, evals, notes, foot_area] = Layout::vertical([
            Constraint::Length(5),
            Constraint::Fill(1),
            Constraint::Length(heading(n_evals)),
            Constraint::Length(heading(n_notes)),
            Constraint::Length(foot_height),
        ])
        .areas(area);
        self.draw_head(frame, head);
        if chart.height >= 5 {
            curve::draw(frame, chart, &self.picture, self.scale);
        }
        frame.render_widget(Paragraph::new(self.evals(n_evals as usize)), evals);
        frame.render_widget(Paragraph::new(self.notes(n_notes as usize)), notes);
        frame.render_widget(Paragraph::new(foot), foot_area);
    }

    fn draw_head(&self, frame: &mut Frame<'_>, area: Rect) {
        let Some(status) = &self.picture.status else {
            let lines = vec![Line::from(self.title.clone().bold()), "a training begins".into()];
            frame.render_widget(Paragraph::new(lines), area);
            return;
        };
        let rows: [Rect; 5] = Layout::vertical([Constraint::Length(1); 5]).areas(area);
        let silence_s = self.picture.silence_s;
        let is_silent = silence_s >= SILENT_S && self.ending.is_none() && !status.state.is_end();
        let state = match &self.ending {
            Some(Ending { is_bad: true, .. }) if !status.state.is_end() => "died".red().bold(),
            _ if is_silent => {
                format!("{}, no word for {}", status.state, duration(silence_s)).red()
            }
            _ => coloured(status.state),
        };
        let [title, right] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(state.width() as u16)])
                .areas(rows[0]);
        frame.render_widget(self.title.as_str().bold(), title);
        frame.render_widget(state, right);
        let what = format!("{} on {}", one_line(&status.preset), one_line(&status.dataset));
        frame.render_widget(what, rows[1]);
        frame.render_widget(progress(status, rows[2].width as usize), rows[2]);
        frame.render_widget(pace(status), rows[3]);
        frame.render_widget(self.losses(), rows[4]);
    }

    fn losses(&self) -> Line<'static> {
        let Some(Metric::Step { spectral_loss, total_loss, gradient_norm, learning_rate, .. }) =
            &self.picture.step
        else {
            return Line::from("no step so far").dark_gray();
        };
        Line::from(format!(
            "spectral_loss {spectral_loss:.2}  total_loss {total_loss:.2}  gradient_norm {gradient_norm:.3}  \
             learning_rate {learning_rate:.1e}"
        ))
    }

    fn evals(&self, n: usize) -> Vec<Line<'static>> {
        let head =
            "held out:  step   spectral_loss   loudness_l1_db   f0_l1_semitones   f0_outliers";
        let mut lines = vec![Line::from(head).dark_gray()];
        let best = self.picture.best();
        let evals = &self.picture.evals;
        let last = &evals[evals.len().saturating_sub(n)..];
        // The best one stays in sight.
        let is_far = best.is_some_and(|best| last.iter().all(|eval| eval.step != best.step));
        let kept = best.filter(|_| is_far && n > 0).into_iter();
        for eval in kept.chain(last.iter().skip(usize::from(is_far))) {
            let is_best = best.is_some_and(|best| best.step == eval.step);
            let line = format!(
                "{}{:>9} {:>15.2} {:>16.2} {:>17.3} {:>12.1}%",
                if is_best { "best  " } else { "      " },
                eval.step,
                eval.spectral_loss,
                eval.loudness_l1_db,
                eval.f0_l1_semitones,
                100.0 * eval.f0_outliers
            );
            lines.push(if is_best { Line::from(line).yellow() } else { line.into() });
        }
        lines
    }

    fn notes(&self, n: usize) -> Vec<Line<'static>> {
        let notes = &self.picture.notes;
        let mut lines = vec![Line::from("notes:").dark_gray()];
        let last = notes.iter().skip(notes.len().saturating_sub(n));
        lines
            .extend(last.map(|(step, text)| Line::from(format!("{step:>15}  {}", sentence(text)))));
        lines
    }

    fn foot(&self, width: usize) -> Vec<Line<'static>> {
        let Some(Ending { sentence, is_bad, .. }) = &self.ending else {
            return vec![Line::from(self.keys).dark_gray()];
        };
        let colour = if *is_bad { Color::Red } else { Color::Green };
        let lines = wrapped(&format!("{sentence}. q leaves the view."), width);
        lines.into_iter().map(|line| Line::from(line).fg(colour)).collect()
    }
}

/// Text in lines of at most so many characters, as far as its words allow.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn coloured(state: State) -> Span<'static> {
    let span = Span::from(state.to_string()).bold();
    match state {
        State::Starting | State::Stopped => span.yellow(),
        State::Training | State::Finished => span.green(),
        State::Evaluating => span.cyan(),
        State::Failed => span.red(),
    }
}

/// A bar of what is done.
fn progress(status: &Status, width: usize) -> Line<'static> {
    let step = status.step;
    let Some(n_steps) = status.n_steps else {
        return format!("step {step}, of how many is not known yet").into();
    };
    let ratio = (step as f64 / n_steps.max(1) as f64).clamp(0.0, 1.0);
    let label = format!("  step {step} of {n_steps}  {:3.0} %", 100.0 * ratio);
    let n_cells = width.saturating_sub(label.chars().count());
    let n_full = (ratio * n_cells as f64).round() as usize;
    let rest = "─".repeat(n_cells - n_full).dark_gray();
    Line::from(vec!["━".repeat(n_full).cyan(), rest, label.into()])
}

fn pace(status: &Status) -> Line<'static> {
    let mut text = format!("{}   {:.2} steps/s", duration(status.elapsed_s), status.steps_per_s);
    if let Some(eta_s) = status.eta_s {
        text += &format!("   ETA {}", duration(eta_s));
    }
    if let Some(best) = status.best {
        text += &format!("   best {:.2} at step {}", best.spectral_loss, best.step);
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use ddsp_io::run_folder::Best;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    /// What 80 by 24 characters show.
    const WHOLE: &str = "\
runs/violin                                                             training
instrument on violin
━━━━━━━━━━━━━──────────────────────────────────────  step 25825 of 100000   26 %
12 min 20 s   34.90 steps/s   ETA 35 min 25 s   best 5.80 at step 21000
spectral_loss 5.03  total_loss 5.28  gradient_norm 0.510  learning_rate 1.0e-3
┌ spectral_loss, logarithmic ────────────────────────── ⠒ training  • held out ┐
│26.87│⠒⠤⣄⣀                                                                    │
│     │   ⠈⠉⠓⠢⠤⣄⣀                                                              │
│11.17│         ⠈⠉•⠒⠦⠤⣄⣀⡀                                                      │
│     │                 ⠉⠉•⠒⠒⠦⠤⠤⢄⣀•⣀⡀      •                                •  │
│4.65 │                             ⠈⠉⠉⠉⠉⠉⠓⠒⠒⠒⠒⠒⠒⠒⠒•⠲⠤⠤⠤⠤⠤⠤•⠤⠤⠤⠤⠤⠤⠤⠤•⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤│
│     └────────────────────────────────────────────────────────────────────────│
│    38                                  12912                            25788│
└──────────────────────────────────────────────────────────────────────────────┘
held out:  step   spectral_loss   loudness_l1_db   f0_l1_semitones   f0_outliers
          16000            5.77             2.31             0.071          3.4%
          19000            5.57             2.31             0.071          3.4%
best      22000            5.48             2.31             0.071          3.4%
          25000            5.94             2.31             0.071          3.4%
notes:
          21000  a checkpoint was saved
          25100  step 25100 was skipped: its loss is NaN [2J

q leaves
";

    fn status() -> Status {
        Status {
            state: State::Training,
            step: 25_825,
            n_steps: Some(100_000),
            // Later than any time of a test.
            updated_s: f64::INFINITY,
            elapsed_s: 740.0,
            steps_per_s: 34.9,
            eta_s: Some(2125.0),
            best: Some(Best { step: 21_000, spectral_loss: 5.8 }),
            ..Status::starting("instrument", "violin")
        }
    }

    fn metrics() -> Vec<Metric> {
        let loss = |step: u64| 5.0 + 20.0 * (-(step as f64) / 4000.0).exp();
        let step = |step| Metric::Step {
            step,
            elapsed_s: 0.0,
            spectral_loss: loss(step),
            total_loss: loss(step) + 0.25,
            steps_per_s: 34.9,
            learning_rate: 1e-3,
            gradient_norm: 0.51,
        };
        let eval = |step| Metric::Eval {
            step,
            elapsed_s: 0.0,
            spectral_loss: loss(step) + 0.4 + if step > 24_000 { 0.5 } else { 0.0 },
            loudness_l1_db: 2.31,
            f0_l1_semitones: 0.071,
            f0_outliers: 0.034,
            is_best: false,
        };
        let note = |step, text: &str| Metric::Note { step, text: text.into() };
        let mut metrics: Vec<_> = (1..=1033).map(|n| step(25 * n)).collect();
        metrics.extend((1..=8).map(|n| eval(3000 * n + 1000)));
        metrics.push(note(21_000, "a checkpoint was saved"));
        metrics.push(note(25_100, "step 25100 was skipped: its loss is NaN\u{1b}[2J"));
        metrics
    }

    fn drawn(view: &View, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view.draw(frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let rows = buffer.content().chunks(usize::from(width));
        let row = |cells: &[ratatui::buffer::Cell]| {
            cells.iter().map(|cell| cell.symbol()).collect::<String>()
        };
        rows.map(|cells| row(cells).trim_end().to_owned() + "\n").collect()
    }

    fn view() -> View {
        let mut view = View::new("runs/violin", "q leaves");
        view.update(Some(status()), &metrics());
        view
    }

    #[test]
    fn a_usual_terminal_shows_everything() {
        assert_eq!(drawn(&view(), 80, 24), WHOLE);
    }

    #[test]
    fn an_end_is_said_at_the_foot() {
        let mut view = view();
        let sentence = "training died at step 25825: nobody holds runs/violin/run.lock and it did not say that it finished; \
             the same `ddsp train` command, without --restart, goes on from step 25800";
        view.set_ending(Some(Ending {
            sentence: sentence.into(),
            hints: Vec::new(),
            is_bad: true,
        }));
        let text = drawn(&view, 80, 24);
        assert!(text.lines().next().unwrap().ends_with(" died"), "{text}");
        let foot: Vec<_> = text.lines().skip(22).collect();
        assert!(foot.join(" ").ends_with("goes on from step 25800. q leaves the view."), "{text}");
    }

    #[test]
    fn the_best_evaluation_stays_in_sight() {
        let mut view = view();
        let last = metrics()[1033 + 7].clone();
        view.update(Some(status()), &vec![last; 5]);
        let text = drawn(&view, 80, 24);
        assert!(text.contains("best      22000"), "{text}");
        assert_eq!(text.matches("         25000     ").count(), 3, "{text}");
    }

    #[test]
    fn any_size_and_any_state_can_be_drawn() {
        let mut begun = View::new("a run", "q leaves");
        assert!(drawn(&begun, 80, 24).contains("a training begins"));
        let odd = Status {
            elapsed_s: f64::NAN,
            n_steps: Some(0),
            eta_s: Some(f64::INFINITY),
            ..status()
        };
        begun.update(Some(odd), &[]);
        let mut toggled = view();
        toggled.toggle_scale();
        assert!(!drawn(&toggled, 80, 24).contains("logarithmic"));
        let mut silent = View::new("a run", "q leaves");
        silent.update(Some(Status { updated_s: 1.0, ..status() }), &metrics()[..1]);
        assert!(drawn(&silent, 80, 24).contains("training, no word for "));
        for view in [&begun, &toggled, &silent] {
            for (width, height) in
                [(1, 1), (10, 3), (40, 12), (79, 15), (200, 21), (300, 80), (5, 90)]
            {
                drawn(view, width, height);
            }
        }
    }
}
