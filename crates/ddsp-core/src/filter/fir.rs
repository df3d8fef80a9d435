//! A stream through taps that change from frame to frame.

use crate::error::Error;
use crate::real::Real;
use crate::simd::{Isa, Kernel};

/// A streaming filter with finite impulse responses, one for each hop of input.
///
/// Each hop is convolved in time with its own taps; the results overlap and add.
///
/// *Reference*: the sum that Magenta's `core.fft_convolve` takes by transforms.
#[derive(Debug, Clone)]
pub struct FirFilter<R> {
    isa: Isa,
    n_taps: usize,
    hop_size: usize,
    /// What the input so far still adds to the samples to come: a hop and the response's tail.
    overlap: Vec<R>,
}

impl<R: Real> FirFilter<R> {
    /// Allocates a filter of `n_taps` taps, with `hop_size` samples a frame.
    ///
    /// *Errors*: one of them is 0.
    pub fn new(n_taps: usize, hop_size: usize) -> Result<Self, Error> {
        if n_taps == 0 || hop_size == 0 {
            let detail = format!("expected taps and samples, found {n_taps} and {hop_size}");
            return Err(Error::config("fir_filter", detail));
        }
        let overlap = vec![R::default(); hop_size + n_taps - 1];
        Ok(Self { isa: Isa::detect(), n_taps, hop_size, overlap })
    }

    /// Runs on another instruction set than the machine's best: for tests and benchmarks.
    pub fn with_isa(mut self, isa: Isa) -> Self {
        self.isa = isa;
        self
    }

    /// The length of a response.
    pub fn n_taps(&self) -> usize {
        self.n_taps
    }

    /// Silence. *Real time*: does not allocate.
    pub fn reset(&mut self) {
        self.overlap.fill(R::default());
    }

    /// Filters the next frames.
    ///
    /// *Shapes*: `taps` `n_frames × n_taps`; `input` and `output` `n_frames × hop_size`.
    ///
    /// *Real time*: does not allocate; the cost is proportional to the number of frames.
    pub fn process(&mut self, taps: &[R], input: &[R], output: &mut [R]) {
        debug_assert_eq!(input.len(), output.len());
        let hops = input.chunks_exact(self.hop_size).zip(output.chunks_exact_mut(self.hop_size));
        for ((input, output), taps) in hops.zip(taps.chunks_exact(self.n_taps)) {
            let overlap = &mut self.overlap[..];
            self.isa.run(OverlapAdd { taps, input, overlap });
            self.finish(output);
        }
    }

    /// What comes after the last frame, into `output` of at most `hop_size` samples at a time.
    ///
    /// *Real time*: does not allocate.
    pub fn finish(&mut self, output: &mut [R]) {
        let n = output.len();
        output.copy_from_slice(&self.overlap[..n]);
        self.overlap.copy_within(n.., 0);
        let left = self.overlap.len() - n;
        self.overlap[left..].fill(R::default());
    }
}

/// Adds the convolution of `input` with `taps` to `overlap`.
struct OverlapAdd<'a, R> {
    taps: &'a [R],
    input: &'a [R],
    overlap: &'a mut [R],
}

impl<R: Real> Kernel for OverlapAdd<'_, R> {
    #[inline(always)]
    fn run(self) {
        for (j, &tap) in self.taps.iter().enumerate() {
            let overlap = &mut self.overlap[j..j + self.input.len()];
            for (y, &x) in overlap.iter_mut().zip(self.input) {
                *y = tap.fused(x, *y);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{DelayCompensation, Padding, fft_convolve};
    use crate::noise::uniform;

    fn noise(seed: u64, n: usize) -> Vec<f64> {
        (0..n as u64).map(|i| f64::from(uniform(seed, i))).collect()
    }

    #[test]
    fn the_stream_is_the_convolution_of_the_clip() {
        for (n_frames, hop, n_taps) in [(1, 5, 1), (6, 10, 37), (9, 64, 33)] {
            let (taps, input) = (noise(1, n_frames * n_taps), noise(2, n_frames * hop));
            let mut filter = FirFilter::new(n_taps, hop).unwrap();
            let mut output = vec![0.0; input.len()];
            filter.process(&taps, &input, &mut output);
            let (padding, delay) = (Padding::Same, DelayCompensation::Samples(0));
            let whole = fft_convolve(&input, &taps, n_frames, padding, delay).unwrap();
            assert!(output.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }

    #[test]
    fn the_tail_is_what_the_last_frames_still_send() {
        let mut filter = FirFilter::new(4, 2).unwrap();
        let mut output = [0.0; 2];
        filter.process(&[1.0, 2.0, 3.0, 4.0], &[0.0, 1.0], &mut output);
        assert_eq!(output, [0.0, 1.0]);
        filter.finish(&mut output);
        assert_eq!(output, [2.0, 3.0]);
        filter.finish(&mut output);
        assert_eq!(output, [4.0, 0.0]);
        assert!(FirFilter::<f32>::new(0, 2).is_err());
    }
}
