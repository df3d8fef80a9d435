//! The built-in pitch tracker against other trackers, on singing.
//!
//! CREPE's numbers lie beside a recording that may not be copied, so they are compared where the shared
//! folder is at hand; Praat's numbers for a free recording are always compared.

use ddsp_cases::{Tensors, golden_dir, shared_dir};
use ddsp_core::feature::f0::{F0Config, track};

/// Two trackers of good singing differ by less than a tenth of a semitone in the middle …
const MEDIAN_CENTS: f64 = 10.0;
/// … and by less than half a semitone in this share of the frames.
const SHARE_WITHIN_50_CENTS: f64 = 0.95;

/// Tracks `audio` at 16 kHz, 250 frames/s, and compares the frames that both call voiced;
/// `reference_hz` is 0 where the reference is unsure.
fn assert_agrees(audio: &[f64], reference_hz: &[f64], name: &str) {
    let audio: Vec<f32> = audio.iter().map(|&x| x as f32).collect();
    let ours = track(&audio, 16_000, 64, reference_hz.len(), &F0Config::default()).unwrap();
    let both = (0..reference_hz.len()).filter(|&i| ours.voiced[i] && reference_hz[i] > 0.0);
    let cents = |i: usize| 1200.0 * (f64::from(ours.f0_hz[i]) / reference_hz[i]).log2().abs();
    let mut cents: Vec<f64> = both.map(cents).collect();
    cents.sort_by(f64::total_cmp);
    let n_reference = reference_hz.iter().filter(|&&hz| hz > 0.0).count();
    assert!(cents.len() * 10 >= n_reference * 9, "{name}: {} of {n_reference}", cents.len());
    let median = cents[cents.len() / 2];
    let share = cents.iter().filter(|&&c| c <= 50.0).count() as f64 / cents.len() as f64;
    println!(
        "{name}: {} of {n_reference} frames, median {median:.2} cents, {:.1}% within 50 cents",
        cents.len(),
        100.0 * share
    );
    assert!(median < MEDIAN_CENTS, "{name}: median {median} cents");
    assert!(share >= SHARE_WITHIN_50_CENTS, "{name}: {share} within 50 cents");
}

#[test]
fn f0_of_singing_agrees_with_praat() {
    let golden = Tensors::read(&golden_dir().join("f0/sung_melody.safetensors"));
    assert_agrees(golden.get("audio"), golden.get("praat_f0_hz"), "Praat");
}

#[test]
fn f0_of_singing_agrees_with_crepe_where_its_numbers_are_at_hand() {
    let path = shared_dir().map(|dir| dir.join("oracle/transfer/crepe_full_vocal.safetensors"));
    let Some(path) = path.filter(|path| path.is_file()) else {
        println!("crepe_full_vocal is not at hand: Praat's numbers alone were compared");
        return;
    };
    let tensors = Tensors::read(&path);
    let sure = tensors.get("f0_confidence_250").iter().map(|&c| c >= 0.8);
    let crepe = tensors.get("f0_hz_viterbi_250").iter().zip(sure);
    let crepe: Vec<f64> = crepe.map(|(&hz, sure)| if sure { hz } else { 0.0 }).collect();
    assert_agrees(tensors.get("audio"), &crepe, "CREPE");
}
