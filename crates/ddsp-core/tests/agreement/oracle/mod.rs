//! Magenta's numbers, function by function, in f32 and in f64.
//!
//! Reads `golden/core`, or the folder `core` under `DDSP_ORACLE`: its `index.json` and, for the older
//! library, its `legacy_index.json`. One file here for each group of cases.

mod effects;
mod filters;
mod freq_scaling;
mod math;
mod nn;
mod prepost;
mod resample;
mod sinusoids;
mod spectral;
mod synths;
mod wavetable;

use std::collections::BTreeMap;
use std::path::PathBuf;

use ddsp_cases::{Case, Distances, GOLDEN, golden_dir, read_cases};
use ddsp_core::real::Real;

/// Functions whose reference may stand further than `GOLDEN` from f64: the cause and the cap.
///
/// A sum of f32 radians is off by some 1e-7 of the phase it has reached at every step, times the
/// harmonic's number where harmonics take their phase from the fundamental; the caps are those of a few
/// seconds. Where it is wrapped, a value beside the seam may stand a whole turn away.
const KNOWN_DISTANCES: &[(&str, &str, f64)] = &[
    ("core.angular_cumsum", PHASE_SUM, 1e-1),
    ("core.oscillator_bank", PHASE_SUM, 1e-2),
    ("core.harmonic_oscillator_bank", PHASE_SUM, 2e-2),
    ("core.harmonic_synthesis", PHASE_SUM, 2e-1),
    ("core.streaming_harmonic_synthesis", PHASE_SUM, 2e-2),
    ("synths.Harmonic", PHASE_SUM, 1e-2),
    ("synths.Sinusoidal", PHASE_SUM, 1e-2),
    ("synths.Wavetable", PHASE_SUM, 5e-3),
    ("core.wavetable_synthesis", PHASE_SUM, 5e-3),
    ("core.fft_convolve", "it convolves by an FFT in f32", 2e-5),
    ("effects.Reverb", "it convolves by an FFT in f32", 2e-5),
    ("effects.ExpDecayReverb", "it convolves by an FFT in f32", 5e-5),
    ("effects.FilteredNoiseReverb", "it convolves by an FFT in f32", 2e-5),
    ("spectral_ops.compute_mag", FFT, 2e-5),
    ("spectral_ops.compute_mel", FFT, 2e-5),
    ("spectral_ops.compute_logmag", FFT, 1e-3),
    ("spectral_ops.compute_logmel", FFT, 5e-4),
    ("spectral_ops.compute_mfcc", FFT, 1e-4),
    ("encoders.MfccTimeDistributedRnnEncoder", FFT, 5e-4),
];
const FFT: &str = "an FFT in f32 of what is quiet between the partials";
const PHASE_SUM: &str = "it sums phase in f32";

/// Outputs by name; `None` where this function or these arguments are not built.
type Outputs = Option<Vec<(String, Vec<f64>)>>;

fn real<R: Real>(values: &[f64]) -> Vec<R> {
    values.iter().map(|&x| R::narrow(x)).collect()
}

fn output<R: Real>(name: &str, values: Vec<R>) -> (String, Vec<f64>) {
    (name.to_owned(), values.into_iter().map(R::widen).collect())
}

/// The only output of a function.
fn one<R: Real>(values: Vec<R>) -> Outputs {
    Some(vec![output("out", values)])
}

fn run<R: Real>(case: &Case) -> Outputs {
    let groups = [
        math::run::<R>,
        resample::run::<R>,
        sinusoids::run::<R>,
        synths::run::<R>,
        effects::run::<R>,
        spectral::run::<R>,
        nn::run::<R>,
        freq_scaling::run::<R>,
        filters::run::<R>,
        wavetable::run::<R>,
        prepost::run::<R>,
    ];
    groups.iter().find_map(|group| group(case))
}

#[test]
fn oracle() {
    let full = std::env::var_os("DDSP_ORACLE").map(PathBuf::from);
    let dir = full.clone().unwrap_or_else(golden_dir).join("core");
    let mut cases = read_cases(&dir.join("index.json"));
    let legacy = dir.join("legacy_index.json");
    if legacy.exists() {
        cases.extend(read_cases(&legacy));
    }
    let (mut n_run, mut n_passed, mut missing) = (0, 0, BTreeMap::<_, usize>::new());
    let mut failures = Vec::new();
    let mut worst: BTreeMap<String, Distances> = BTreeMap::new();
    for case in &cases {
        let (Some(ours), Some(precise)) = (run::<f32>(case), run::<f64>(case)) else {
            *missing.entry((&case.group, &case.function)).or_default() += 1;
            continue;
        };
        n_run += 1;
        let before = failures.len();
        let outputs = case.tensors.under("out/").map(|(name, ..)| name);
        for name in outputs.filter(|name| !ours.iter().any(|(ours, _)| ours == name)) {
            failures.push(format!("{}/{} {name}: not computed", case.group, case.name));
        }
        let cap = KNOWN_DISTANCES.iter().find(|k| k.0 == case.function).map_or(GOLDEN, |k| k.2);
        for ((name, ours), (_, precise)) in ours.iter().zip(&precise) {
            if !case.tensors.has(&format!("out/{name}")) {
                continue;
            }
            let reference = case.tensors.get(&format!("out/{name}"));
            if ours.len() != reference.len() {
                let lengths = format!("{} values, expected {}", ours.len(), reference.len());
                failures.push(format!("{}/{} {name}: {lengths}", case.group, case.name));
                continue;
            }
            let d = Distances::new(ours, precise, reference);
            if !d.pass(cap) {
                failures.push(format!("{}/{} {name}: {d:?}", case.group, case.name));
            }
            let entry = worst.entry(format!("{} {name}", case.function)).or_insert(d);
            if d.ours_to_reference > entry.ours_to_reference {
                *entry = d;
            }
        }
        n_passed += usize::from(failures.len() == before);
    }
    for (name, d) in &worst {
        println!(
            "{name:60} ours-f64 {:.1e}  reference-f64 {:.1e}  ours-reference {:.1e}",
            d.ours_to_f64, d.reference_to_f64, d.ours_to_reference
        );
    }
    for ((group, function), n) in &missing {
        println!("missing: {group} {function} ({n})");
    }
    let n_missing: usize = missing.values().sum();
    println!("{n_run} cases run, {n_passed} passed, {n_missing} missing");
    assert!(n_run > 0, "no case was run");
    assert!(full.is_some() || n_missing == 0, "every golden case runs");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
