//! Every kind of file we read comes out as the tone that went in.

mod support;

use std::path::Path;

use ddsp_io::audio::{
    AudioReader, ChannelChoice, Notice, ReadOptions, read_mono, read_mono_stream,
};
use support::{SampleKind, WavSpec, fixture, goertzel, tone, wav_bytes, write};

/// The level of the 440 Hz part of a signal, as the amplitude of its sine.
fn amplitude_at_440(samples: &[f32], sample_rate: u32) -> f64 {
    goertzel(samples, 440.0 / f64::from(sample_rate))
}

fn assert_tone(path: &Path, sample_rate: u32, n_channels: usize, duration_s: f64, lossy: bool) {
    for rate in [None, Some(16_000), Some(48_000)] {
        let options = ReadOptions { sample_rate: rate, ..Default::default() };
        let recording = read_mono(path, &options).expect("the file can be read");
        let name = path.display();
        assert_eq!(recording.source.sample_rate, sample_rate, "{name}");
        assert_eq!(recording.source.n_channels, n_channels, "{name}");
        assert_eq!(recording.sample_rate, rate.unwrap_or(sample_rate), "{name}");
        assert_eq!(recording.notices, [], "{name}");
        let found_s = recording.samples.len() as f64 / f64::from(recording.sample_rate);
        let tolerance_s = if lossy { 0.03 } else { 1e-4 };
        assert!((found_s - duration_s).abs() < tolerance_s, "{name}: {found_s} s");
        assert!((recording.source.duration_s - found_s).abs() < 1e-4, "{name}");
        let n = recording.samples.len();
        let middle = &recording.samples[n / 4..n * 3 / 4];
        let amplitude = amplitude_at_440(middle, recording.sample_rate);
        let energy: f64 = middle.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
        let total = (2.0 * energy / middle.len() as f64).sqrt();
        let (level, purity) = if lossy { (0.03, 0.05) } else { (0.005, 0.01) };
        assert!((amplitude - 0.5).abs() < level, "{name} at {rate:?}: amplitude {amplitude}");
        assert!((total - amplitude).abs() < purity, "{name} at {rate:?}: {amplitude} of {total}");
    }
}

#[test]
fn committed_files_hold_the_tone() {
    for (name, sample_rate, n_channels, duration_s, lossy) in [
        ("tone.mp3", 44_100, 2, 0.3, true),
        // Without an encoder's header its delay and padding stay: 40 frames of 1152 samples.
        ("no_header.mp3", 44_100, 1, 1.045, true),
        ("tone.ogg", 44_100, 2, 0.3, true),
        ("tone.m4a", 44_100, 1, 0.3, true),
        ("tone_smpb.m4a", 44_100, 1, 0.5, true),
        ("tone.aac", 44_100, 1, 0.557, true),
        ("tone_adpcm.wav", 8_000, 1, 0.509, true),
        ("tone.aiff", 22_050, 1, 0.3, false),
        ("tone.caf", 16_000, 1, 0.3, false),
        ("tone.flac", 48_000, 2, 0.3, false),
        ("tone_alac.m4a", 44_100, 1, 0.2, false),
    ] {
        assert_tone(&fixture(name), sample_rate, n_channels, duration_s, lossy);
    }
}

#[test]
fn every_wav_holds_the_tone() {
    let folder = tempfile::tempdir().unwrap();
    for kind in SampleKind::ALL {
        for (sample_rate, n_channels) in [(8_000, 1), (44_100, 2), (48_000, 1), (96_000, 6)] {
            for extensible in [false, true] {
                let spec = WavSpec { sample_rate, n_channels, kind, extensible };
                let x = tone(sample_rate, 0.25);
                let bytes = wav_bytes(spec, &support::in_all_channels(&x, n_channels));
                let path = write(&folder, "tone.wav", &bytes);
                assert_tone(&path, sample_rate, usize::from(n_channels), 0.25, false);
            }
        }
    }
}

#[test]
fn the_first_sample_stays_in_time() {
    for name in ["tone.mp3", "tone.ogg", "tone.m4a", "tone_smpb.m4a", "tone.flac", "tone_alac.m4a"]
    {
        let recording = read_mono(&fixture(name), &ReadOptions::default()).unwrap();
        let w = std::f64::consts::TAU * 440.0 / f64::from(recording.sample_rate);
        let (first, last) = (2_000, 6_000);
        let (mut s, mut c) = (0.0, 0.0);
        for (i, &x) in recording.samples.iter().enumerate().take(last).skip(first) {
            let angle = w * i as f64;
            (s, c) = (s + f64::from(x) * angle.sin(), c + f64::from(x) * angle.cos());
        }
        let late_samples = -c.atan2(s) / w;
        // The tone repeats after 100 samples, which is less than any encoder's delay but one.
        assert!(late_samples.abs() < 1.0, "{name} is {late_samples} samples late");
    }
}

#[test]
fn the_format_is_told_by_content_and_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, format_name) in [
        ("tone.mp3", "MP3"),
        ("tone.ogg", "Ogg, Vorbis"),
        ("tone.m4a", "MP4, AAC"),
        ("tone.flac", "FLAC, 24-bit"),
        ("tone.aiff", "AIFF, 16-bit"),
        ("tone_alac.m4a", "MP4, ALAC"),
        ("tone_adpcm.wav", "WAV, ADPCM"),
    ] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        let path = write(&folder, "tone.wav", &bytes);
        let reader = AudioReader::open(&path, ChannelChoice::Mean).unwrap();
        assert_eq!(reader.format_name(), format_name);
    }
}

#[test]
fn a_wav_from_a_pipe_ends_where_the_file_does() {
    let folder = tempfile::tempdir().unwrap();
    let spec =
        WavSpec { sample_rate: 16_000, n_channels: 1, kind: SampleKind::I16, extensible: false };
    for length in [u32::MAX, 0x7fff_ffff] {
        let mut bytes = wav_bytes(spec, &tone(16_000, 0.1));
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        bytes[40..44].copy_from_slice(&length.to_le_bytes());
        let recording =
            read_mono(&write(&folder, "a.wav", &bytes), &ReadOptions::default()).unwrap();
        assert_eq!((recording.samples.len(), &recording.notices[..]), (1_600, &[][..]));
    }
}

#[test]
fn one_channel_can_be_chosen_and_the_mean_is_the_mean() {
    let folder = tempfile::tempdir().unwrap();
    let spec =
        WavSpec { sample_rate: 16_000, n_channels: 3, kind: SampleKind::F32, extensible: false };
    let x: Vec<f32> = (0..3_000).map(|i| [0.25, -0.5, 0.75][i % 3]).collect();
    let path = write(&folder, "three.wav", &wav_bytes(spec, &x));
    let read = |channel| {
        let options = ReadOptions { channel, ..Default::default() };
        read_mono(&path, &options).map(|recording| recording.samples)
    };
    assert!(read(ChannelChoice::Mean).unwrap().iter().all(|x| (x - 0.5 / 3.0).abs() < 1e-6));
    assert!(read(ChannelChoice::One(2)).unwrap().iter().all(|&x| x == -0.5));
    let e = read(ChannelChoice::One(4)).unwrap_err().to_string();
    assert!(e.ends_with("has 3 channels, so channel 4 cannot be used"), "{e}");
    assert!(read(ChannelChoice::One(0)).is_err());
}

#[test]
fn channels_that_cancel_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let spec =
        WavSpec { sample_rate: 16_000, n_channels: 2, kind: SampleKind::I24, extensible: false };
    let read = |right: &dyn Fn(f32) -> f32, channel| {
        let x: Vec<f32> =
            tone(16_000, 0.2).into_iter().flat_map(|left| [left, right(left)]).collect();
        let path = write(&folder, "stereo.wav", &wav_bytes(spec, &x));
        read_mono(&path, &ReadOptions { channel, ..Default::default() }).unwrap().notices
    };
    let notices = read(&|left| -0.95 * left, ChannelChoice::Mean);
    assert!(matches!(notices[..], [Notice::ChannelsCancel { n_channels: 2, .. }]), "{notices:?}");
    assert!(notices[0].to_string().ends_with("use one of them with --channel 1"));
    assert_eq!(read(&|left| -left, ChannelChoice::Mean).len(), 1);
    assert_eq!(read(&|left| -left, ChannelChoice::One(1)), []);
    assert_eq!(read(&|left| left, ChannelChoice::Mean), []);
    assert_eq!(read(&|_| 0.0, ChannelChoice::Mean), []);
}

#[test]
fn blocks_add_up_to_the_recording() {
    let path = fixture("tone.ogg");
    let mut reader = AudioReader::open(&path, ChannelChoice::Mean).unwrap();
    assert_eq!((reader.sample_rate(), reader.n_channels()), (44_100, 2));
    assert_eq!(reader.n_samples_hint(), Some(13_230));
    let (mut block, mut all) = (Vec::new(), Vec::new());
    while reader.read(&mut block).unwrap() > 0 {
        all.extend_from_slice(&block);
    }
    assert_eq!(reader.read(&mut block).unwrap(), 0);
    assert_eq!(all, read_mono(&path, &ReadOptions::default()).unwrap().samples);
}

#[test]
fn a_stream_is_read_as_its_file_is() {
    let files = ["tone.flac", "tone.m4a", "tone.mp3", "no_header.mp3", "tone.ogg", "tone.aac"];
    for name in files.into_iter().chain(["tone.aiff", "tone.caf", "tone_adpcm.wav"]) {
        let options = ReadOptions { sample_rate: Some(16_000), ..ReadOptions::default() };
        let from_file = read_mono(&fixture(name), &options).unwrap();
        // A pipe gives its bytes in pieces of any size.
        let bytes = std::fs::read(fixture(name)).unwrap();
        let stream = std::io::Read::chain(&bytes[..17], &bytes[17..]);
        let from_stream = read_mono_stream(Path::new("standard input"), stream, &options).unwrap();
        assert_eq!(from_stream, from_file, "{name}");
    }
}
