//! The curve of losses.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Block, Chart, Dataset, GraphType};

use super::picture::Picture;

/// Where losses differ by more than this factor, a logarithmic axis shows more.
const LOG_FACTOR: f64 = 4.0;

/// The scale of the losses' axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Scale {
    /// As the losses ask for.
    #[default]
    Auto,
    Linear,
    Log,
}

impl Scale {
    /// The other one.
    pub(super) fn toggled(self, picture: &Picture) -> Self {
        if self.is_log(range(&points(picture))) { Self::Linear } else { Self::Log }
    }

    fn is_log(self, (low, high): (f64, f64)) -> bool {
        match self {
            Self::Auto => low > 0.0 && high > LOG_FACTOR * low,
            Self::Linear => false,
            Self::Log => low > 0.0,
        }
    }
}

/// Draws the losses of training and of what was held out over the steps.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, picture: &Picture, scale: Scale) {
    let all = points(picture);
    let is_log = scale.is_log(range(&all));
    let scaled = |y: f64| if is_log { y.log10() } else { y };
    let on_axis = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
        points.iter().map(|&(x, y)| (x, scaled(y))).collect()
    };
    let training = on_axis(picture.losses.points());
    let held_out = on_axis(&held_out(picture));
    let (low, high) = range(&on_axis(&all));
    let margin = (0.05 * (high - low)).max(1e-3);
    let (low, high) = (low - margin, high + margin);
    let (first, last) =
        all.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), &(x, _)| (a.min(x), b.max(x)));
    let (first, last) = if first < last { (first, last) } else { (0.0, last.max(1.0)) };

    let value = |y: f64| format!("{:.2}", if is_log { 10f64.powf(y) } else { y });
    let values = [low, (low + high) / 2.0, high].map(value);
    let steps = [first, (first + last) / 2.0, last].map(|x| format!("{x:.0}"));
    let title = format!(" spectral_loss{} ", if is_log { ", logarithmic" } else { "" });
    let legend = Line::from(vec![" ⠒ training ".cyan(), " • held out ".yellow()]);
    let line = Dataset::default().marker(Marker::Braille).graph_type(GraphType::Line);
    let dots = Dataset::default().marker(Marker::Dot).graph_type(GraphType::Scatter);
    let datasets = vec![line.cyan().data(&training), dots.yellow().data(&held_out)];
    let quiet = Style::default().fg(Color::DarkGray);
    let chart = Chart::new(datasets)
        .block(Block::bordered().border_style(quiet).title(title).title(legend.right_aligned()))
        .x_axis(Axis::default().style(quiet).bounds([first, last]).labels(steps))
        .y_axis(Axis::default().style(quiet).bounds([low, high]).labels(values))
        .legend_position(None);
    frame.render_widget(chart, area);
}

fn held_out(picture: &Picture) -> Vec<(f64, f64)> {
    let evals = picture.evals.iter().filter(|eval| eval.spectral_loss.is_finite());
    evals.map(|eval| (eval.step as f64, eval.spectral_loss)).collect()
}

fn points(picture: &Picture) -> Vec<(f64, f64)> {
    let mut points = picture.losses.points().to_vec();
    points.extend(held_out(picture));
    points
}

/// The smallest and the largest value; 0 to 1 where there is none.
fn range(points: &[(f64, f64)]) -> (f64, f64) {
    let values = || points.iter().map(|point| point.1);
    if points.is_empty() {
        return (0.0, 1.0);
    }
    (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
}
