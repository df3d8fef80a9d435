//! Which signal goes where: Magenta's `ProcessorGroup.dag`.
//!
//! The model file knows one wiring: synthesizers are added, then the sum goes through effects. A dag
//! may say the same in several ways; this finds out whether it does.

use std::collections::BTreeMap;

use super::gin::{Found, Gin, Object};
use super::recipe::Purpose;
use crate::error::Result;

/// A dag of more processors is not read.
const MAX_PROCESSORS: usize = 32;

/// A synthesizer and the decoder's outputs that it reads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Synth {
    pub(super) object: Object,
    pub(super) inputs: Vec<String>,
}

/// The synthesizers, in the order of the dag, and the reverb behind their sum with its name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wiring {
    pub(super) synths: Vec<Synth>,
    pub(super) reverb: Option<(Object, String)>,
    /// What cuts the end of it all.
    pub(super) crop: Option<Object>,
}

/// What a signal is the sum of, and whether it has been through the reverb.
#[derive(Debug, Clone)]
struct Signal {
    synths: Vec<usize>,
    wet: bool,
}

/// Reads a dag.
///
/// *Errors*: it holds a processor, or connects them in a way, that the model file has no place for.
pub(super) fn read_dag(gin: &Gin, dag: &Found<'_>, purpose: Purpose) -> Result<Wiring> {
    let mut wiring = Wiring::default();
    let mut signals = BTreeMap::new();
    let items = dag.items()?;
    if items.len() > MAX_PROCESSORS {
        return Err(dag.wrong(format!("expected at most {MAX_PROCESSORS} processors")));
    }
    let mut last = None;
    for item in &items {
        let pair = item.items()?;
        let [processor, inputs] = &pair[..] else {
            return Err(item.expected("a processor and its inputs"));
        };
        let object = processor.object()?;
        let inputs: Vec<String> = inputs
            .items()?
            .iter()
            .map(|input| input.text().map(str::to_owned))
            .collect::<Result<_>>()?;
        let name = match gin.get(&object, "name")? {
            Some(name) => name.text()?.to_owned(),
            None => default_name(&object.class).to_owned(),
        };
        refuse_unknown(&object, purpose, processor)?;
        let signal = add(&mut wiring, &signals, object, &name, inputs, processor)?;
        signals.insert(format!("{name}/signal"), signal.clone());
        last = Some(signal);
    }
    let heard = last.map_or(0, |signal| signal.synths.len());
    if heard != wiring.synths.len() || heard == 0 {
        let detail = format!(
            "expected the last processor to give the sum of all synthesizers, found {heard} of {}",
            wiring.synths.len()
        );
        return Err(dag.wrong(detail));
    }
    Ok(wiring)
}

/// Refuses a class that there is no place for.
fn refuse_unknown(object: &Object, purpose: Purpose, processor: &Found<'_>) -> Result<()> {
    let (known, names): (&[&str], &str) = match purpose {
        Purpose::Playing => (
            &["Harmonic", "FilteredNoise", "Add", "Reverb"],
            "Harmonic, FilteredNoise, Add and a trainable Reverb",
        ),
        Purpose::Training => (
            &["Harmonic", "FilteredNoise", "Add", "Reverb", "FilteredNoiseReverb", "Crop"],
            "Harmonic, FilteredNoise, Add, a trainable Reverb or FilteredNoiseReverb, and Crop",
        ),
    };
    if known.contains(&object.class.as_str()) {
        return Ok(());
    }
    let detail = format!("{} cannot be imported: expected {names} only", object.class);
    Err(processor.wrong(detail))
}

/// Takes one processor of the dag into the wiring and says what its signal is.
fn add(
    wiring: &mut Wiring,
    signals: &BTreeMap<String, Signal>,
    object: Object,
    name: &str,
    inputs: Vec<String>,
    processor: &Found<'_>,
) -> Result<Signal> {
    let class = object.class.clone();
    let n_inputs = match class.as_str() {
        "Harmonic" => 3,
        "Add" => 2,
        _ => 1,
    };
    if wiring.crop.is_some() {
        return Err(processor.wrong(format!("expected Crop at the end, found {class} behind it")));
    }
    if inputs.len() != n_inputs {
        let detail = format!("expected {n_inputs} inputs of {class}, found {}", inputs.len());
        return Err(processor.wrong(detail));
    }
    let signal = |input: &String| {
        signals.get(input).cloned().ok_or_else(|| {
            processor.wrong(format!(
                "expected {class} to hear an earlier processor (as 'add/signal'), found '{input}'"
            ))
        })
    };
    match class.as_str() {
        "Add" => {
            let (a, b) = (signal(&inputs[0])?, signal(&inputs[1])?);
            if a.wet || b.wet || a.synths.iter().any(|synth| b.synths.contains(synth)) {
                let detail = "expected Add to sum synthesizers, each once, before the reverb, found \
                              another wiring";
                return Err(processor.wrong(detail));
            }
            Ok(Signal { synths: [a.synths, b.synths].concat(), wet: false })
        }
        "Reverb" | "FilteredNoiseReverb" => {
            let dry = signal(&inputs[0])?;
            if wiring.reverb.is_some() {
                return Err(processor.wrong("expected one Reverb, found a second"));
            }
            if dry.synths.len() != wiring.synths.len() {
                let detail = "expected Reverb to hear the sum of all synthesizers, found another \
                              wiring";
                return Err(processor.wrong(detail));
            }
            wiring.reverb = Some((object, name.to_owned()));
            Ok(Signal { wet: true, ..dry })
        }
        "Crop" => {
            let whole = signal(&inputs[0])?;
            if whole.synths.len() != wiring.synths.len() || whole.wet != wiring.reverb.is_some() {
                return Err(processor.wrong("expected Crop to hear all that is before it"));
            }
            wiring.crop = Some(object);
            Ok(whole)
        }
        _ => {
            if wiring.synths.iter().any(|synth| synth.object.class == class) {
                return Err(processor.wrong(format!("expected one {class}, found a second")));
            }
            if wiring.reverb.is_some() {
                let detail = format!("expected {class} before Reverb, found it behind");
                return Err(processor.wrong(detail));
            }
            wiring.synths.push(Synth { object, inputs });
            Ok(Signal { synths: vec![wiring.synths.len() - 1], wet: false })
        }
    }
}

/// What the library calls a processor that is given no name.
fn default_name(class: &str) -> &str {
    match class {
        "Harmonic" => "harmonic",
        "FilteredNoise" => "filtered_noise",
        "Add" => "add",
        "Reverb" | "FilteredNoiseReverb" => "reverb",
        "Crop" => "crop",
        other => other,
    }
}
