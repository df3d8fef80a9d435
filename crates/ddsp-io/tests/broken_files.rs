//! Broken, foreign and absurd files: each has its sentence, none is read into nonsense.

mod support;

use std::fs;
use std::path::Path;

use ddsp_io::audio::{ChannelChoice, Notice, ReadOptions, Recording, read_mono};
use ddsp_io::{Error, ErrorKind};
use support::{SampleKind, WavSpec, fixture, tone, wav_bytes, write};

const MONO_16: WavSpec =
    WavSpec { sample_rate: 16_000, n_channels: 1, kind: SampleKind::I16, extensible: false };
const MONO_FLOAT: WavSpec = WavSpec { kind: SampleKind::F32, ..MONO_16 };

fn read(path: &Path) -> Result<Recording, Error> {
    read_mono(path, &ReadOptions::default())
}

#[test]
fn every_refusal_names_the_file_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let nan = vec![f32::NAN; 800];
    let whole = wav_bytes(MONO_16, &tone(16_000, 0.1));
    let m4a = fs::read(fixture("tone.m4a")).unwrap();
    let protected = replace(&m4a, b"mp4a", b"drms");
    let no_wma =
        replace(&fs::read(fixture("tone_adpcm.wav")).unwrap(), b"\x02\0\x01\0", b"\x61\x01\x01\0");
    let wav = |spec, x: &[f32]| wav_bytes(spec, x);
    #[rustfmt::skip]
    let cases: Vec<(&str, Vec<u8>, ErrorKind, &str)> = vec![
        ("empty.wav", vec![], ErrorKind::NotAudio, "empty (0 bytes)"),
        ("text.wav", b"just some words\n".to_vec(), ErrorKind::NotAudio, "found text"),
        ("noise.mp3", (0..9000u32).map(|i| ((i * i) >> 7) as u8 & 0x7f).collect(), ErrorKind::NotAudio, "not an audio file"),
        ("picture.wav", b"\x89PNG\r\n\x1a\n".to_vec(), ErrorKind::NotAudio, "a PNG picture"),
        ("notes.mid", b"MThd\0\0\0\x06".to_vec(), ErrorKind::NotAudio, "MIDI"),
        ("none.wav", wav(MONO_16, &[]), ErrorKind::NoAudio, "0 samples"),
        ("nan.wav", wav(MONO_FLOAT, &nan), ErrorKind::NoAudio, "none of the 800 samples"),
        ("0hz.wav", wav(WavSpec { sample_rate: 0, ..MONO_16 }, &[0.1]), ErrorKind::Damaged, "found 0 Hz"),
        ("4ghz.wav", wav(WavSpec { sample_rate: u32::MAX, ..MONO_16 }, &[0.1]), ErrorKind::Damaged, "found 4294967295 Hz"),
        ("0ch.wav", wav(WavSpec { n_channels: 0, ..MONO_16 }, &[0.1]), ErrorKind::Damaged, "channels, found 0"),
        ("65535ch.wav", wav(WavSpec { n_channels: 65535, ..MONO_16 }, &[0.1]), ErrorKind::Damaged, "found 65535"),
        ("64ch.wav", wav(WavSpec { n_channels: 64, extensible: true, ..MONO_16 }, &[0.1; 64]), ErrorKind::UnsupportedCodec, "has 64 channels, more than"),
        ("header.wav", whole[..20].to_vec(), ErrorKind::Damaged, "damaged"),
        ("format.wav", whole[..36].to_vec(), ErrorKind::Damaged, "damaged"),
        ("header.flac", fs::read(fixture("tone.flac")).unwrap()[..30].to_vec(), ErrorKind::Damaged, "damaged"),
        ("header.m4a", m4a[..40].to_vec(), ErrorKind::Damaged, "damaged"),
        ("wma.wav", no_wma, ErrorKind::UnsupportedCodec, "WMA audio is not decoded"),
        ("bought.m4p", protected, ErrorKind::UnsupportedCodec, "copy-protected"),
    ];
    for (name, bytes, kind, words) in cases {
        let e = read(&write(&folder, name, &bytes)).map(|r| r.source).unwrap_err();
        assert_eq!(e.kind(), kind, "{e}");
        let message = e.to_string();
        println!("{message}");
        assert!(message.contains(name) && message.contains(words), "{message}");
        assert!(!message.ends_with('.') && !message.contains('\n'), "{message}");
    }
}

#[test]
fn codecs_that_are_not_decoded_are_named_with_the_way_out() {
    for (name, codec) in [
        ("tone.opus", "Opus"),
        ("tone.webm", "Opus"),
        ("tone.wma", "Windows Media (WMA)"),
        ("tone.ac3", "AC-3"),
        ("tone_ac3.m4a", "AC-3"),
        ("he_aac_explicit.m4a", "HE-AAC"),
        ("he_aac_implicit.m4a", "HE-AAC"),
        ("he_aac.aac", "HE-AAC"),
    ] {
        let path = fixture(name);
        let e = read(&path).map(|r| r.source).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::UnsupportedCodec, "{e}");
        let path = path.display();
        let expected = format!(
            "{path}: {codec} audio is not decoded here; convert it first: \
             ffmpeg -i \"{path}\" \"{path}.wav\""
        );
        assert_eq!(e.to_string(), expected);
    }
}

#[test]
fn what_is_no_file_has_its_own_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let e = read(&folder.path().join("missing.wav")).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::NotFound);
    assert!(e.to_string().ends_with("missing.wav: there is no such file"), "{e}");
    let e = read(folder.path()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Unreadable);
    assert!(e.to_string().ends_with("expected an audio file, found a folder"), "{e}");
    #[cfg(unix)]
    {
        let e = read(Path::new("/dev/null")).unwrap_err();
        assert!(e.to_string().ends_with("found a pipe or a device"), "{e}");
    }
}

#[test]
fn one_sample_is_a_recording() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "one.wav", &wav_bytes(MONO_FLOAT, &[0.25]));
    assert_eq!(read(&path).unwrap().samples, [0.25]);
    let options = ReadOptions { sample_rate: Some(48_000), channel: ChannelChoice::Mean };
    assert_eq!(read_mono(&path, &options).unwrap().samples.len(), 3);
}

#[test]
fn samples_that_are_no_numbers_become_silence_and_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut x = tone(16_000, 0.1);
    (x[3], x[70], x[71]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
    let recording = read(&write(&folder, "some.wav", &wav_bytes(MONO_FLOAT, &x))).unwrap();
    assert_eq!(recording.notices, [Notice::NonFinite { n_samples: 3 }]);
    assert_eq!([recording.samples[3], recording.samples[70], recording.samples[71]], [0.0; 3]);
    assert_eq!(recording.samples[72], x[72]);
}

#[test]
fn what_is_readable_of_a_cut_file_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let wav = wav_bytes(MONO_16, &tone(16_000, 0.3));
    for (name, bytes) in [
        ("cut.wav", wav),
        ("cut.flac", fs::read(fixture("tone.flac")).unwrap()),
        ("cut.mp3", fs::read(fixture("tone.mp3")).unwrap()),
    ] {
        let whole = read(&write(&folder, name, &bytes)).unwrap();
        assert_eq!(whole.notices, [], "{name}");
        let cut = read(&write(&folder, name, &bytes[..bytes.len() * 6 / 10])).unwrap();
        let ratio = cut.source.duration_s / whole.source.duration_s;
        assert!((0.3..0.75).contains(&ratio), "{name}: {ratio}");
        let at_s = cut.source.duration_s;
        assert_eq!(cut.notices, [Notice::EndsEarly { at_s }], "{name}");
        assert!(cut.notices[0].to_string().starts_with("ends early at 0."), "{}", cut.notices[0]);
    }
}

#[test]
fn a_damaged_page_of_ogg_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(fixture("pages.ogg")).unwrap();
    assert_eq!(read(&fixture("pages.ogg")).unwrap().notices, []);
    // The first half is headers.
    let at = bytes.len() * 3 / 4;
    bytes[at] ^= 0xff;
    let recording = read(&write(&folder, "a.ogg", &bytes)).unwrap();
    let [Notice::Gaps { missing_s }] = recording.notices[..] else {
        panic!("{:?}", recording.notices)
    };
    let expected_s = 2.0 - recording.source.duration_s;
    assert!((missing_s - expected_s).abs() < 0.05, "{missing_s} of {expected_s} s");
}

#[test]
fn corrupt_packets_are_left_out_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut m4a = fs::read(fixture("tone.m4a")).unwrap();
    let data = m4a.windows(4).position(|window| window == b"mdat").unwrap();
    m4a[data + 1200..data + 1400].fill(0xff);
    let recording = read(&write(&folder, "a.m4a", &m4a)).unwrap();
    println!("{:?}", recording.notices);
    let [Notice::CorruptPackets { n_packets }] = recording.notices[..] else {
        panic!("{:?}", recording.notices)
    };
    assert!((1..4).contains(&n_packets));
    assert!(recording.source.duration_s > 0.2);
}

/// `bytes` with the first `from` replaced.
fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).expect("it is there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
