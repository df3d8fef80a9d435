//! Reverberation by convolution with an impulse response, fixed or learned.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::fft::{Complex, RealFft};
use crate::real::Real;
use crate::simd::{Isa, Kernel};

/// Sizes and choices of a [`Reverb`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReverbConfig {
    /// Length of the impulse response, the weight `reverb/ir`.
    pub ir_size: usize,
    /// Whether the dry signal is part of the result.
    pub add_dry: bool,
}

/// Samples of a partition. The first partition is convolved directly, so nothing is delayed.
const PARTITION: usize = 512;

/// A streaming convolution reverb without latency.
///
/// The first partition of the impulse response is convolved in time, the others by overlap-save in
/// frequency, where each finished partition of input meets each later partition of the response.
///
/// *Reference*: Magenta's `effects.Reverb`: the first tap is masked, the dry signal added. Gardner
/// 1995, "Efficient convolution without input-output delay", with equal partitions.
#[derive(Debug)]
pub struct Reverb<R: Real> {
    isa: Isa,
    add_dry: bool,
    /// The first partition of the response, reversed.
    head: Vec<R>,
    fft: RealFft<R>,
    /// The spectra of the later partitions, real parts and imaginary parts apart.
    response: Vec<Spectrum<R>>,
    /// The spectra of the last inputs, a ring; `newest` is the place of the latest.
    inputs: Vec<Spectrum<R>>,
    newest: usize,
    /// The last `2 × PARTITION` samples, the older half first.
    history: Vec<R>,
    /// How much of the newer half of `history` is filled.
    filled: usize,
    /// What the later partitions add to the present partition of output.
    tail: Vec<R>,
    time: Vec<R>,
    bins: Vec<Complex<R>>,
    sum: Spectrum<R>,
}

#[derive(Debug, Clone)]
struct Spectrum<R> {
    re: Vec<R>,
    im: Vec<R>,
}

impl<R: Real> Spectrum<R> {
    fn zero(n_bins: usize) -> Self {
        Self { re: vec![R::default(); n_bins], im: vec![R::default(); n_bins] }
    }

    fn set(&mut self, bins: &[Complex<R>]) {
        for ((re, im), bin) in self.re.iter_mut().zip(&mut self.im).zip(bins) {
            (*re, *im) = (bin.re, bin.im);
        }
    }
}

struct AddProduct<'a, R> {
    sum: &'a mut Spectrum<R>,
    a: &'a Spectrum<R>,
    b: &'a Spectrum<R>,
}

impl<R: Real> Kernel for AddProduct<'_, R> {
    #[inline(always)]
    fn run(self) {
        let Self { sum, a, b } = self;
        let n = sum.re.len();
        let (re, im) = (&mut sum.re[..n], &mut sum.im[..n]);
        let (a_re, a_im, b_re, b_im) = (&a.re[..n], &a.im[..n], &b.re[..n], &b.im[..n]);
        for i in 0..n {
            re[i] = a_re[i].fused(b_re[i], (-a_im[i]).fused(b_im[i], re[i]));
            im[i] = a_re[i].fused(b_im[i], a_im[i].fused(b_re[i], im[i]));
        }
    }
}

impl<R: Real> Reverb<R> {
    /// Prepares a reverb with the impulse response `ir`; its first sample is taken as zero.
    ///
    /// *Errors*: `ir` has another length than `config` says, or none.
    pub fn new(config: &ReverbConfig, ir: &[R]) -> Result<Self, Error> {
        if ir.is_empty() || ir.len() != config.ir_size {
            let detail =
                format!("expected {} samples (1 or more), found {}", config.ir_size, ir.len());
            return Err(Error::config("reverb.ir_size", detail));
        }
        let mut fft = RealFft::new(2 * PARTITION);
        let n_bins = fft.n_bins();
        let mut time = vec![R::default(); 2 * PARTITION];
        let mut bins = vec![Complex { re: R::default(), im: R::default() }; n_bins];
        let scale = R::narrow(1.0 / (2 * PARTITION) as f64);
        let mut head = vec![R::default(); PARTITION];
        let mut response = Vec::new();
        for (i, part) in ir.chunks(PARTITION).enumerate() {
            if i == 0 {
                for (place, &x) in head.iter_mut().rev().zip(part).skip(1) {
                    *place = x;
                }
                continue;
            }
            time.fill(R::default());
            for (place, &x) in time.iter_mut().zip(part) {
                *place = x * scale;
            }
            fft.forward(&mut time, &mut bins);
            let mut spectrum = Spectrum::zero(n_bins);
            spectrum.set(&bins);
            response.push(spectrum);
        }
        Ok(Self {
            isa: Isa::detect(),
            add_dry: config.add_dry,
            head,
            inputs: vec![Spectrum::zero(n_bins); response.len()],
            response,
            fft,
            newest: 0,
            history: vec![R::default(); 2 * PARTITION],
            filled: 0,
            tail: vec![R::default(); PARTITION],
            time,
            bins,
            sum: Spectrum::zero(n_bins),
        })
    }

    /// The reverb delays nothing.
    pub fn latency_samples(&self) -> usize {
        0
    }

    /// How long the reverb sounds after its input has ended.
    pub fn tail_samples(&self) -> usize {
        (self.response.len() + 1) * PARTITION
    }

    /// Silence. *Real time*: does not allocate; the cost is proportional to the impulse response.
    pub fn reset(&mut self) {
        for input in &mut self.inputs {
            input.re.fill(R::default());
            input.im.fill(R::default());
        }
        self.history.fill(R::default());
        self.tail.fill(R::default());
        self.filled = 0;
    }

    /// Reverberates `signal` in place.
    ///
    /// *Real time*: does not allocate. The cost is bounded by the length of `signal` rounded up to
    /// whole partitions.
    pub fn process(&mut self, mut signal: &mut [R]) {
        while !signal.is_empty() {
            let n = signal.len().min(PARTITION - self.filled);
            let (now, later) = signal.split_at_mut(n);
            signal = later;
            let start = PARTITION + self.filled;
            self.history[start..start + n].copy_from_slice(now);
            self.isa.run(AddHead {
                signal: now,
                head: &self.head,
                history: &self.history[self.filled + 1..start + n],
                tail: &self.tail[self.filled..],
                add_dry: self.add_dry,
            });
            self.filled += n;
            if self.filled == PARTITION {
                self.finish_partition();
            }
        }
    }

    /// Transforms the finished partition of input and computes the tail of the next one.
    fn finish_partition(&mut self) {
        self.filled = 0;
        if !self.response.is_empty() {
            self.time.copy_from_slice(&self.history);
            self.fft.forward(&mut self.time, &mut self.bins);
            self.newest = (self.newest + self.inputs.len() - 1) % self.inputs.len();
            self.inputs[self.newest].set(&self.bins);
            let Self { isa, sum, inputs, response, newest, .. } = self;
            sum.re.fill(R::default());
            sum.im.fill(R::default());
            let (later, sooner) = inputs.split_at(*newest);
            for (input, response) in sooner.iter().chain(later).zip(response.iter()) {
                isa.run(AddProduct { sum, a: input, b: response });
            }
            for ((bin, &re), &im) in self.bins.iter_mut().zip(&self.sum.re).zip(&self.sum.im) {
                *bin = Complex { re, im };
            }
            self.fft.inverse_unnormalised(&mut self.bins, &mut self.time);
            self.tail.copy_from_slice(&self.time[PARTITION..]);
        }
        self.history.copy_within(PARTITION.., 0);
    }
}

/// Replaces `signal` by what is heard of it: the first partition of the response meets `history`, which
/// ends with `signal` and begins a partition less one sample before it.
struct AddHead<'a, R> {
    signal: &'a mut [R],
    head: &'a [R],
    history: &'a [R],
    tail: &'a [R],
    add_dry: bool,
}

impl<R: Real> Kernel for AddHead<'_, R> {
    #[inline(always)]
    fn run(self) {
        let histories = self.history.windows(self.head.len());
        for ((y, history), &tail) in self.signal.iter_mut().zip(histories).zip(self.tail) {
            let wet = dot(self.head, history) + tail;
            *y = if self.add_dry { *y + wet } else { wet };
        }
    }
}

/// A dot product in 32 interleaved partial sums: an order that vectorises and is fixed.
#[inline(always)]
fn dot<R: Real>(a: &[R], b: &[R]) -> R {
    let mut partial = [R::default(); 32];
    for (a, b) in a.chunks_exact(32).zip(b.chunks_exact(32)) {
        for i in 0..32 {
            partial[i] = a[i].fused(b[i], partial[i]);
        }
    }
    for half in [16, 8, 4, 2, 1] {
        for i in 0..half {
            let other = partial[i + half];
            partial[i] += other;
        }
    }
    partial[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::uniform;

    fn noise(seed: u64, n: usize) -> Vec<f64> {
        (0..n as u64).map(|i| f64::from(uniform(seed, i))).collect()
    }

    #[test]
    fn it_is_the_convolution_for_any_length_of_response() {
        let x = noise(1, 3000);
        for ir_size in [1, 2, 511, 512, 513, 1024, 1700] {
            let ir = noise(2, ir_size);
            let config = ReverbConfig { ir_size, add_dry: true };
            let mut y = x.clone();
            Reverb::new(&config, &ir).unwrap().process(&mut y);
            for n in (0..3000).step_by(37) {
                let wet: f64 = (1..ir_size.min(n + 1)).map(|k| ir[k] * x[n - k]).sum();
                assert!((y[n] - x[n] - wet).abs() < 1e-10, "ir_size {ir_size}, sample {n}");
            }
        }
    }

    #[test]
    fn an_impulse_without_dry_is_the_response_without_its_first_tap() {
        let ir = noise(3, 1300);
        let config = ReverbConfig { ir_size: 1300, add_dry: false };
        let mut reverb = Reverb::new(&config, &ir).unwrap();
        let mut y = vec![0.0; 1400];
        y[0] = 1.0;
        reverb.process(&mut y);
        assert!(y[0].abs() < 1e-12);
        assert!((1..1300).all(|n| (y[n] - ir[n]).abs() < 1e-12));
        assert!(y[1300..].iter().all(|y| y.abs() < 1e-12));
    }
}
