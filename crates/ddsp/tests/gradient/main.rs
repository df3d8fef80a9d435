//! Magenta's gradients, function by function, in f32 and in f64.
//!
//! Reads `golden/gradients/core`, or the folder `core` under `DDSP_ORACLE`: every `grad/X` is d sum(w out)/dX for the stored weight w.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail loudly and print tallies")]

mod elements;
mod leaves;
mod network;

use std::collections::BTreeMap;
use std::path::PathBuf;

use burn::tensor::{DType, Tensor};
use ddsp::burn;
use ddsp_cases::{Case, Distances, distance, golden_dir, read_cases};

use crate::leaves::{Leaves, values};

/// The limit of the relative distance to the reference.
const LIMIT: f64 = 1e-4;
/// Against gradients of zero.
const ZERO_LIMIT: f64 = 1e-6;
/// Functions through which TensorFlow's f32 loses more: the cause, the limit, and how far from f64 the reference may stand.
///
/// Where the reference is off by more than half the limit, its distance from f64 times two is the limit of ours to it; ours to f64 keeps
/// the limit.
const WIDER: &[(&str, &str, f64, f64)] = &[
    ("core.harmonic_synthesis", PHASE, 2e-3, 5e-2),
    ("synths.Harmonic", PHASE, 2e-3, 5e-2),
    ("losses.SpectralLoss", LOGMAG, 5e-3, 5e-3),
    ("spectral_ops.compute_loudness", LOGMAG, 5e-3, 5e-3),
    ("encoders.MfccTimeDistributedRnnEncoder", LOGMAG, 5e-3, 5e-3),
    ("spectral_ops.compute_mag", "the direction of bins that an FFT in f32 gave", 1e-4, 1e-3),
];
const PHASE: &str = "it sums phase in f32";
const LOGMAG: &str = "logarithms of small magnitudes that an FFT in f32 gave";
/// An L1 loss has a kink where two magnitudes are equal; nearer than f32 resolves, each side is right. The gradient in f64 of inputs
/// that differ by the error bound of a transform in f32, 2^-24 for each of nine stages, tells what may flip.
const ROUNDING: f64 = 9.0 / 16_777_216.0;

/// Values and gradients of a case.
struct Computed {
    outputs: Vec<(String, Vec<f64>)>,
    gradients: Vec<(String, Vec<f64>)>,
}

fn compute(case: &Case, dtype: DType) -> Option<Computed> {
    compute_at(case, Leaves::new(case, dtype))
}

/// How far gradients in f64 move when the inputs are rounded as f32 rounds.
fn conditioning(case: &Case, name: &str, precise: &[f64]) -> f64 {
    let moved = |seed| {
        let leaves = Leaves::new(case, DType::F64).rounded(ROUNDING, seed);
        let gradients = compute_at(case, leaves)?.gradients;
        gradients.into_iter().find(|g| g.0 == name).map(|g| distance(&g.1, precise))
    };
    (0..8).filter_map(moved).fold(0.0, f64::max)
}

fn compute_at(case: &Case, leaves: Leaves<'_>) -> Option<Computed> {
    let outputs = elements::run(case, &leaves).or_else(|| network::run(case, &leaves))?;
    let weighted = outputs.iter().map(|(name, out)| {
        let named = format!("in/grad_w.{name}");
        let name = if case.tensors.has(&named) { named } else { "in/grad_w".to_owned() };
        let n = out.dims()[0];
        assert_eq!(case.tensors.get(&name).len(), n, "{}: {name}", case.name);
        (out.clone() * leaves.constant::<1>(&name, [n])).sum()
    });
    let sum = weighted.reduce(|a: Tensor<1>, b| a + b)?;
    let gradients = leaves.gradients(&sum.backward());
    let outputs = outputs.into_iter().map(|(name, out)| (name, values(out))).collect();
    Some(Computed { outputs, gradients })
}

#[test]
fn gradient() {
    let full = std::env::var_os("DDSP_ORACLE").map(PathBuf::from);
    let dir = full.clone().unwrap_or_else(|| golden_dir().join("gradients")).join("core");
    let cases = read_cases(&dir.join("index.json"));
    let (mut n_run, mut n_passed, mut n_empty) = (0, 0, 0);
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    let mut worst: BTreeMap<&str, Distances> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in &cases {
        let asked: Vec<&str> = case.tensors.under("grad/").map(|(name, ..)| name).collect();
        if asked.is_empty() {
            continue;
        }
        // Where the reference cuts everything away (its slice `[start:-end]`), there is nothing to differentiate.
        if case.tensors.has("in/grad_w") && case.tensors.get("in/grad_w").is_empty() {
            println!("the reference gives nothing: {}", case.name);
            n_empty += asked.len();
            continue;
        }
        let (Some(ours), Some(precise)) = (compute(case, DType::F32), compute(case, DType::F64))
        else {
            *missing.entry(&case.function).or_default() += asked.len();
            continue;
        };
        let wider = WIDER.iter().find(|(function, ..)| *function == case.function);
        let (limit, cap) = wider.map_or((LIMIT, LIMIT), |w| (w.2, w.3));
        for (name, out) in &precise.outputs {
            let reference = case.tensors.get(&format!("out/{name}"));
            let d = distance(out, reference);
            // The values have a stricter test of their own in the kernels; here they tell a case that is another function.
            if d > 0.2 {
                failures.push(format!("{} out/{name}: {d:.1e} from the reference", case.name));
            }
        }
        for name in asked {
            n_run += 1;
            let of = |computed: &Computed| {
                computed.gradients.iter().find(|g| g.0 == name).map(|g| g.1.clone())
            };
            let reference = case.tensors.get(&format!("grad/{name}"));
            let (Some(ours), Some(precise)) = (of(&ours), of(&precise)) else {
                failures.push(format!("{} grad/{name}: not computed", case.name));
                continue;
            };
            if ours.len() != reference.len() {
                let found = format!("{} values, expected {}", ours.len(), reference.len());
                failures.push(format!("{} grad/{name}: {found}", case.name));
                continue;
            }
            let d = Distances::new(&ours, &precise, reference);
            let is_zero = reference.iter().all(|&x| x == 0.0);
            let ours_limit = match case.function.as_str() {
                "losses.SpectralLoss" if d.ours_to_f64 > limit => {
                    let moved = conditioning(case, name, &precise);
                    println!("{} grad/{name}: on a kink, f32 moves it by {moved:.1e}", case.name);
                    limit + moved
                }
                _ => limit,
            };
            let passes = if is_zero {
                d.ours_to_reference <= ZERO_LIMIT
            } else {
                d.reference_to_f64 <= cap
                    && d.ours_to_f64 <= ours_limit
                    && d.ours_to_reference <= ours_limit.max(2.0 * d.reference_to_f64)
            };
            if passes {
                n_passed += 1;
            } else {
                failures.push(format!("{} grad/{name}: {d:?}", case.name));
            }
            let entry = worst.entry(&case.function).or_insert(d);
            if d.ours_to_reference > entry.ours_to_reference {
                *entry = d;
            }
        }
    }
    for (function, d) in &worst {
        let wider = WIDER.iter().find(|w| w.0 == *function);
        println!(
            "{function:34} ours-f64 {:.1e}  reference-f64 {:.1e}  ours-reference {:.1e}  {}",
            d.ours_to_f64,
            d.reference_to_f64,
            d.ours_to_reference,
            wider.map_or(String::new(), |w| format!("limit {:.0e}: {}", w.2, w.1)),
        );
    }
    for (function, n) in &missing {
        println!("missing: {function} ({n})");
    }
    let n_missing: usize = missing.values().sum();
    println!("{n_empty} gradients of nothing");
    println!("{n_run} gradients run, {n_passed} passed, {n_missing} missing");
    assert!(n_run > 0, "no gradient was run");
    assert!(full.is_some() || n_missing == 0, "every golden case runs");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
