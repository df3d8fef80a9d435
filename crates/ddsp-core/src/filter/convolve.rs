//! Convolution of a clip with frames of impulse responses.

use crate::error::Error;
use crate::fft::{Complex, RealFft};
use crate::real::Real;

/// How much of a convolution is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// As much as there was audio.
    Same,
    /// The tail of the response too: `audio_size + ir_size - 1` samples.
    Valid,
}

/// What is taken from the beginning of a convolution, against the delay of the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DelayCompensation {
    /// The delay of a windowed linear-phase filter less one sample: `(ir_size - 1) / 2 - 1`, or nothing
    /// where that is negative.
    LinearPhase,
    /// So many samples.
    Samples(usize),
}

impl DelayCompensation {
    /// The number of samples that are taken from the beginning.
    pub fn samples(self, ir_size: usize) -> usize {
        match self {
            Self::LinearPhase => (ir_size.saturating_sub(1) / 2).saturating_sub(1),
            Self::Samples(n) => n,
        }
    }
}

/// The size of the transform that convolves a frame: the next power of two.
///
/// *Reference*: Magenta's `core.get_fft_size`.
pub fn get_fft_size(frame_size: usize, ir_size: usize) -> usize {
    (frame_size + ir_size).saturating_sub(1).next_power_of_two()
}

/// The size of the transform that convolves a frame: the next product of twos, threes and fives.
///
/// *Reference*: Magenta's `core.get_fft_size` with `power_of_2=False`, SciPy's `next_fast_len`.
pub fn next_fast_fft_size(frame_size: usize, ir_size: usize) -> usize {
    let smooth = |size: &usize| {
        let divided = |mut n: usize, by: usize| {
            while n.is_multiple_of(by) {
                n /= by;
            }
            n
        };
        [2, 3, 5].into_iter().fold(*size, divided) == 1
    };
    let least = (frame_size + ir_size).saturating_sub(1).max(1);
    (least..).find(smooth).expect("a power of two follows")
}

/// Cuts a convolution to its size, from where the filter's delay ends. What is not there is silence.
///
/// *Reference*: Magenta's `core.crop_and_compensate_delay`, whose slice `[start:-end]` is empty where
/// `start` is -1 or nothing is left to cut at the end; here the result always has its size.
pub fn crop_and_compensate_delay<R: Real>(
    convolved: &[R],
    audio_size: usize,
    ir_size: usize,
    padding: Padding,
    delay: DelayCompensation,
) -> Vec<R> {
    let size = match padding {
        Padding::Same => audio_size,
        Padding::Valid => (audio_size + ir_size).saturating_sub(1),
    };
    let start = delay.samples(ir_size).min(convolved.len());
    let mut out: Vec<R> = convolved[start..].iter().take(size).copied().collect();
    out.resize(size, R::default());
    out
}

/// Filters a clip by impulse responses that follow each other: the clip is cut into as many frames, each
/// is convolved with its own response, and the results overlap and add. A whole-clip function.
///
/// *Shapes*: `audio` `audio_size`; `impulse_response` `n_ir_frames × ir_size`, frame-major. A frame has
/// `audio_size / n_ir_frames` samples, rounded up.
///
/// *Errors*: there is no audio or no response, or frames of that size are fewer than the responses.
///
/// *Reference*: Magenta's `core.fft_convolve`.
pub fn fft_convolve<R: Real>(
    audio: &[R],
    impulse_response: &[R],
    n_ir_frames: usize,
    padding: Padding,
    delay: DelayCompensation,
) -> Result<Vec<R>, Error> {
    let n_taps = impulse_response.len();
    if audio.is_empty() || n_ir_frames == 0 || n_taps == 0 || !n_taps.is_multiple_of(n_ir_frames) {
        let detail = format!(
            "expected audio and whole responses, found {} samples and {n_taps} taps in \
             {n_ir_frames} frames",
            audio.len()
        );
        return Err(Error::config("fft_convolve", detail));
    }
    let ir_size = n_taps / n_ir_frames;
    let frame_size = audio.len().div_ceil(n_ir_frames);
    let n_frames = audio.len().div_ceil(frame_size);
    if n_frames != n_ir_frames {
        let detail = format!(
            "{n_ir_frames} responses for {} samples make frames of {frame_size} samples, which are \
             {n_frames}; give as many responses, or samples that they divide",
            audio.len()
        );
        return Err(Error::config("fft_convolve.n_ir_frames", detail));
    }
    // A real transform has two values or more.
    let mut fft = RealFft::<R>::new(get_fft_size(frame_size, ir_size).max(2));
    let fft_size = fft.fft_size();
    let scale = R::narrow(1.0 / fft_size as f64);
    let zero = Complex { re: R::default(), im: R::default() };
    let [mut product, mut bins] = [(); 2].map(|()| vec![zero; fft.n_bins()]);
    let mut time = vec![R::default(); fft_size];
    let mut convolved = vec![R::default(); frame_size * (n_frames - 1) + fft_size];
    let frames = audio.chunks(frame_size).zip(impulse_response.chunks(ir_size));
    for (i, (frame, ir)) in frames.enumerate() {
        for (part, spectrum) in [(frame, &mut product), (ir, &mut bins)] {
            time[..part.len()].copy_from_slice(part);
            time[part.len()..].fill(R::default());
            fft.forward(&mut time, spectrum);
        }
        for (a, b) in product.iter_mut().zip(&bins) {
            *a = Complex { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re };
        }
        fft.inverse_unnormalised(&mut product, &mut time);
        for (y, &x) in convolved[i * frame_size..].iter_mut().zip(&time) {
            *y = x.fused(scale, *y);
        }
    }
    Ok(crop_and_compensate_delay(&convolved, audio.len(), ir_size, padding, delay))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::uniform;

    fn noise(seed: u64, n: usize) -> Vec<f64> {
        (0..n as u64).map(|i| f64::from(uniform(seed, i))).collect()
    }

    /// Each sample sends its frame's response ahead.
    fn plainly(audio: &[f64], ir: &[f64], n_ir_frames: usize) -> Vec<f64> {
        let (ir_size, hop) = (ir.len() / n_ir_frames, audio.len().div_ceil(n_ir_frames));
        let mut out = vec![0.0; audio.len() + ir_size - 1];
        for (n, x) in audio.iter().enumerate() {
            for (k, tap) in ir[n / hop * ir_size..][..ir_size].iter().enumerate() {
                out[n + k] += x * tap;
            }
        }
        out
    }

    #[test]
    fn it_is_the_convolution_for_any_sizes() {
        for (n, frames, ir_size) in
            [(1, 1, 1), (7, 1, 20), (64, 64, 9), (640, 20, 33), (997, 10, 40), (1100, 11, 256)]
        {
            let (audio, ir) = (noise(1, n), noise(2, frames * ir_size));
            let all = plainly(&audio, &ir, frames);
            for (padding, size) in [(Padding::Same, n), (Padding::Valid, n + ir_size - 1)] {
                for start in [0, 5] {
                    let delay = DelayCompensation::Samples(start);
                    let out = fft_convolve(&audio, &ir, frames, padding, delay).unwrap();
                    assert_eq!(out.len(), size);
                    for (i, y) in out.iter().enumerate() {
                        let expected = all.get(start + i).copied().unwrap_or(0.0);
                        assert!((y - expected).abs() < 1e-11, "{n} {frames} {ir_size}: {i}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_centred_impulse_comes_two_samples_late_at_most() {
        for ir_size in [1, 2, 3, 31, 32] {
            let mut ir = vec![0.0; ir_size];
            ir[ir_size / 2] = 1.0;
            let audio = noise(3, 100);
            let delay = DelayCompensation::LinearPhase;
            let out = fft_convolve(&audio, &ir, 1, Padding::Same, delay).unwrap();
            let late = ir_size / 2 - delay.samples(ir_size);
            assert!(late <= 2);
            assert!((late..100).all(|n| (out[n] - audio[n - late]).abs() < 1e-12));
        }
    }

    #[test]
    fn impossible_framings_are_refused_with_a_sentence() {
        let convolve = |n: usize, frames: usize| {
            let (audio, ir) = (noise(1, n), noise(2, frames));
            fft_convolve(&audio, &ir, frames, Padding::Same, DelayCompensation::Samples(0))
        };
        assert!(convolve(10, 7).unwrap_err().to_string().contains("7 responses for 10 samples"));
        assert!(convolve(0, 1).is_err());
        assert!(convolve(10, 0).is_err());
        assert!(convolve(10, 5).is_ok());
    }

    #[test]
    fn fft_sizes_hold_the_convolution() {
        assert_eq!(get_fft_size(64, 128), 256);
        assert_eq!(get_fft_size(1, 1), 1);
        assert_eq!(next_fast_fft_size(33, 77), 120);
        assert_eq!(next_fast_fft_size(48_000, 48_000), 96_000);
        assert_eq!(next_fast_fft_size(1, 1), 1);
    }
}
