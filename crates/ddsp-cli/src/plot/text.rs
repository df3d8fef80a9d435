//! Lettering in the embedded font.

use ab_glyph::{Font, FontRef, Glyph, PxScale, PxScaleFont, ScaleFont, point};

use super::canvas::{Canvas, Rgb};

/// DejaVu Sans, cut to Latin; `assets/` holds its licence and the script that made it.
static FONT: &[u8] = include_bytes!("../../assets/DejaVuSans-subset.ttf");

/// Which point of a text its x coordinate names.
#[derive(Clone, Copy)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// The font, ready to draw. Sizes are pixels per em.
pub(super) struct Lettering {
    font: FontRef<'static>,
}

impl Lettering {
    pub(super) fn new() -> Self {
        let font = FontRef::try_from_slice(FONT).expect("the embedded font is whole");
        Self { font }
    }

    /// How many pixels `text` takes.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        self.lay_out(text, size).1
    }

    /// `text`, or as much of it as fits into `width` pixels with an ellipsis behind it.
    pub(super) fn fit(&self, text: &str, size: f32, width: f32) -> String {
        // A longer text fits no picture; the cut bounds the work below.
        let mut fitted: String = text.chars().filter(|c| !c.is_control()).take(400).collect();
        if self.width(&fitted, size) <= width {
            return fitted;
        }
        while fitted.pop().is_some() {
            let shortened = format!("{}…", fitted.trim_end());
            if self.width(&shortened, size) <= width {
                return shortened;
            }
        }
        fitted
    }

    /// Draws `text` with its capitals centred on `y`.
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        text: &str,
        size: f32,
        (x, y): (f32, f32),
        align: Align,
        colour: Rgb,
    ) {
        let (glyphs, width) = self.lay_out(text, size);
        let left = match align {
            Align::Left => x,
            Align::Centre => x - width / 2.0,
            Align::Right => x - width,
        };
        // Whole pixels keep stems and baseline sharp.
        let (left, baseline) = (left.round(), (y + CAPITAL_HEIGHT / 2.0 * size).round());
        for mut glyph in glyphs {
            glyph.position = point(left + glyph.position.x, baseline);
            if let Some(outline) = self.font.outline_glyph(glyph) {
                let corner = outline.px_bounds().min;
                outline.draw(|dx, dy, coverage| {
                    let (x, y) = (corner.x as i32 + dx as i32, corner.y as i32 + dy as i32);
                    canvas.blend(x, y, colour, coverage.min(1.0));
                });
            }
        }
    }

    /// Glyphs along a baseline that starts at 0, and the width of the whole.
    fn lay_out(&self, text: &str, size: f32) -> (Vec<Glyph>, f32) {
        let font = self.scaled(size);
        let mut glyphs: Vec<Glyph> = Vec::new();
        let mut x = 0.0;
        for character in text.chars() {
            let mut glyph = font.scaled_glyph(character);
            if let Some(previous) = glyphs.last() {
                x += font.kern(previous.id, glyph.id);
            }
            glyph.position = point(x, 0.0);
            x += font.h_advance(glyph.id);
            glyphs.push(glyph);
        }
        (glyphs, x)
    }

    fn scaled(&self, size: f32) -> PxScaleFont<&FontRef<'static>> {
        let units_per_em = self.font.units_per_em().unwrap_or(2048.0);
        let scale = PxScale::from(size * self.font.height_unscaled() / units_per_em);
        self.font.as_scaled(scale)
    }
}

/// Height of DejaVu Sans' capitals and digits, in ems.
const CAPITAL_HEIGHT: f32 = 0.729;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_holds_what_the_plots_write() {
        let font = Lettering::new().font;
        for character in "ABCDEFG♯♭−0123456789:.,… dBHzkHz éüß ñ".chars() {
            assert_ne!(font.glyph_id(character).0, 0, "{character} is missing");
        }
    }

    #[test]
    fn long_titles_are_shortened() {
        let lettering = Lettering::new();
        let title = "a recording with a very long name.wav".repeat(100);
        let fitted = lettering.fit(&title, 18.0, 200.0);
        assert!(lettering.width(&fitted, 18.0) <= 200.0);
        assert!(fitted.starts_with("a recording") && fitted.ends_with('…'));
        assert_eq!(lettering.fit("short", 18.0, 200.0), "short");
        assert_eq!(lettering.fit("short", 18.0, 1.0), "");
    }
}
