//! A run on a terminal: how far, how well, and the curve of its loss.

use std::io;

use ddsp_io::run_folder::{Metric, RunFolder, Status};
use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Block, Chart, Dataset, Gauge, GraphType, Paragraph};

use super::lines::{evaluation, summary};
use super::{Standing, TICK, standing};
use crate::interrupt;

/// The curve has at most so many points.
const MAX_POINTS: usize = 4000;
/// Lines of evaluations and notes that are kept.
const N_KEPT: usize = 50;

/// What is drawn.
#[derive(Debug, Default)]
pub(super) struct View {
    status: Option<Status>,
    losses: Vec<(f64, f64)>,
    held_out: Vec<(f64, f64)>,
    lines: Vec<String>,
}

impl View {
    pub(super) fn update(&mut self, status: Status, new: &[Metric]) {
        self.status = Some(status);
        for metric in new {
            let step = metric.step() as f64;
            match metric {
                Metric::Step { spectral_loss, .. } => self.losses.push((step, *spectral_loss)),
                Metric::Eval { spectral_loss, .. } => {
                    self.held_out.push((step, *spectral_loss));
                    self.lines.push(evaluation(metric));
                }
                Metric::Note { step, text } => {
                    self.lines.push(format!("note: step {step}: {text}"))
                }
            }
        }
        // Every other point goes when there are too many.
        while self.losses.len() > MAX_POINTS {
            let mut i = 0;
            self.losses.retain(|_| {
                i += 1;
                i % 2 == 0
            });
        }
        let n = self.lines.len();
        self.lines.drain(..n.saturating_sub(N_KEPT));
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>) {
        let Some(status) = &self.status else { return };
        let [head, bar, chart, lines, foot] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Min(8),
            Constraint::Length(7),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        frame.render_widget(Paragraph::new(summary(status)), head);
        let done = status.n_steps.map_or(0.0, |n| status.step as f64 / n.max(1) as f64);
        frame.render_widget(
            Gauge::default()
                .ratio(done.clamp(0.0, 1.0))
                .gauge_style(Style::default().fg(Color::Blue)),
            bar,
        );
        self.draw_curve(frame, chart);
        let n = (lines.height as usize).saturating_sub(2);
        let last: Vec<Line<'_>> = self.lines[self.lines.len().saturating_sub(n)..]
            .iter()
            .map(|line| Line::from(line.as_str()))
            .collect();
        let block = Block::bordered().title("held out, and notes");
        frame.render_widget(Paragraph::new(last).block(block), lines);
        let keys = if status.pid == std::process::id() {
            "Ctrl-C: stop, with a checkpoint; the same command goes on"
        } else {
            "q: leave; the training goes on"
        };
        frame.render_widget(Paragraph::new(keys), foot);
    }

    fn draw_curve(&self, frame: &mut Frame<'_>, area: Rect) {
        let all = || self.losses.iter().chain(&self.held_out);
        let last = all().map(|p| p.0).fold(1.0, f64::max);
        // The first steps stand so high that nothing else would be seen.
        let mut sorted: Vec<f64> = all().map(|p| p.1).collect();
        sorted.sort_by(f64::total_cmp);
        let low = sorted.first().copied().unwrap_or(0.0).floor();
        let high = sorted.get(sorted.len() * 9 / 10).copied().unwrap_or(1.0).ceil().max(low + 1.0);
        let clipped: Vec<(f64, f64)> = self.losses.iter().map(|&(x, y)| (x, y.min(high))).collect();
        let shown = |name, data, marker, colour, kind| {
            Dataset::default()
                .name(name)
                .data(data)
                .marker(marker)
                .graph_type(kind)
                .style(Style::default().fg(colour))
        };
        let datasets = vec![
            shown("training", &clipped, Marker::Braille, Color::Blue, GraphType::Line),
            shown("held out", &self.held_out, Marker::Block, Color::Red, GraphType::Scatter),
        ];
        let middle = 0.5 * (low + high);
        let chart = Chart::new(datasets)
            .block(Block::bordered().title("spectral loss"))
            .x_axis(
                Axis::default().bounds([0.0, last]).labels(["0".to_owned(), format!("{last:.0}")]),
            )
            .y_axis(Axis::default().bounds([low, high]).labels([
                format!("{low:.1}"),
                format!("{middle:.1}"),
                format!("{high:.1}"),
            ]));
        frame.render_widget(chart, area);
    }
}

/// Draws a run until it is over or whoever looks at it leaves; returns whether they left.
pub(super) fn follow(folder: &RunFolder, leave: &dyn Fn()) -> io::Result<bool> {
    let mut terminal = ratatui::try_init()?;
    let followed = (|| {
        let (mut view, mut metrics) = (View::default(), folder.metrics());
        loop {
            let Some(status) = folder.status() else { return Ok(false) };
            let is_ours = status.pid == std::process::id();
            let is_over = standing(folder, &status) != Standing::Working;
            view.update(status, &metrics.poll());
            terminal.draw(|frame| view.draw(frame))?;
            if is_over {
                return Ok(false);
            }
            if event::poll(TICK)?
                && let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let interrupts =
                    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                let leaves = key.code == KeyCode::Char('q') && !is_ours;
                if interrupts || leaves {
                    leave();
                }
            }
            if interrupt::is_asked_to_stop() && !is_ours {
                return Ok(true);
            }
        }
    })();
    ratatui::restore();
    followed
}

#[cfg(test)]
mod tests {
    use ddsp_io::run_folder::State;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    #[test]
    fn it_fits_a_small_terminal_and_says_how_far_it_is() {
        let mut view = View::default();
        let status = Status {
            state: State::Training,
            reason: None,
            pid: 1,
            preset: "tiny".into(),
            dataset: "sax".into(),
            step: 50,
            n_steps: Some(100),
            elapsed_s: 25.0,
            steps_per_s: 2.0,
            eta_s: Some(25.0),
            updated_s: 0.0,
        };
        let step = |step: u64| Metric::Step {
            step,
            elapsed_s: 0.0,
            spectral_loss: 20.0 / (1.0 + step as f64),
            total_loss: 0.0,
            learning_rate: 0.0,
            gradient_norm: 0.0,
            steps_per_s: 2.0,
        };
        view.update(status, &(0..50).map(step).collect::<Vec<_>>());
        for (width, height) in [(80, 24), (200, 60), (40, 12), (1, 1)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| view.draw(frame)).unwrap();
            if width >= 80 {
                let text = terminal.backend().to_string();
                assert!(text.contains("tiny on sax: step 50 of 100, 25 s of training"), "{text}");
                assert!(text.contains("50%") && text.contains("q: leave"), "{text}");
            }
        }
    }
}
