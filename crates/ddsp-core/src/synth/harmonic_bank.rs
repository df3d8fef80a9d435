//! The sum over the harmonics of a few samples, by the addition theorems.

use crate::real::Real;
use crate::simd::Kernel;

/// Samples that one pass over the harmonics renders: their state stays in registers.
pub(super) const LANES: usize = 32;

/// The motion of the fundamental through a hop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glide {
    pub(super) sample_rate: f64,
    /// Where the last hop ended, in cycles.
    pub(super) phase: f64,
    pub(super) present_hz: f64,
    /// From one sample to the next.
    pub(super) slope_hz: f64,
}

impl Glide {
    /// The phase in cycles after `n` samples, in [0, 1): the sum of `n` frequencies in arithmetic
    /// progression, in closed form.
    #[inline(always)]
    pub(super) fn phase_at(&self, n: f64) -> f64 {
        let sum_hz = n * (self.present_hz + 0.5 * (n - 1.0) * self.slope_hz);
        let cycles = self.phase + sum_hz / self.sample_rate;
        cycles - cycles.floor()
    }
}

/// A few consecutive samples; what stands past the end of a hop is never read.
struct Lanes<R: Real> {
    /// The phase of the fundamental.
    fundamental: [R::Phase; LANES],
    /// The weight of the next frame.
    fraction: [R; LANES],
    /// Nyquist over f0: harmonic k sounds while k is below this.
    limit: [R; LANES],
}

impl<R: Real> Lanes<R> {
    /// The samples from `first` on of a hop.
    #[inline(always)]
    fn new(glide: &Glide, first: usize, fractions: &[R]) -> Self {
        let mut phase = [0.0; LANES];
        let mut lanes = Self {
            fundamental: [R::Phase::default(); LANES],
            fraction: [R::default(); LANES],
            limit: [R::default(); LANES],
        };
        let nyquist_hz = 0.5 * glide.sample_rate;
        for n in 0..LANES {
            let t = (first + n) as f64;
            phase[n] = glide.phase_at(t + 1.0);
            lanes.limit[n] = R::narrow(nyquist_hz / (glide.present_hz + t * glide.slope_hz));
        }
        for n in 0..LANES {
            lanes.fundamental[n] = R::phase(phase[n]);
        }
        lanes.fraction[..fractions.len()].copy_from_slice(fractions);
        lanes
    }
}

/// Harmonics that are summed before they are turned to their place.
const GROUP: usize = 16;

/// The sum over the harmonics, whose amplitudes move from `present` to `next`.
///
/// With `p` the phase of the fundamental in radians, harmonics `g + 1` to `g + 16` add up to
/// `sin(g p) sum_j a_j cos(j p) + cos(g p) sum_j a_j sin(j p)`: the sines and cosines of `j p` serve
/// every group, and those of `g p` are computed anew, so that errors do not grow with the harmonic.
pub(super) struct SumHarmonics<'a, R: Real> {
    pub(super) glide: Glide,
    /// The place of the first sample in its hop.
    pub(super) first: usize,
    pub(super) fractions: &'a [R],
    pub(super) present: &'a [R],
    pub(super) next: &'a [R],
    pub(super) signal: &'a mut [R],
}

impl<R: Real> Kernel for SumHarmonics<'_, R> {
    #[inline(always)]
    fn run(self) {
        let Self { glide, first, fractions, present, next, signal } = self;
        let lanes = Lanes::new(&glide, first, fractions);
        let heard = &lanes.limit[..signal.len()];
        let least = heard.iter().fold(heard[0], |a, &b| a.min(b));
        let most = heard.iter().fold(heard[0], |a, &b| a.max(b));

        let turns = Turns::new(&lanes.fundamental, present.len().min(GROUP));
        let quarter = R::phase(0.25);
        let mut step = lanes.fundamental;
        for phase in &mut step {
            for _ in 0..GROUP.ilog2() {
                *phase = R::phase_add(*phase, *phase);
            }
        }
        let mut base = [R::Phase::default(); LANES];
        let mut sum = [R::default(); LANES];
        for (g, (present, next)) in present.chunks(GROUP).zip(next.chunks(GROUP)).enumerate() {
            let below = R::narrow((g * GROUP) as f64);
            if below + R::narrow(1.0) >= most {
                break;
            }
            let last = below + R::narrow(present.len() as f64);
            let (sines, cosines) = if last < least {
                turns.weigh::<false>(&lanes, below, present, next)
            } else {
                turns.weigh::<true>(&lanes, below, present, next)
            };
            for n in 0..LANES {
                let (sine, cosine) = (R::sin(base[n]), R::sin(R::phase_add(base[n], quarter)));
                sum[n] = sine.fused(cosines[n], cosine.fused(sines[n], sum[n]));
                base[n] = R::phase_add(base[n], step[n]);
            }
        }
        signal.copy_from_slice(&sum[..signal.len()]);
    }
}

/// Sine and cosine of the first multiples of the phases of the fundamental.
struct Turns<R> {
    sines: [[R; LANES]; GROUP],
    cosines: [[R; LANES]; GROUP],
}

impl<R: Real> Turns<R> {
    #[inline(always)]
    fn new(fundamental: &[R::Phase; LANES], n_multiples: usize) -> Self {
        let mut turns =
            Self { sines: [[R::default(); LANES]; GROUP], cosines: [[R::default(); LANES]; GROUP] };
        let quarter = R::phase(0.25);
        let mut phase = *fundamental;
        // Powers of two are computed from their phases, the others as sums of two angles.
        for j in 1..=n_multiples {
            let high = 1 << j.ilog2();
            if j == high {
                for n in 0..LANES {
                    turns.sines[j - 1][n] = R::sin(phase[n]);
                    turns.cosines[j - 1][n] = R::sin(R::phase_add(phase[n], quarter));
                    phase[n] = R::phase_add(phase[n], phase[n]);
                }
                continue;
            }
            let (a_sin, a_cos) = (turns.sines[high - 1], turns.cosines[high - 1]);
            let (b_sin, b_cos) = (turns.sines[j - high - 1], turns.cosines[j - high - 1]);
            for n in 0..LANES {
                turns.sines[j - 1][n] = a_sin[n].fused(b_cos[n], a_cos[n] * b_sin[n]);
                turns.cosines[j - 1][n] = a_cos[n].fused(b_cos[n], -(a_sin[n] * b_sin[n]));
            }
        }
        turns
    }

    /// The sums of the multiples' sines and of their cosines, weighted with amplitudes that move from
    /// `present` to `next`; multiple j is harmonic `below + j`, silent where it `CAN_ALIAS` and would.
    #[inline(always)]
    fn weigh<const CAN_ALIAS: bool>(
        &self,
        lanes: &Lanes<R>,
        below: R,
        present: &[R],
        next: &[R],
    ) -> ([R; LANES], [R; LANES]) {
        let mut sines = [R::default(); LANES];
        let mut cosines = [R::default(); LANES];
        let mut k = below;
        let turns = self.sines.iter().zip(&self.cosines);
        for ((&present, &next), (sine, cosine)) in present.iter().zip(next).zip(turns) {
            k += R::narrow(1.0);
            let step = next - present;
            for n in 0..LANES {
                let amplitude = lanes.fraction[n].fused(step, present);
                let silent = CAN_ALIAS && k >= lanes.limit[n];
                let amplitude = if silent { R::default() } else { amplitude };
                sines[n] = amplitude.fused(sine[n], sines[n]);
                cosines[n] = amplitude.fused(cosine[n], cosines[n]);
            }
        }
        (sines, cosines)
    }
}
