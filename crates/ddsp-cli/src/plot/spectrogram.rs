//! The spectrogram row: power over time and mel-spaced frequency, painted pixel by pixel.
//!
//! The mel scale (O'Shaughnessy, *Speech Communication*, 1987: `2595 log10(1 + f / 700)`) is close to
//! linear where harmonics lie apart and close to logarithmic where noise does not need the room.

use ddsp_core::fft::{Complex, RealFft};

use super::Panel;
use super::axis::{Axis, Tick};
use super::canvas::{Canvas, Rect, Rgb, colour};

/// What the colours span, below the loudest point.
pub(super) const RANGE_DB: f32 = 80.0;

/// A full-scale sine is 0 dB; where nothing is louder than this, nothing is bright.
const LOWEST_TOP_DB: f32 = -60.0;

/// The window's length, before it is rounded to a power of two of samples.
const WINDOW_S: f64 = 0.046;

/// At most this many windows are averaged into a column of pixels.
const MAX_WINDOWS: usize = 8;

/// Power avoids the logarithm of zero by this much: -200 dB.
const POWER_EPSILON: f32 = 1e-20;

/// Levels in dB of `n_columns × n_rows`, column-major, the lowest frequency first; not a number above
/// the Nyquist frequency.
pub(super) struct Spectrogram {
    n_rows: usize,
    levels_db: Vec<f32>,
}

impl Spectrogram {
    /// The spectrogram of a panel for the pixels of `rect`, on frequencies from 0 to `high_hz`.
    pub(super) fn measure(panel: &Panel<'_>, time: Axis, rect: Rect, high_hz: f64) -> Self {
        let sample_rate = f64::from(panel.sample_rate);
        let samples_per_px = time.high * sample_rate / f64::from(rect.width);
        let n_columns = (panel.samples.len() as f64 / samples_per_px).ceil() as usize;
        let n_columns = n_columns.min(rect.width as usize);
        let n_rows = rect.height as usize;
        let fft_size = fft_size(sample_rate);
        let rows = rows(n_rows, high_hz, sample_rate, fft_size);
        let mut power = PowerSpectrum::new(fft_size);
        let mut levels_db = Vec::with_capacity(n_columns * n_rows);
        for column in 0..n_columns {
            let start = column as f64 * samples_per_px;
            power.measure(panel.samples, start, samples_per_px);
            levels_db.extend(rows.iter().map(|row| row.level_db(&power.bins)));
        }
        Self { n_rows, levels_db }
    }

    /// The level that all of `spectrograms` show as the brightest.
    pub(super) fn top_db(spectrograms: &[Self]) -> f32 {
        let levels = spectrograms.iter().flat_map(|spectrogram| &spectrogram.levels_db);
        levels.copied().fold(LOWEST_TOP_DB, f32::max)
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, rect: Rect, top_db: f32) {
        canvas.fill(rect, colour::VACANT);
        let colours: Vec<Rgb> = (0..N_COLOURS).map(|n| heat(n as f32 / LAST_COLOUR)).collect();
        for (x, column) in (rect.x..).zip(self.levels_db.chunks_exact(self.n_rows)) {
            for (row, &level_db) in (1..).zip(column) {
                if !level_db.is_nan() {
                    let above_floor = ((level_db - top_db) / RANGE_DB + 1.0).clamp(0.0, 1.0);
                    let colour = colours[(above_floor * LAST_COLOUR).round() as usize];
                    canvas.set(x, rect.bottom() - row, colour);
                }
            }
        }
    }
}

/// How many colours there are: finer steps than 1 dB are not seen, and cost bytes in the file.
const N_COLOURS: usize = 81;
const LAST_COLOUR: f32 = (N_COLOURS - 1) as f32;

/// The colour of a level from 0 to 1: nine points of magma (N. Smith and S. van der Walt, 2015, CC0), whose
/// lightness grows evenly, with straight lines between.
pub(super) fn heat(level: f32) -> Rgb {
    const STOPS: [Rgb; 9] = [
        [0, 0, 4],
        [28, 16, 68],
        [79, 18, 123],
        [129, 37, 129],
        [181, 54, 122],
        [229, 80, 100],
        [251, 135, 97],
        [254, 194, 135],
        [252, 253, 191],
    ];
    let position = level.clamp(0.0, 1.0) * (STOPS.len() - 1) as f32;
    let below = (position as usize).min(STOPS.len() - 2);
    let fraction = position - below as f32;
    let channel = |n: usize| {
        let (a, b) = (f32::from(STOPS[below][n]), f32::from(STOPS[below + 1][n]));
        (a + (b - a) * fraction).round() as u8
    };
    [channel(0), channel(1), channel(2)]
}

/// The axis of the row, in mel.
pub(super) fn axis(high_hz: f64) -> Axis {
    Axis { low: 0.0, high: hz_to_mel(high_hz) }
}

/// Ticks in Hz, 1, 2 and 5 in each decade, where there is room.
pub(super) fn frequency_ticks(axis: Axis, rect: Rect) -> Vec<Tick> {
    let decades = [100u32, 1000, 10_000, 100_000].into_iter();
    let mut ticks = vec![Tick { value: 0.0, label: "0".into() }];
    for hz in decades.flat_map(|decade| [decade, 2 * decade, 5 * decade]) {
        let value = hz_to_mel(f64::from(hz));
        let gap = axis.y(rect, ticks[ticks.len() - 1].value) - axis.y(rect, value);
        if value <= axis.high && gap >= 20.0 {
            let label = if hz < 1000 { format!("{hz}") } else { format!("{}k", hz / 1000) };
            ticks.push(Tick { value, label });
        }
    }
    ticks
}

fn hz_to_mel(hz: f64) -> f64 {
    2595.0 * (1.0 + hz / 700.0).log10()
}

fn mel_to_hz(mel: f64) -> f64 {
    700.0 * (10f64.powf(mel / 2595.0) - 1.0)
}

fn fft_size(sample_rate: f64) -> usize {
    let exponent = (sample_rate * WINDOW_S).log2().round();
    1 << exponent.clamp(6.0, 14.0) as u32
}

/// Where a row of pixels takes its level from.
enum Row {
    /// Narrower than a bin: between the levels of two neighbours.
    Between { bin: usize, fraction: f32 },
    /// The mean power of the bins from `first` to before `end`.
    Mean { first: usize, end: usize },
    /// Above the Nyquist frequency.
    Vacant,
}

impl Row {
    fn level_db(&self, power: &[f32]) -> f32 {
        let db = |power: f32| 10.0 * (power + POWER_EPSILON).log10();
        match *self {
            Self::Between { bin, fraction } => {
                let (a, b) = (db(power[bin]), db(power[bin + 1]));
                a + (b - a) * fraction
            }
            Self::Mean { first, end } => {
                db(power[first..end].iter().sum::<f32>() / (end - first) as f32)
            }
            Self::Vacant => f32::NAN,
        }
    }
}

fn rows(n_rows: usize, high_hz: f64, sample_rate: f64, fft_size: usize) -> Vec<Row> {
    let high_mel = hz_to_mel(high_hz);
    let n_bins = fft_size / 2 + 1;
    // In bins, with fraction.
    let edge = |row: f64| mel_to_hz(row / n_rows as f64 * high_mel) * fft_size as f64 / sample_rate;
    (0..n_rows)
        .map(|row| {
            let (low, centre, high) =
                (edge(row as f64), edge(row as f64 + 0.5), edge(row as f64 + 1.0));
            let (first, end) = (low.ceil() as usize, (high.ceil() as usize).min(n_bins));
            if centre > (n_bins - 1) as f64 {
                Row::Vacant
            } else if high - low >= 1.0 && first < end {
                Row::Mean { first, end }
            } else {
                let bin = (centre as usize).min(n_bins - 2);
                Row::Between { bin, fraction: (centre - bin as f64) as f32 }
            }
        })
        .collect()
}

/// Hann-windowed power spectra, averaged over the windows of a column.
struct PowerSpectrum {
    fft: RealFft,
    window: Vec<f32>,
    frame: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    bins: Vec<f32>,
}

impl PowerSpectrum {
    fn new(fft_size: usize) -> Self {
        let fft = RealFft::new(fft_size);
        let window = |n: usize| {
            let phase = std::f64::consts::TAU * (n as f64 + 0.5) / fft_size as f64;
            // The window's mean is 1/2 and a sine splits in two halves: this makes full scale 1.
            ((0.5 - 0.5 * phase.cos()) * 4.0 / fft_size as f64) as f32
        };
        Self {
            window: (0..fft_size).map(window).collect(),
            frame: vec![0.0; fft_size],
            spectrum: vec![Complex { re: 0.0, im: 0.0 }; fft.n_bins()],
            bins: vec![0.0; fft.n_bins()],
            fft,
        }
    }

    /// Sets `bins` to the mean power of windows centred within `length` samples from `start`.
    fn measure(&mut self, samples: &[f32], start: f64, length: f64) {
        let half = self.window.len() / 2;
        let n_windows = ((length / half as f64).ceil() as usize).clamp(1, MAX_WINDOWS);
        self.bins.fill(0.0);
        for n in 0..n_windows {
            let centre = start + (n as f64 + 0.5) * length / n_windows as f64;
            self.fill_frame(samples, centre as i64 - half as i64);
            self.fft.forward(&mut self.frame, &mut self.spectrum);
            for (bin, value) in self.bins.iter_mut().zip(&self.spectrum) {
                *bin += value.norm_sqr() / n_windows as f32;
            }
        }
    }

    /// The windowed samples from `start` on, silence beyond either end.
    fn fill_frame(&mut self, samples: &[f32], start: i64) {
        self.frame.fill(0.0);
        let skipped = (-start).clamp(0, self.frame.len() as i64) as usize;
        let tail = samples.get(start.max(0) as usize..).unwrap_or_default();
        let windowed = self.frame[skipped..].iter_mut().zip(&self.window[skipped..]);
        for ((value, window), &x) in windowed.zip(tail) {
            *value = if x.is_finite() { x * window } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECT: Rect = Rect { x: 0, y: 0, width: 50, height: 300 };

    fn measure(samples: &[f32], sample_rate: u32, high_hz: f64) -> Spectrogram {
        let panel = Panel {
            title: "",
            samples,
            sample_rate,
            f0_hz: &[],
            f0_confidence: None,
            loudness_db: &[],
            frame_rate: 250.0,
        };
        let high = samples.len() as f64 / f64::from(sample_rate);
        Spectrogram::measure(&panel, Axis { low: 0.0, high }, RECT, high_hz)
    }

    fn tone(hz: f32, sample_rate: u32) -> Vec<f32> {
        let step = std::f32::consts::TAU * hz / sample_rate as f32;
        (0..sample_rate).map(|n| (n as f32 * step).sin()).collect()
    }

    fn row_hz(row: usize, high_hz: f64) -> f64 {
        mel_to_hz((row as f64 + 0.5) / f64::from(RECT.height) * hz_to_mel(high_hz))
    }

    #[test]
    fn a_tone_is_brightest_at_its_frequency() {
        for (hz, sample_rate, tolerance_hz) in
            [(440.0, 16000, 6.0), (440.0, 48000, 8.0), (5000.0, 44100, 60.0)]
        {
            let high_hz = f64::from(sample_rate) / 2.0;
            let spectrogram = measure(&tone(hz, sample_rate), sample_rate, high_hz);
            for column in spectrogram.levels_db.chunks_exact(300).skip(3).take(44) {
                let brightest = (0..300).max_by(|a, b| column[*a].total_cmp(&column[*b])).unwrap();
                let found_hz = row_hz(brightest, high_hz);
                assert!(
                    (found_hz - f64::from(hz)).abs() < tolerance_hz,
                    "{hz} Hz at {found_hz} Hz"
                );
            }
        }
    }

    #[test]
    fn a_full_scale_tone_is_near_0_db() {
        let top_db = Spectrogram::top_db(&[measure(&tone(1000.0, 16000), 16000, 8000.0)]);
        assert!(top_db.abs() < 1.5, "{top_db} dB");
    }

    #[test]
    fn nothing_is_shown_above_nyquist() {
        let spectrogram = measure(&tone(440.0, 16000), 16000, 24000.0);
        for (row, level) in spectrogram.levels_db[..300].iter().enumerate() {
            assert_eq!(level.is_nan(), row_hz(row, 24000.0) > 8000.0);
        }
    }

    #[test]
    fn silence_is_dark() {
        let silence = measure(&[0.0; 1000], 16000, 8000.0);
        assert_eq!(silence.levels_db.len(), 50 * 300);
        assert!(silence.levels_db.iter().all(|level| *level < LOWEST_TOP_DB - RANGE_DB));
    }

    #[test]
    fn lightness_grows_with_level() {
        let lightness = |level: f32| {
            let [r, g, b] = heat(level).map(f32::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        for n in 1..N_COLOURS {
            let (a, b) = ((n - 1) as f32 / LAST_COLOUR, n as f32 / LAST_COLOUR);
            assert!(lightness(a) < lightness(b), "at {b}");
        }
    }
}
