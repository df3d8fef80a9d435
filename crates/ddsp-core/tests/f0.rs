//! What the default pitch tracker means: made tones with a known fundamental, and sounds without one.

use std::f64::consts::TAU;

use ddsp_core::feature::f0::{F0Config, F0Track, UNPITCHED_F0_HZ, UNVOICED_CONFIDENCE, track};

/// Frames left out at either end of a tone, where it enters and leaves the window.
const EDGE: usize = 12;

fn track_default(audio: &[f32], sample_rate: u32) -> F0Track {
    let hop_size = sample_rate as usize / 250;
    let n_frames = audio.len().div_ceil(hop_size);
    let track = track(audio, sample_rate, hop_size, n_frames, &F0Config::default())
        .expect("the default fits any rate");
    assert_eq!(track.f0_hz.len(), n_frames);
    assert!(track.f0_hz.iter().all(|f| f.is_finite() && *f > 0.0));
    for (confidence, voiced) in track.f0_confidence.iter().zip(&track.voiced) {
        assert!((0.0..=1.0).contains(confidence));
        assert!(*voiced || *confidence <= UNVOICED_CONFIDENCE);
    }
    track
}

/// A tone whose frequency follows `f0_hz(t)`, with the given amplitudes of harmonics 1, 2, …
/// Harmonics at and above 0.45 of the rate are left out.
fn tone(rate: u32, seconds: f64, amplitudes: &[f64], f0_hz: impl Fn(f64) -> f64) -> Vec<f32> {
    let rate = f64::from(rate);
    let mut phase = 0.0f64;
    (0..(seconds * rate) as usize)
        .map(|i| {
            let f0 = f0_hz(i as f64 / rate);
            let audible = |k: usize| (k + 1) as f64 * f0 < 0.45 * rate;
            let x: f64 = (0..amplitudes.len())
                .filter(|&k| audible(k))
                .map(|k| amplitudes[k] * (TAU * phase * (k + 1) as f64).sin())
                .sum();
            phase = (phase + f0 / rate).fract();
            (0.3 * x) as f32
        })
        .collect()
}

/// Asserts that all but the edge frames are voiced and within `cents` of `f0_hz(t)`.
fn assert_follows(track: &F0Track, cents: f64, f0_hz: impl Fn(f64) -> f64, name: &str) {
    for i in EDGE..track.f0_hz.len() - EDGE {
        let expected = f0_hz(i as f64 / 250.0);
        let actual = f64::from(track.f0_hz[i]);
        let error = 1200.0 * (actual / expected).log2();
        assert!(track.voiced[i], "{name}: frame {i} is unvoiced");
        assert!(error.abs() < cents, "{name}: frame {i}: {actual} Hz, not {expected} Hz");
    }
}

/// Uniform white noise of peak 0.3, from a fixed seed.
fn white_noise(n: usize) -> Vec<f32> {
    let mut seed = 7u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 24) as f32
    };
    (0..n).map(|_| 0.6 * (next() - 0.5)).collect()
}

#[test]
fn tones_from_32_to_2000_hz_at_three_rates() {
    let rich = [1.0, 0.5, 0.33, 0.25, 0.2, 0.17];
    for rate in [16_000, 44_100, 48_000] {
        for f0 in [32.0, 41.2, 63.0, 65.4, 110.0, 261.6, 523.3, 987.8, 1480.0, 2000.0] {
            for (amplitudes, name) in [(&rich[..1], "sine"), (&rich[..], "rich")] {
                let audio = tone(rate, 0.4, amplitudes, |_| f0);
                let name = format!("{name} {f0} Hz at {rate} Hz");
                // 44100 Hz has no whole hop at 250 frames a second; the pitch is constant here.
                assert_follows(&track_default(&audio, rate), 4.0, |_| f0, &name);
            }
        }
    }
}

#[test]
fn a_missing_fundamental_is_heard() {
    let audio = tone(16_000, 0.5, &[0.0, 0.0, 1.0, 1.0, 1.0, 0.7], |_| 150.0);
    assert_follows(&track_default(&audio, 16_000), 2.0, |_| 150.0, "missing fundamental");
}

#[test]
fn vibrato_is_followed() {
    // Five and a half cycles a second, a quarter tone either way.
    let f0 = |t: f64| 440.0 * (50.0 / 1200.0 * (TAU * 5.5 * t).sin()).exp2();
    let audio = tone(16_000, 1.0, &[1.0, 0.6, 0.4, 0.2], f0);
    assert_follows(&track_default(&audio, 16_000), 8.0, f0, "vibrato");
}

#[test]
fn a_glide_over_four_octaves_is_followed() {
    let f0 = |t: f64| 60.0 * (2.0 * t).exp2();
    let audio = tone(16_000, 2.0, &[1.0, 0.6, 0.4, 0.2], f0);
    assert_follows(&track_default(&audio, 16_000), 15.0, f0, "glide");
}

#[test]
fn weak_odd_harmonics_do_not_raise_the_octave() {
    // The odd harmonics hold 4 % of the power.
    let audio = tone(16_000, 0.5, &[0.2, 1.0, 0.1, 0.5], |_| 200.0);
    assert_follows(&track_default(&audio, 16_000), 2.0, |_| 200.0, "weak odd harmonics");
}

#[test]
fn nothing_in_the_clip_gives_the_agreed_constant() {
    let impulse: Vec<f32> = (0..8000).map(|i| if i == 4000 { 1.0 } else { 0.0 }).collect();
    let clips: [&[f32]; 6] = [&[], &[0.5], &[0.0; 8000], &[0.3; 8000], &[-1e-30; 100], &impulse];
    for audio in clips {
        let track = track_default(audio, 16_000);
        assert!(track.voiced.iter().all(|voiced| !voiced));
        assert!(track.f0_hz.iter().all(|&f| f == UNPITCHED_F0_HZ));
        assert!(track.f0_confidence.iter().all(|&c| c == 0.0));
    }
}

#[test]
fn any_count_of_frames_and_any_hop_is_answered() {
    let audio = tone(16_000, 0.1, &[1.0], |_| 440.0);
    for (hop_size, n_frames) in [(64, 0), (64, 100), (1, 1600), (16_000, 3), (usize::MAX, 2)] {
        let track = track(&audio, 16_000, hop_size, n_frames, &F0Config::default()).unwrap();
        assert_eq!(track.f0_hz.len(), n_frames);
        assert!(track.f0_hz.iter().all(|f| f.is_finite() && *f > 0.0));
    }
    assert!(track(&audio, 0, 64, 1, &F0Config::default()).is_err());
    assert!(track(&audio, 16_000, 0, 1, &F0Config::default()).is_err());
}

#[test]
fn white_noise_is_mostly_unvoiced() {
    let track = track_default(&white_noise(32_000), 16_000);
    let n_voiced = track.voiced.iter().filter(|&&voiced| voiced).count();
    assert!(n_voiced * 50 < track.voiced.len(), "{n_voiced} of {}", track.voiced.len());
}

#[test]
fn voice_starts_and_ends_with_the_note() {
    let silence = vec![0.0; 8000];
    let note = tone(16_000, 0.5, &[1.0, 0.5], |_| 330.0);
    let audio = [&silence[..], &note[..], &silence[..]].concat();
    let track = track_default(&audio, 16_000);
    let first = track.voiced.iter().position(|&voiced| voiced).unwrap();
    let last = track.voiced.iter().rposition(|&voiced| voiced).unwrap();
    assert!(first.abs_diff(125) <= 2 && last.abs_diff(249) <= 2, "{first} to {last}");
    // The note's pitch is held through the silence around it, without a stray value.
    assert!(track.f0_hz.iter().all(|f| (f / 330.0 - 1.0).abs() < 0.01));
    assert_eq!((track.f0_confidence[0], track.f0_confidence[374]), (0.0, 0.0));
}

#[test]
fn a_gap_between_notes_is_bridged_in_log_frequency() {
    let low = tone(16_000, 0.4, &[1.0, 0.5], |_| 110.0);
    let high = tone(16_000, 0.4, &[1.0, 0.5], |_| 440.0);
    let audio = [&low[..], &vec![0.0; 6400][..], &high[..]].concat();
    let track = track_default(&audio, 16_000);
    let middle = track.f0_hz[150];
    assert!((middle / 220.0 - 1.0).abs() < 0.05, "{middle} Hz");
    assert!(track.f0_hz[100..200].is_sorted_by(|a, b| *a <= b * 1.001));
    assert!(!track.voiced[150] && track.f0_confidence[150] == 0.0);
}

#[test]
fn repeated_runs_give_the_same_bits() {
    let mut audio = white_noise(16_000);
    let tone = tone(16_000, 1.0, &[1.0, 0.5, 0.2], |t| 200.0 + 100.0 * t);
    audio.iter_mut().zip(&tone).for_each(|(noise, tone)| *noise = 0.2 * *noise + tone);
    assert_eq!(track_default(&audio, 16_000), track_default(&audio, 16_000));
}

#[test]
fn loudness_of_the_clip_does_not_matter() {
    let f0 = |t: f64| 200.0 + 100.0 * t;
    let audio = tone(16_000, 1.0, &[1.0, 0.5, 0.2], f0);
    let expected = track_default(&audio, 16_000);
    for gain in [1e-25f32, 1e-3, 3.0, 1e25] {
        let scaled: Vec<f32> = audio.iter().map(|x| x * gain).collect();
        let actual = track_default(&scaled, 16_000);
        assert_eq!(actual.voiced, expected.voiced);
        for (a, b) in actual.f0_hz.iter().zip(&expected.f0_hz) {
            assert!((a / b - 1.0).abs() < 1e-5, "gain {gain}: {a} Hz, not {b} Hz");
        }
    }
}

#[test]
fn a_constant_offset_does_not_matter() {
    let audio = tone(16_000, 0.5, &[1.0, 0.5], |_| 100.0);
    let shifted: Vec<f32> = audio.iter().map(|x| x + 0.5).collect();
    assert_follows(&track_default(&shifted, 16_000), 2.0, |_| 100.0, "offset");
}
