//! Power spectra of moments of a recording.

use ddsp_core::feature::framing::hann_window;
use ddsp_core::fft::{Complex, RealFft};

/// Hann-windowed power spectra around samples of a recording, silence beyond its ends.
pub(super) struct Spectra<'a> {
    audio: &'a [f32],
    fft: RealFft<f32>,
    window: Vec<f32>,
    frame: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    /// Hertz from one bin to the next.
    pub(super) bin_hz: f64,
}

impl<'a> Spectra<'a> {
    /// Spectra of windows that last `window_s`, or up to twice that.
    pub(super) fn new(audio: &'a [f32], sample_rate: u32, window_s: f64) -> Self {
        let n_fft = ((window_s * f64::from(sample_rate)) as usize).next_power_of_two();
        let fft = RealFft::new(n_fft);
        Self {
            audio,
            window: hann_window(n_fft).into_iter().map(|w| w as f32).collect(),
            frame: vec![0.0; n_fft],
            spectrum: vec![Complex { re: 0.0, im: 0.0 }; fft.n_bins()],
            bin_hz: f64::from(sample_rate) / n_fft as f64,
            fft,
        }
    }

    /// The spectrum around a sample.
    pub(super) fn power(&mut self, centre: usize) -> Vec<f32> {
        let start = centre as isize - (self.window.len() / 2) as isize;
        for (n, (x, w)) in self.frame.iter_mut().zip(&self.window).enumerate() {
            let at = usize::try_from(start + n as isize).ok().and_then(|at| self.audio.get(at));
            *x = at.map_or(0.0, |a| a * w);
        }
        self.fft.forward(&mut self.frame, &mut self.spectrum);
        self.spectrum.iter().map(Complex::norm_sqr).collect()
    }
}
