//! Tones and WAV files for the tests, written byte by byte.

// Each test program uses a part of this.
#![allow(dead_code, unreachable_pub)]

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

/// A committed file of `tests/data`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Writes `bytes` to a file in `folder`.
pub fn write(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("the temporary folder can be written to");
    path
}

/// A 440 Hz sine at amplitude 0.5.
pub fn tone(sample_rate: u32, duration_s: f64) -> Vec<f32> {
    let n = (f64::from(sample_rate) * duration_s) as usize;
    let w = TAU * 440.0 / f64::from(sample_rate);
    (0..n).map(|i| (0.5 * (w * i as f64).sin()) as f32).collect()
}

/// The same signal in each of `n_channels`, interleaved.
pub fn in_all_channels(x: &[f32], n_channels: u16) -> Vec<f32> {
    x.iter().flat_map(|&v| std::iter::repeat_n(v, usize::from(n_channels))).collect()
}

/// The amplitude of the sine of this frequency in `x`.
pub fn goertzel(x: &[f32], cycles_per_sample: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (i, &v) in x.iter().enumerate() {
        let angle = TAU * cycles_per_sample * i as f64;
        (re, im) = (re + f64::from(v) * angle.cos(), im + f64::from(v) * angle.sin());
    }
    2.0 * re.hypot(im) / x.len() as f64
}

/// How a WAV file stores samples.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SampleKind {
    U8,
    I16,
    I24,
    I32,
    F32,
    F64,
}

impl SampleKind {
    pub const ALL: [Self; 6] = [Self::U8, Self::I16, Self::I24, Self::I32, Self::F32, Self::F64];

    fn bytes(self) -> u16 {
        match self {
            Self::U8 => 1,
            Self::I16 => 2,
            Self::I24 => 3,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

/// What goes into the header of a WAV file.
#[derive(Clone, Copy, Debug)]
pub struct WavSpec {
    pub sample_rate: u32,
    pub n_channels: u16,
    pub kind: SampleKind,
    pub extensible: bool,
}

/// A WAV file of these interleaved samples.
pub fn wav_bytes(spec: WavSpec, samples: &[f32]) -> Vec<u8> {
    let n_bytes = spec.kind.bytes();
    let mut data = Vec::new();
    for &x in samples {
        let scaled = |bits: u32| (f64::from(x) * 2f64.powi(bits as i32 - 1)).round() as i64;
        match spec.kind {
            SampleKind::U8 => data.push((scaled(8) + 128) as u8),
            SampleKind::F32 => data.extend(x.to_le_bytes()),
            SampleKind::F64 => data.extend(f64::from(x).to_le_bytes()),
            kind => {
                let n = usize::from(kind.bytes());
                data.extend(&scaled(n as u32 * 8).to_le_bytes()[..n]);
            }
        }
    }
    let tag = if matches!(spec.kind, SampleKind::F32 | SampleKind::F64) { 3u16 } else { 1 };
    let frame = u32::from(n_bytes) * u32::from(spec.n_channels);
    let mut format = Vec::new();
    format.extend(if spec.extensible { 0xfffeu16 } else { tag }.to_le_bytes());
    format.extend(spec.n_channels.to_le_bytes());
    format.extend(spec.sample_rate.to_le_bytes());
    format.extend(spec.sample_rate.wrapping_mul(frame).to_le_bytes());
    format.extend((frame as u16).to_le_bytes());
    format.extend((n_bytes * 8).to_le_bytes());
    if spec.extensible {
        format.extend(22u16.to_le_bytes());
        format.extend((n_bytes * 8).to_le_bytes());
        format.extend(0u32.to_le_bytes());
        format.extend(tag.to_le_bytes());
        format.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
    }
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((4 + 8 + format.len() as u32 + 8 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend((format.len() as u32).to_le_bytes());
    bytes.extend(format);
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}
