//! Pictures of what was learned.

use std::error::Error;
use std::path::Path;
use std::sync::Once;

use ddsp_core::feature::spectrum::{StftConfig, magnitudes};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;
pub(crate) type Panel<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

const FONT: &[u8] = include_bytes!("../../../ddsp-cli/assets/DejaVuSans-subset.ttf");

/// Draws `n_panels` below each other into a PNG.
pub(crate) fn picture(
    path: &Path,
    n_panels: usize,
    draw: impl FnOnce(&[Panel<'_>]) -> Outcome<()>,
) -> Outcome<()> {
    static FONTS: Once = Once::new();
    FONTS.call_once(|| {
        // The only font that there is, and it is read at compile time.
        let _ = register_font("sans-serif", FontStyle::Normal, FONT);
    });
    let root = BitMapBackend::new(path, (900, 260 * n_panels as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    draw(&root.split_evenly((n_panels, 1)))?;
    root.present()?;
    println!("wrote {}", path.display());
    Ok(())
}

/// Lines over a common axis.
pub(crate) fn lines(
    panel: &Panel<'_>,
    title: &str,
    x: (&str, f64),
    rows: &[(&str, RGBColor, &[f64])],
) -> Outcome<()> {
    let values = || rows.iter().flat_map(|(_, _, values)| values.iter().copied());
    let (low, high) = values().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
    let n = rows.iter().map(|row| row.2.len()).max().unwrap_or(1);
    let margin = 0.05 * (high - low).max(1e-9);
    let mut chart = ChartBuilder::on(panel)
        .caption(title, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(28)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..n as f64 * x.1, low - margin..high + margin)?;
    chart.configure_mesh().light_line_style(TRANSPARENT).x_desc(x.0).draw()?;
    for (name, colour, values) in rows {
        let points = values.iter().enumerate().map(|(i, v)| (i as f64 * x.1, *v));
        let colour = *colour;
        chart
            .draw_series(LineSeries::new(points, &colour))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).draw()?;
    Ok(())
}

/// The log-magnitudes of a clip, 70 dB of them.
pub(crate) fn spectrogram(
    panel: &Panel<'_>,
    title: &str,
    audio: &[f32],
    sample_rate: u32,
) -> Outcome<()> {
    let stft = StftConfig::new(1024);
    let (n_bins, seconds) = (stft.n_bins(), audio.len() as f64 / f64::from(sample_rate));
    let found = magnitudes(audio, &stft);
    let db = |x: f32| 20.0 * f64::from(x.max(1e-9)).log10();
    let peak = found.iter().fold(-200.0, |a, &x| f64::max(a, db(x)));
    let mut chart = ChartBuilder::on(panel)
        .caption(title, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(28)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..seconds, 0.0..f64::from(sample_rate) / 2000.0)?;
    chart.configure_mesh().disable_mesh().x_desc("s").y_desc("kHz").draw()?;
    let (step, height) = (
        stft.hop_size() as f64 / f64::from(sample_rate),
        f64::from(sample_rate) / 2000.0 / n_bins as f64,
    );
    let cells = found.chunks(n_bins).enumerate().flat_map(|(i, row)| {
        row.iter().enumerate().map(move |(k, &x)| {
            let level = ((db(x) - peak + 70.0) / 70.0).clamp(0.0, 1.0);
            let (x, y) = (i as f64 * step, k as f64 * height);
            let shade = |full: f64| (255.0 * (1.0 - level * full)) as u8;
            Rectangle::new(
                [(x, y), (x + step, y + height)],
                RGBColor(shade(1.0), shade(0.75), shade(0.45)).filled(),
            )
        })
    });
    chart.draw_series(cells)?;
    Ok(())
}
