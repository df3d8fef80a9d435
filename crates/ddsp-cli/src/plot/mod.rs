//! The picture of a sound and of what the instrument makes of it.
//!
//! One column a [`Panel`] ("before", "after"), four rows: waveform, spectrogram, f0 and loudness.
//! Columns share every axis, so that they can be compared by eye. [`picture`] measures all panels,
//! settles the shared ranges and then draws each row; a row's file holds what it measures and how it
//! draws it. [`canvas`] and [`text`] are the only places that touch pixels, save the spectrogram's.
//!
//! The cost is bounded by the width of the picture, apart from one pass over samples and frames.

use std::fmt;

mod axis;
mod canvas;
mod loudness;
pub(crate) mod material;
mod picture;
mod pitch;
mod spectrogram;
mod text;
mod waveform;

/// One column: a sound and its features.
///
/// Frame `i` of every feature sits at `i / frame_rate` seconds. Values that are not finite are left
/// out, and empty features leave their row empty.
pub(crate) struct Panel<'a> {
    /// What stands above the column.
    pub title: &'a str,
    /// Mono audio; full scale is ±1.
    pub samples: &'a [f32],
    /// Samples per second.
    pub sample_rate: u32,
    /// Fundamental frequency per frame; 0 or less draws nothing.
    pub f0_hz: &'a [f32],
    /// How sure the tracker is of each frame, 0 to 1; below 0.5 is unvoiced. Without it every frame
    /// counts as voiced.
    pub f0_confidence: Option<&'a [f32]>,
    /// Loudness per frame.
    pub loudness_db: &'a [f32],
    /// Frames per second of the features.
    pub frame_rate: f64,
}

/// Why no picture was made.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The picture holds one or two panels.
    PanelCount(usize),
    /// The width lies outside what the layout can fill.
    Width(u32),
    /// A panel's sample rate is zero.
    SampleRate,
    /// A panel's frame rate is not a positive number.
    FrameRate(f64),
    /// The PNG encoder failed.
    Encode(png::EncodingError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PanelCount(got) => write!(f, "expected 1 or 2 panels to plot, got {got}"),
            Self::Width(got) => write!(
                f,
                "expected a plot width from {MIN_WIDTH_PX} to {MAX_WIDTH_PX} pixels, got {got}"
            ),
            Self::SampleRate => write!(f, "expected a positive sample rate to plot, got 0 Hz"),
            Self::FrameRate(got) => {
                write!(f, "expected a positive frame rate to plot, got {got} Hz")
            }
            Self::Encode(_) => write!(f, "the plot could not be encoded as png"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Encode(source) => Some(source),
            _ => None,
        }
    }
}

const MIN_WIDTH_PX: u32 = 640;
const MAX_WIDTH_PX: u32 = 8192;

/// The picture of one or two panels, as the bytes of a PNG file.
///
/// *Errors*: no panel or more than two, a width outside 640 to 8192 pixels, a rate that is not
/// positive.
pub(crate) fn render(panels: &[Panel<'_>], width_px: u32) -> Result<Vec<u8>, Error> {
    if !(1..=2).contains(&panels.len()) {
        return Err(Error::PanelCount(panels.len()));
    }
    if !(MIN_WIDTH_PX..=MAX_WIDTH_PX).contains(&width_px) {
        return Err(Error::Width(width_px));
    }
    for panel in panels {
        if panel.sample_rate == 0 {
            return Err(Error::SampleRate);
        }
        if !(panel.frame_rate.is_finite() && panel.frame_rate > 0.0) {
            return Err(Error::FrameRate(panel.frame_rate));
        }
    }
    picture::draw(panels, width_px as i32).into_png().map_err(Error::Encode)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Width, height and RGB bytes of a picture.
    fn decode(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        (info.width, info.height, pixels)
    }

    fn panel<'a>(samples: &'a [f32], f0_hz: &'a [f32], loudness_db: &'a [f32]) -> Panel<'a> {
        Panel {
            title: "a title",
            samples,
            sample_rate: 16000,
            f0_hz,
            f0_confidence: None,
            loudness_db,
            frame_rate: 250.0,
        }
    }

    fn tone(n_samples: usize) -> Vec<f32> {
        (0..n_samples).map(|n| (n as f32 * 0.1).sin()).collect()
    }

    #[test]
    fn the_picture_has_the_width_asked_for() {
        let samples = tone(16000);
        let pair = [panel(&samples, &[440.0; 250], &[-20.0; 250]), panel(&samples[..99], &[], &[])];
        for width_px in [MIN_WIDTH_PX, 1600, 1601, MAX_WIDTH_PX] {
            for panels in [&pair[..], &pair[..1]] {
                let (width, height, pixels) = decode(&render(panels, width_px).unwrap());
                assert_eq!(width, width_px);
                assert_eq!(pixels.len(), width as usize * height as usize * 3);
                assert_eq!(pixels[..3], [255; 3]);
                assert!(pixels.iter().filter(|value| **value < 128).count() > 10_000);
            }
        }
    }

    #[test]
    fn odd_sounds_are_drawn() {
        let features = [-80.0, 0.0, 1e30, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 440.0, -0.0];
        let mut broken = tone(5000);
        broken[1000] = f32::NAN;
        broken[2000] = f32::INFINITY;
        let huge = [f32::MAX, f32::MIN, 1e-40];
        let silence = [0.0; 4000];
        let constant = [0.25; 4000];
        let long = tone(3_000_000);
        let sounds: [&[f32]; 8] =
            [&[], &[0.5], &huge, &silence, &constant, &broken, &long, &features];
        for samples in sounds {
            for (f0_hz, loudness_db) in [
                (&[][..], &[][..]),
                (&[220.0][..], &[-30.0][..]),
                (&features[..], &features[..]),
                (&silence[..], &constant[..]),
            ] {
                let odd = Panel {
                    f0_confidence: Some(&features[..4]),
                    title: "\u{0}名前 \u{1f3bb}\n",
                    ..panel(samples, f0_hz, loudness_db)
                };
                let usual = panel(&constant, &constant, &constant);
                decode(&render(&[odd, usual], 640).unwrap());
            }
        }
    }

    #[test]
    fn odd_rates_are_drawn() {
        let samples = tone(1000);
        for sample_rate in [1, 100, 192_000, u32::MAX] {
            for frame_rate in [1e-300, 1e-3, 1e6, 1e300] {
                let odd = Panel { sample_rate, frame_rate, ..panel(&samples, &samples, &samples) };
                decode(&render(&[odd, panel(&samples, &[440.0; 20], &[-9.0; 20])], 640).unwrap());
            }
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error() {
        let message =
            |panels: &[Panel<'_>], width_px| render(panels, width_px).unwrap_err().to_string();
        let usual = || panel(&[0.0; 9], &[], &[]);
        assert_eq!(message(&[], 1600), "expected 1 or 2 panels to plot, got 0");
        assert_eq!(message(&[usual()], 0), "expected a plot width from 640 to 8192 pixels, got 0");
        assert_eq!(
            message(&[usual(), Panel { sample_rate: 0, ..usual() }], 1600),
            "expected a positive sample rate to plot, got 0 Hz"
        );
        assert_eq!(
            message(&[Panel { frame_rate: f64::NAN, ..usual() }], 1600),
            "expected a positive frame rate to plot, got NaN Hz"
        );
    }
}
