//! The size of each step.

use crate::train::{OptimizerConfig, Schedule};

/// The learning rate of step `step`, counted from 0, of `n_steps`: rising over the warm-up, then by the schedule.
///
/// *Reference*: Loshchilov and Hutter 2017 (cosine); Magenta's `Trainer` (exponential, continuous).
pub fn learning_rate(config: &OptimizerConfig, step: u64, n_steps: u64) -> f64 {
    let OptimizerConfig { learning_rate, warmup_steps, decay_rate, decay_steps, .. } = *config;
    if step < warmup_steps {
        return learning_rate * (step + 1) as f64 / (warmup_steps + 1) as f64;
    }
    match config.schedule {
        Schedule::Constant => learning_rate,
        Schedule::Exponential => learning_rate * decay_rate.powf(step as f64 / decay_steps),
        Schedule::Cosine => {
            let n = n_steps.saturating_sub(warmup_steps).max(1) as f64;
            let done = ((step - warmup_steps) as f64 / n).min(1.0);
            learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Preset;

    #[test]
    fn it_rises_falls_and_ends_near_nothing() {
        let config = Preset::Instrument.config(16_000, 250).optimizer;
        let rates: Vec<f64> = (0..500).map(|i| learning_rate(&config, i, 500)).collect();
        let peak = config.warmup_steps as usize;
        assert!(rates[..=peak].windows(2).all(|w| w[0] < w[1]));
        assert!(rates[peak..].windows(2).all(|w| w[0] > w[1]));
        assert_eq!(rates[peak], config.learning_rate);
        assert!(rates[499] < 1e-4 * config.learning_rate);
    }

    #[test]
    fn magentas_falls_by_two_percent_in_ten_thousand_steps() {
        let config = Preset::Solo.config(16_000, 250).optimizer;
        assert_eq!(learning_rate(&config, 0, 1), 3e-4);
        assert!((learning_rate(&config, 10_000, 1) - 2.94e-4).abs() < 1e-12);
    }
}
