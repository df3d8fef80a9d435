//! The weights that training starts from.

use ddsp_core::model::{ModelConfig, Weights};
use ddsp_core::noise::uniform;

/// Weights as Keras and Magenta initialise them: kernels uniform by Glorot and Bengio 2010, recurrent kernels orthogonal, biases
/// zero, scales one; reverbs all but silent. The same seed gives the same weights.
pub fn initial_weights(config: &ModelConfig, seed: u64) -> Weights {
    let mut weights = Weights::default();
    for (i, (name, shape)) in config.weight_shapes().into_iter().enumerate() {
        let mut draws = Draws { seed: seed.wrapping_add((i as u64) << 32), index: 0 };
        let n: usize = shape.iter().product();
        let values = match name.rsplit('/').next().unwrap_or_default() {
            "kernel" => {
                let limit = (6.0 / (shape[0] + shape[1]) as f64).sqrt();
                (0..n).map(|_| limit * draws.uniform()).collect()
            }
            "recurrent_kernel" => orthogonal(shape[0], shape[1], &mut draws),
            "gamma" | "scale" => vec![1.0; n],
            "ir" => (0..n).map(|_| 1e-6 * draws.normal()).collect(),
            "magnitudes" => (0..n).map(|_| 1e-2 * draws.normal()).collect(),
            "gain" => vec![2.0; n],
            "decay" => vec![4.0; n],
            _ => vec![0.0; n],
        };
        weights.insert(name, shape, values.into_iter().map(|x: f64| x as f32).collect());
    }
    weights
}

struct Draws {
    seed: u64,
    index: u64,
}

impl Draws {
    /// In [-1, 1).
    fn uniform(&mut self) -> f64 {
        self.index += 1;
        f64::from(uniform(self.seed, self.index))
    }

    /// Of mean 0 and deviation 1, by Box and Muller 1958.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (0.5 - 0.5 * self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::PI * self.uniform()).cos()
    }
}

/// Rows of length one that are at right angles to each other, by Gram and Schmidt.
fn orthogonal(n_rows: usize, n_columns: usize, draws: &mut Draws) -> Vec<f64> {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(n_rows);
    for _ in 0..n_rows {
        let mut row: Vec<f64> = (0..n_columns).map(|_| draws.normal()).collect();
        // Twice, so that rounding does not add up.
        for _ in 0..2 {
            for other in &rows {
                let dot: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
                row.iter_mut().zip(other).for_each(|(a, b)| *a -= dot * b);
            }
        }
        let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        row.iter_mut().for_each(|x| *x /= length);
        rows.push(row);
    }
    rows.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_at_right_angles() {
        let matrix = orthogonal(8, 24, &mut Draws { seed: 1, index: 0 });
        for (i, a) in matrix.chunks_exact(24).enumerate() {
            for (j, b) in matrix.chunks_exact(24).enumerate() {
                let dot: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn draws_have_the_deviation_that_they_say() {
        let mut draws = Draws { seed: 2, index: 0 };
        let n = 20_000;
        let square: f64 = (0..n).map(|_| draws.normal().powi(2)).sum();
        assert!((square / f64::from(n) - 1.0).abs() < 0.05);
    }
}
