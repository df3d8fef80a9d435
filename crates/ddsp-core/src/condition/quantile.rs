//! Quantiles: one distribution given to the values of another.

use crate::real::Real;

/// How many quantiles a distribution is described by, unless it has fewer values.
pub const N_QUANTILES: usize = 1000;

/// A distribution: the values that equally spaced shares of it, from 0 to 1, do not exceed.
///
/// *Reference*: scikit-learn's `QuantileTransformer` for one feature, with a uniform output, as Magenta uses it. All
/// values are used, where it takes 100,000 at random of more.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantileTransform {
    quantiles: Vec<f64>,
}

impl QuantileTransform {
    /// The distribution of `values`, by `n_quantiles` or as many as there are values.
    ///
    /// *Panics*: there is no value, or no quantile.
    pub fn fit<R: Real>(values: &[R], n_quantiles: usize) -> Self {
        let mut sorted: Vec<f64> = values.iter().map(|x| x.widen()).collect();
        sorted.sort_by(f64::total_cmp);
        let n = n_quantiles.min(sorted.len());
        let quantile = |i: usize| {
            let position = share(i, n) * (sorted.len() - 1) as f64;
            let (below, above) = (sorted[position as usize], sorted[position.ceil() as usize]);
            below + (above - below) * position.fract()
        };
        Self::from_quantiles((0..n).map(quantile).collect())
    }

    /// A distribution of these quantiles, which never fall.
    ///
    /// *Panics*: there is none.
    pub fn from_quantiles(quantiles: Vec<f64>) -> Self {
        assert!(!quantiles.is_empty(), "a distribution has values");
        Self { quantiles }
    }

    /// The quantiles.
    pub fn quantiles(&self) -> &[f64] {
        &self.quantiles
    }

    /// The share of the distribution that `x` stands at, 0 up to its least value and 1 from its largest. Where several
    /// quantiles are equal, the middle of their shares.
    pub fn transform(&self, x: f64) -> f64 {
        match self.quantiles[..] {
            [least, ..] if x <= least => 0.0,
            [.., largest] if x >= largest => 1.0,
            _ => self.share_of(x),
        }
    }

    /// [`transform`](Self::transform) without its ends: there, too, equal quantiles give the middle of their shares.
    fn share_of(&self, x: f64) -> f64 {
        let (q, n) = (&self.quantiles, self.quantiles.len());
        let (from, above) = (q.partition_point(|q| *q < x), q.partition_point(|q| *q <= x));
        match (from, above) {
            (_, 0) => 0.0,
            (from, _) if from == n => 1.0,
            (from, above) if from < above => 0.5 * (share(from, n) + share(above - 1, n)),
            (_, above) => {
                let (below, over) = (q[above - 1], q[above]);
                let (low, high) = (share(above - 1, n), share(above, n));
                low + (high - low) * (x - below) / (over - below)
            }
        }
    }

    /// [`transform`](Self::transform), as a value of another distribution.
    pub fn transform_to(&self, x: f64, output: OutputDistribution) -> f64 {
        match output {
            OutputDistribution::Uniform => self.transform(x),
            OutputDistribution::Normal => {
                // The ends would be infinite.
                let most = normal_value(1.0 - BOUND);
                normal_value(self.share_of(x)).clamp(-most, most)
            }
        }
    }

    /// [`inverse`](Self::inverse) of a value of another distribution.
    pub fn inverse_from(&self, value: f64, output: OutputDistribution) -> f64 {
        self.inverse(match output {
            OutputDistribution::Uniform => value,
            OutputDistribution::Normal => match normal_share(value) {
                share if share < BOUND => 0.0,
                share if share > 1.0 - BOUND => 1.0,
                share => share,
            },
        })
    }

    /// The value that stands at `share` of the distribution, 0 to 1.
    pub fn inverse(&self, share: f64) -> f64 {
        let last = self.quantiles.len() - 1;
        let position = (share * last as f64).clamp(0.0, last as f64);
        let (below, above) =
            (self.quantiles[position as usize], self.quantiles[position.ceil() as usize]);
        below + (above - below) * position.fract()
    }
}

/// What values are transformed to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OutputDistribution {
    /// Their share, 0 to 1.
    #[default]
    Uniform,
    /// The value of the standard normal distribution at this share, within ±5.2.
    Normal,
}

/// As near to the ends of a distribution as shares are told from them; scikit-learn's `BOUNDS_THRESHOLD`.
const BOUND: f64 = 1e-7;

/// The share of the standard normal distribution below `x`.
fn normal_share(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// The value that stands at `share` of the standard normal distribution, by bisection within ±40.
fn normal_value(share: f64) -> f64 {
    let (mut low, mut high) = (-40.0_f64, 40.0_f64);
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        *(if normal_share(middle) < share { &mut low } else { &mut high }) = middle;
    }
    0.5 * (low + high)
}

/// The share of the distribution at quantile `i` of `n`.
fn share(i: usize, n: usize) -> f64 {
    i as f64 / (n - 1).max(1) as f64
}

/// Gives the values of the frames in `mask_on` the distribution of `target`, or their own if there is none, and leaves
/// the others; returns the distribution that they had, too. Without a frame in the mask all values are its distribution
/// and none is changed.
///
/// *Shapes*: `loudness_db` and `mask_on` `[n_frames]`, at least one.
///
/// *Reference*: Magenta `postprocessing.fit_quantile_transform`.
pub fn fit_quantile_transform<R: Real>(
    loudness_db: &[R],
    mask_on: &[bool],
    target: Option<&QuantileTransform>,
) -> (QuantileTransform, Vec<R>) {
    let on = loudness_db.iter().zip(mask_on).filter(|(_, on)| **on);
    let on: Vec<R> = on.map(|(db, _)| *db).collect();
    let own = QuantileTransform::fit(if on.is_empty() { loudness_db } else { &on }, N_QUANTILES);
    let target = target.unwrap_or(&own);
    let fitted = loudness_db.iter().zip(mask_on).map(|(&db, &on)| {
        if on { R::narrow(target.inverse(own.transform(db.widen()))) } else { db }
    });
    let fitted = fitted.collect();
    (own, fitted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_repeated_values_share_theirs() {
        let q = QuantileTransform::fit(&[1.0, 2.0, 3.0, 4.0, 5.0], 1000);
        assert_eq!((q.transform(3.0), q.inverse(0.5)), (0.5, 3.0));
        assert_eq!((q.transform(-9.0), q.transform(9.0)), (0.0, 1.0));
        assert_eq!(q.transform(2.5), 0.375);
        let q = QuantileTransform::from_quantiles(vec![0.0, 1.0, 1.0, 1.0, 2.0]);
        assert_eq!(q.transform(1.0), 0.5);
        let one = QuantileTransform::fit(&[7.0], 1000);
        assert_eq!((one.inverse(0.0), one.inverse(1.0)), (7.0, 7.0));
    }

    #[test]
    fn notes_take_the_distribution_of_the_target_and_gaps_stay() {
        let target = QuantileTransform::from_quantiles(vec![-10.0, 0.0]);
        let (own, fitted) = fit_quantile_transform(
            &[-40.0, -99.0, -30.0, -20.0],
            &[true, false, true, true],
            Some(&target),
        );
        assert_eq!(fitted, [-10.0, -99.0, -5.0, 0.0]);
        assert_eq!(own.quantiles(), [-40.0, -30.0, -20.0]);
    }
}
