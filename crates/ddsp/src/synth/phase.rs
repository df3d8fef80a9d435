//! Phase without a sum over samples.

use burn::tensor::Tensor;

use crate::tensor::{indices, pad, table};

/// Where the samples of a clip lie between its frames: sample n at `n n_frames / n_samples`.
pub(crate) struct Grid {
    n_samples: usize,
    frames: Vec<usize>,
    /// How far each sample is on its way to the next frame.
    fractions: Vec<f64>,
}

impl Grid {
    pub(crate) fn new(n_frames: usize, n_samples: usize) -> Self {
        let position = |n: usize| n as u128 * n_frames as u128;
        let whole = |n: usize| (position(n) / n_samples as u128) as usize;
        let rest = |n: usize| (position(n) % n_samples as u128) as f64 / n_samples as f64;
        Self {
            n_samples,
            frames: (0..n_samples).map(whole).collect(),
            fractions: (0..n_samples).map(rest).collect(),
        }
    }

    /// Each frame's value at all of its samples.
    fn spread(&self, x: Tensor<3>) -> Tensor<3> {
        let [n_batch, n_frames, n_channels] = x.dims();
        if self.n_samples.is_multiple_of(n_frames) {
            let shape = [n_batch, n_frames, self.n_samples / n_frames, n_channels];
            let x: Tensor<4> = x.unsqueeze_dim::<4>(2).expand(shape);
            return x.reshape([n_batch, self.n_samples, n_channels]);
        }
        let device = x.device();
        x.select(1, indices(self.frames.iter().copied(), &device))
    }

    fn samples(&self, values: Vec<f64>, like: &Tensor<3>) -> Tensor<3> {
        table(values, [1, self.n_samples, 1], (&like.device(), like.dtype()))
    }

    /// Along straight lines from frame to frame; the last is held.
    pub(crate) fn glide(&self, x: Tensor<3>) -> Tensor<3> {
        let t = self.samples(self.fractions.clone(), &x);
        let rise = next(x.clone()) - x.clone();
        self.spread(x) + self.spread(rise) * t
    }

    /// The phase at each sample in cycles, within [0, 1): the sum of what the frequencies that
    /// [`glide`](Self::glide) have covered, this sample's included.
    ///
    /// Inside a frame that sum is a quadratic in closed form; the sums of whole frames are added by doubling steps, each wrapped, so
    /// that f32 loses a few parts in 10^7 of a cycle however long the clip is. The wrap has a gradient of 1.
    ///
    /// *Shapes*: `frequencies_hz` `[batch, n_frames, n_channels]`; returns `[batch, n_samples, n_channels]`.
    pub(crate) fn cycles(&self, frequencies_hz: Tensor<3>, sample_rate: u32) -> Tensor<3> {
        let n_frames = frequencies_hz.dims()[1];
        let rate = f64::from(sample_rate);
        // With `c` samples so far in the frame, whose fractions add up to `s`, the phase has grown by (c f + s rise) / rate.
        let (mut counts, mut sums) = (vec![0.0; self.n_samples], vec![0.0; self.n_samples]);
        let (mut whole_counts, mut whole_sums) = (vec![0.0; n_frames], vec![0.0; n_frames]);
        for (n, (&frame, &fraction)) in self.frames.iter().zip(&self.fractions).enumerate() {
            whole_counts[frame] += 1.0 / rate;
            whole_sums[frame] += fraction / rate;
            counts[n] = whole_counts[frame];
            sums[n] = whole_sums[frame];
        }
        let like = (&frequencies_hz.device(), frequencies_hz.dtype());
        let of_frame = |values: Vec<f64>| table(values, [1, n_frames, 1], like);
        let f = frequencies_hz.clone();
        let rise = next(f.clone()) - f.clone();
        let whole = f.clone() * of_frame(whole_counts) + rise.clone() * of_frame(whole_sums);
        let start = self.spread(sum_before(whole));
        let inside = self.spread(f) * self.samples(counts, &frequencies_hz)
            + self.spread(rise) * self.samples(sums, &frequencies_hz);
        wrap(start + inside)
    }
}

/// Each frame's successor; the last is its own.
fn next(x: Tensor<3>) -> Tensor<3> {
    let last = x.dims()[1] - 1;
    Tensor::cat(vec![x.clone().narrow(1, 1, last), x.narrow(1, last, 1)], 1)
}

/// Takes whole cycles away; the gradient passes.
pub(crate) fn wrap(cycles: Tensor<3>) -> Tensor<3> {
    let whole = cycles.clone().detach().floor();
    cycles - whole
}

/// The wrapped sum of all frames before each.
fn sum_before(x: Tensor<3>) -> Tensor<3> {
    let n_frames = x.dims()[1];
    let mut sum = pad(wrap(x).narrow(1, 0, n_frames - 1), 1, (1, 0));
    let mut shift = 1;
    while shift < n_frames {
        let earlier = sum.clone().narrow(1, 0, n_frames - shift);
        sum = wrap(sum + pad(earlier, 1, (shift, 0)));
        shift *= 2;
    }
    sum
}
