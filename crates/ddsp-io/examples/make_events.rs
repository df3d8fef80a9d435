//! Writes event files of each kind, for `scripts/check_events.py`.
//!
//! `cargo run -p ddsp-io --example make_events -- FOLDER`: a run of ten steps that died, and went on behind step 5.

use std::error::Error;
use std::path::Path;

use ddsp_io::events::EventWriter;

/// A picture of one pixel.
const PNG: &[u8] = b"\
\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\
\x00\x00\x00\x01\x08\x00\x00\x00\x00\x3a\x7e\x9b\x55\x00\x00\x00\x0a\x49\x44\x41\
\x54\x78\xda\x63\x68\x00\x00\x00\x82\x00\x81\xda\x45\x08\x3b\x00\x00\x00\x00\x49\
\x45\x4e\x44\xae\x42\x60\x82";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("expected a folder")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let mut first = EventWriter::create(folder)?;
    for step in 1..=10 {
        first.scalar(step, "losses/total_loss", 10.0 / step as f64)?;
    }
    first.flush()?;
    drop(first);
    let mut second = EventWriter::create(folder)?;
    second.resume_after(5)?;
    for step in 6..=8 {
        second.scalar(step, "losses/total_loss", 1.0 / step as f64)?;
    }
    let tone: Vec<f32> = (0..16_000).map(|n| 0.5 * (n as f32 * 0.17).sin()).collect();
    second.audio(8, "held-out/1", &tone, 16_000)?;
    second.image(8, "held-out/1", PNG, (1, 1))?;
    second.text(8, "notes", "a **note**")?;
    second.flush()?;
    Ok(())
}
