//! An RGB picture and the few antialiased shapes that the plots need.
//!
//! Coordinates are pixels, x to the right and y downwards; pixel `n` covers `n` to `n + 1`. Whatever
//! falls outside the canvas, or outside the rectangle a shape is clipped to, is left out.

/// A colour in sRGB.
pub(super) type Rgb = [u8; 3];

/// Colours, after Okabe and Ito, *Color Universal Design* (2008): told apart with any colour vision.
pub(super) mod colour {
    use super::Rgb;

    pub(in crate::plot) const WHITE: Rgb = [255, 255, 255];
    pub(in crate::plot) const INK: Rgb = [34, 34, 34];
    pub(in crate::plot) const QUIET_INK: Rgb = [105, 105, 105];
    pub(in crate::plot) const BORDER: Rgb = [150, 150, 150];
    pub(in crate::plot) const GRID: Rgb = [228, 228, 228];
    pub(in crate::plot) const VACANT: Rgb = [240, 240, 240];
    pub(in crate::plot) const FAINT: Rgb = [178, 178, 178];
    pub(in crate::plot) const BLUE: Rgb = [0, 114, 178];
    pub(in crate::plot) const PALE_BLUE: Rgb = [158, 202, 225];
    pub(in crate::plot) const GREEN: Rgb = [0, 158, 115];
    pub(in crate::plot) const MID_GREEN: Rgb = [140, 208, 187];
    pub(in crate::plot) const PALE_GREEN: Rgb = [204, 236, 227];
    pub(in crate::plot) const VERMILION: Rgb = [213, 94, 0];
}

/// A rectangle of whole pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

impl Rect {
    pub(super) fn right(&self) -> i32 {
        self.x + self.width
    }

    pub(super) fn bottom(&self) -> i32 {
        self.y + self.height
    }
}

/// The picture.
pub(super) struct Canvas {
    width: i32,
    height: i32,
    pixels: Vec<u8>,
}

impl Canvas {
    /// A white canvas.
    pub(super) fn new(width: i32, height: i32) -> Self {
        let n_pixels = width.max(0) as usize * height.max(0) as usize;
        Self { width, height, pixels: vec![255; n_pixels * 3] }
    }

    pub(super) fn set(&mut self, x: i32, y: i32, colour: Rgb) {
        if let Some(pixel) = self.pixel(x, y) {
            pixel.copy_from_slice(&colour);
        }
    }

    /// Covers a pixel by `alpha`, 0 to 1.
    pub(super) fn blend(&mut self, x: i32, y: i32, colour: Rgb, alpha: f32) {
        if let Some(pixel) = self.pixel(x, y) {
            for (under, over) in pixel.iter_mut().zip(colour) {
                let (a, b) = (f32::from(*under), f32::from(over));
                *under = (a + (b - a) * alpha).round() as u8;
            }
        }
    }

    pub(super) fn fill(&mut self, rect: Rect, colour: Rgb) {
        for y in rect.y..rect.bottom() {
            for x in rect.x..rect.right() {
                self.set(x, y, colour);
            }
        }
    }

    /// A line of one pixel just outside `rect`.
    pub(super) fn frame(&mut self, rect: Rect, colour: Rgb) {
        let (x, y) = (rect.x - 1, rect.y - 1);
        let (width, height) = (rect.width + 2, rect.height + 2);
        self.fill(Rect { x, y, width, height: 1 }, colour);
        self.fill(Rect { x, y: rect.bottom(), width, height: 1 }, colour);
        self.fill(Rect { x, y, width: 1, height }, colour);
        self.fill(Rect { x: rect.right(), y, width: 1, height }, colour);
    }

    /// One column of pixels from `top` to `bottom`, at least one pixel tall, its ends antialiased.
    pub(super) fn column(&mut self, x: i32, top: f32, bottom: f32, clip: Rect, colour: Rgb) {
        let grow = ((1.0 - (bottom - top)) / 2.0).max(0.0);
        let top = (top - grow).max(clip.y as f32);
        let bottom = (bottom + grow).min(clip.bottom() as f32);
        for y in top.floor() as i32..bottom.ceil() as i32 {
            let covered = bottom.min(y as f32 + 1.0) - top.max(y as f32);
            self.blend(x, y, colour, covered.clamp(0.0, 1.0));
        }
    }

    /// Paints `colour` through a mask.
    pub(super) fn paint(&mut self, mask: &Mask, colour: Rgb) {
        let width = mask.rect.width as usize;
        for (index, &coverage) in mask.coverage.iter().enumerate() {
            if coverage > 0.0 {
                let x = mask.rect.x + (index % width) as i32;
                let y = mask.rect.y + (index / width) as i32;
                self.blend(x, y, colour, coverage);
            }
        }
    }

    /// The canvas as the bytes of a PNG file.
    pub(super) fn into_png(self) -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_deflate_compression(png::DeflateCompression::Level(3));
        // Few colours in long runs pack well; filters, made for photographs, break the runs.
        encoder.set_filter(png::Filter::NoFilter);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()?;
        Ok(bytes)
    }

    fn pixel(&mut self, x: i32, y: i32) -> Option<&mut [u8]> {
        if !(0..self.width).contains(&x) || !(0..self.height).contains(&y) {
            return None;
        }
        let start = (y as usize * self.width as usize + x as usize) * 3;
        self.pixels.get_mut(start..start + 3)
    }
}

/// How much of each pixel of a rectangle is covered, 0 to 1.
///
/// Strokes are gathered here before they are painted, so that overlapping ends do not add up.
pub(super) struct Mask {
    rect: Rect,
    coverage: Vec<f32>,
}

impl Mask {
    pub(super) fn new(rect: Rect) -> Self {
        let n_pixels = rect.width.max(0) as usize * rect.height.max(0) as usize;
        Self { rect, coverage: vec![0.0; n_pixels] }
    }

    /// A straight stroke with round ends; a dot where both ends are the same.
    pub(super) fn stroke(&mut self, from: (f32, f32), to: (f32, f32), width: f32) {
        let reach = width / 2.0 + 0.5;
        let span = |a: f32, b: f32, low: i32, high: i32| {
            let first = (a.min(b) - reach).floor().max(low as f32) as i32;
            let last = (a.max(b) + reach).ceil().min(high as f32) as i32;
            first..last
        };
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let squared_length = dx * dx + dy * dy;
        for y in span(from.1, to.1, self.rect.y, self.rect.bottom()) {
            let row = (y - self.rect.y) as usize * self.rect.width as usize;
            for x in span(from.0, to.0, self.rect.x, self.rect.right()) {
                let (px, py) = (x as f32 + 0.5 - from.0, y as f32 + 0.5 - from.1);
                let along = if squared_length > 0.0 {
                    ((px * dx + py * dy) / squared_length).clamp(0.0, 1.0)
                } else {
                    0.0
                };
                let distance = ((px - along * dx).powi(2) + (py - along * dy).powi(2)).sqrt();
                let pixel = &mut self.coverage[row + (x - self.rect.x) as usize];
                *pixel = pixel.max((reach - distance).clamp(0.0, 1.0));
            }
        }
    }

    /// Covers the pixel that holds a point: what is left of a dot where there are too many for strokes.
    pub(super) fn speck(&mut self, (x, y): (f32, f32)) {
        let (x, y) = (x.floor() as i32 - self.rect.x, y.floor() as i32 - self.rect.y);
        if (0..self.rect.width).contains(&x) && (0..self.rect.height).contains(&y) {
            self.coverage[y as usize * self.rect.width as usize + x as usize] = 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECT: Rect = Rect { x: 2, y: 1, width: 6, height: 4 };

    #[test]
    fn shapes_stay_inside_their_clip() {
        let mut canvas = Canvas::new(10, 6);
        let mut mask = Mask::new(RECT);
        mask.stroke((-50.0, -20.0), (60.0, 30.0), 3.0);
        canvas.paint(&mask, [0; 3]);
        canvas.column(3, -100.0, 100.0, RECT, [0; 3]);
        for y in 0..6 {
            for x in 0..10 {
                let inside = (2..8).contains(&x) && (1..5).contains(&y);
                let white = canvas.pixel(x, y).unwrap() == [255; 3];
                assert!(inside || white, "pixel {x}, {y}");
            }
        }
        canvas.set(-1, 3, [0; 3]);
        canvas.set(3, 6, [0; 3]);
    }

    #[test]
    fn a_level_stroke_covers_its_width() {
        let mut mask = Mask::new(RECT);
        mask.stroke((0.0, 3.0), (10.0, 3.0), 2.0);
        let column: Vec<f32> = (0..4).map(|y| mask.coverage[y * 6 + 3]).collect();
        assert_eq!(column, [0.0, 1.0, 1.0, 0.0]);
    }
}
