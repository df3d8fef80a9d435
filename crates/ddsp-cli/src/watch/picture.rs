//! What a view shows: a run's status and what of its metrics is worth keeping.

use std::collections::VecDeque;

use ddsp_io::run_folder::{Metric, Status};

/// Points of the training's curve that are kept; more than a terminal has columns of dots.
const MAX_POINTS: usize = 1024;
/// Notes that are kept.
const MAX_NOTES: usize = 16;

/// A run, as it is shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picture {
    /// What the trainer says of itself.
    pub(crate) status: Option<Status>,
    /// Seconds since it said so.
    pub(crate) silence_s: f64,
    /// The last step that was told of.
    pub(crate) step: Option<Metric>,
    /// Step and loss of the training.
    pub(crate) losses: Thinned,
    /// Held-out sound, all of it.
    pub(crate) evals: Vec<Eval>,
    /// The last notes with their steps, the newest last.
    pub(crate) notes: VecDeque<(u64, String)>,
}

impl Picture {
    /// Takes in what is new.
    pub(crate) fn update(&mut self, status: Option<Status>, metrics: &[Metric]) {
        self.silence_s = status.as_ref().map_or(0.0, Status::age_s);
        self.status = status;
        for metric in metrics {
            match metric {
                Metric::Step { step, spectral_loss, .. } => {
                    self.step = Some(metric.clone());
                    self.losses.push((*step as f64, *spectral_loss));
                }
                &Metric::Eval {
                    step,
                    spectral_loss,
                    loudness_l1_db,
                    f0_l1_semitones,
                    f0_outliers,
                    ..
                } => self.evals.push(Eval {
                    step,
                    spectral_loss,
                    loudness_l1_db,
                    f0_l1_semitones,
                    f0_outliers,
                }),
                Metric::Note { step, text } => {
                    self.notes.push_back((*step, text.clone()));
                    if self.notes.len() > MAX_NOTES {
                        self.notes.pop_front();
                    }
                }
            }
        }
    }

    /// The evaluation with the smallest loss.
    pub(crate) fn best(&self) -> Option<&Eval> {
        let finite = self.evals.iter().filter(|eval| eval.spectral_loss.is_finite());
        finite.min_by(|a, b| a.spectral_loss.total_cmp(&b.spectral_loss))
    }
}

/// How well the model played what was held out, as [`Metric::Eval`] has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Eval {
    pub(crate) step: u64,
    pub(crate) spectral_loss: f64,
    pub(crate) loudness_l1_db: f64,
    pub(crate) f0_l1_semitones: f64,
    pub(crate) f0_outliers: f64,
}

/// A curve of any length in bounded memory: the means of as many neighbours as it takes. What is no number is left out.
#[derive(Debug, Clone)]
pub(crate) struct Thinned {
    points: Vec<(f64, f64)>,
    /// Points in a mean.
    stride: usize,
    sum: (f64, f64),
    n_summed: usize,
}

impl Default for Thinned {
    fn default() -> Self {
        Self { points: Vec::new(), stride: 1, sum: (0.0, 0.0), n_summed: 0 }
    }
}

impl Thinned {
    fn push(&mut self, (x, y): (f64, f64)) {
        if !y.is_finite() {
            return;
        }
        self.sum = (self.sum.0 + x, self.sum.1 + y);
        self.n_summed += 1;
        if self.n_summed < self.stride {
            return;
        }
        let n = self.n_summed as f64;
        self.points.push((self.sum.0 / n, self.sum.1 / n));
        (self.sum, self.n_summed) = ((0.0, 0.0), 0);
        if self.points.len() == MAX_POINTS {
            let mean = |p: &[(f64, f64)]| ((p[0].0 + p[1].0) / 2.0, (p[0].1 + p[1].1) / 2.0);
            self.points = self.points.chunks_exact(2).map(mean).collect();
            self.stride *= 2;
        }
    }

    /// The curve.
    pub(crate) fn points(&self) -> &[(f64, f64)] {
        &self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_keeps_its_shape_in_few_points() {
        let mut curve = Thinned::default();
        curve.push((0.0, f64::NAN));
        assert!(curve.points().is_empty());
        (0..100_000).for_each(|x| curve.push((f64::from(x), f64::from(x) * 2.0)));
        let points = curve.points();
        assert!((MAX_POINTS / 2..MAX_POINTS).contains(&points.len()), "{}", points.len());
        assert!(points.iter().all(|(x, y)| (y - 2.0 * x).abs() < 1e-6));
        assert!(points.is_sorted_by(|a, b| a.0 < b.0));
        assert!(points[0].0 < 200.0 && points[points.len() - 1].0 > 99_000.0);
    }
}
