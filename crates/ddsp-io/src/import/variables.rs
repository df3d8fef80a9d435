//! Which variable of a checkpoint is which weight of a model.

use std::collections::{BTreeMap, BTreeSet};

use super::bundle::Bundle;
use super::object_graph::{OBJECT_GRAPH_NAME, ObjectGraph};
use super::recipe::Recipe;
use ddsp_core::nn::MfccEncoderConfig;
use ddsp_core::nn::mfcc_encoder::N_MFCC;

/// Layers in layers in layers: no more than this many are looked at.
const MAX_VISITS: usize = 1000;

/// A weight of the model, the tensor that holds it and the shape that it must have there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) weight: String,
    pub(super) key: String,
    pub(super) shape: Vec<usize>,
}

/// A number that Adam keeps for each weight: its mean gradient `m` or mean squared gradient `v`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// `m` or `v`.
    pub kind: String,
    /// The weight of the model, as `dense_out/kernel`, if it is one.
    pub weight: Option<String>,
    /// The name of the tensor in the checkpoint.
    pub key: String,
}

/// All variables of a checkpoint.
#[derive(Debug)]
pub(super) struct Variables {
    pub(super) matches: Vec<Match>,
    pub(super) slots: Vec<Slot>,
    /// The names of tensors that no part of the model has a place for.
    pub(super) unmatched: Vec<String>,
    /// The name of the tensor that counts the steps of training.
    pub(super) step_key: Option<String>,
}

/// Finds the variables of the model by walking the object graph.
///
/// *Errors*: the graph has no such part, or another number of layers than `recipe`.
pub(super) fn find_variables(
    bundle: &Bundle,
    graph: &ObjectGraph,
    recipe: &Recipe,
) -> Result<Variables, String> {
    let mut finder = Finder { graph, matches: Vec::new(), nodes: BTreeMap::new() };
    finder.encoder(recipe)?;
    finder.decoder(recipe)?;
    finder.reverb(recipe)?;
    let Finder { matches, nodes, .. } = finder;

    let optimizer = graph.find(&["optimizer"]);
    let mut in_optimizer: BTreeSet<usize> =
        optimizer.map(|node| graph.below(node)).unwrap_or_default().into_iter().collect();
    let slots = find_slots(graph, &nodes, &mut in_optimizer);
    let step = optimizer
        .and_then(|node| graph.child(node, "_iterations").or_else(|| graph.child(node, "iter")));
    let step_key = step.and_then(|node| graph.variable(node)).map(|found| found.key.clone());

    let mut known: BTreeSet<&str> = BTreeSet::from([OBJECT_GRAPH_NAME]);
    let counter = graph.find(&["save_counter"]);
    let expected = nodes.keys().chain(&in_optimizer).chain(&counter);
    known.extend(expected.filter_map(|node| graph.variable(*node)).map(|found| found.key.as_str()));
    let unmatched = bundle.names().filter(|name| !known.contains(name)).map(str::to_owned);
    Ok(Variables { matches, slots, unmatched: unmatched.collect(), step_key })
}

/// The slots of both kinds of optimizer; their nodes join `in_optimizer`.
fn find_slots(
    graph: &ObjectGraph,
    nodes: &BTreeMap<usize, String>,
    in_optimizer: &mut BTreeSet<usize>,
) -> Vec<Slot> {
    let mut slots = Vec::new();
    // Keras' older optimizers point from a slot to the variable's object.
    for slot in graph.slots() {
        in_optimizer.insert(slot.node);
        if let Some(found) = graph.variable(slot.node) {
            let (kind, weight) = (slot.kind.clone(), nodes.get(&slot.of).cloned());
            slots.push(Slot { kind, weight, key: found.key.clone() });
        }
    }
    // The newer ones have variables of their own, called `Adam/m/` and the variable's name.
    let by_name: BTreeMap<&str, &String> = nodes
        .iter()
        .filter_map(|(node, weight)| Some((graph.variable(*node)?.full_name.as_str(), weight)))
        .collect();
    for found in in_optimizer.iter().filter_map(|node| graph.variable(*node)) {
        let parts = found.full_name.split_once('/').and_then(|(_, rest)| rest.split_once('/'));
        if let Some((kind @ ("m" | "v"), of)) = parts
            && !slots.iter().any(|slot| slot.key == found.key)
        {
            let weight = by_name.get(of).map(|weight| (*weight).clone());
            slots.push(Slot { kind: kind.to_owned(), weight, key: found.key.clone() });
        }
    }
    slots
}

struct Finder<'a> {
    graph: &'a ObjectGraph,
    matches: Vec<Match>,
    /// The weight that a node of the graph holds.
    nodes: BTreeMap<usize, String>,
}

impl Finder<'_> {
    fn encoder(&mut self, recipe: &Recipe) -> Result<(), String> {
        let Some(MfccEncoderConfig { gru_units, z_dims, .. }) = recipe.encoder else {
            return Ok(());
        };
        let norm = self.part(&["model", "encoder", "z_norm"])?;
        for name in ["scale", "shift"] {
            let shape = vec![1, 1, 1, N_MFCC];
            self.take(norm, name, &format!("z_encoder/normalize/{name}"), shape)?;
        }
        self.gru(&["model", "encoder", "rnn"], "z_encoder/gru", N_MFCC, gru_units)?;
        let dense_out = self.part(&["model", "encoder", "dense_out"])?;
        self.take(dense_out, "kernel", "z_encoder/dense_out/kernel", vec![gru_units, z_dims])?;
        self.take(dense_out, "bias", "z_encoder/dense_out/bias", vec![z_dims])
    }

    /// The GRU somewhere below a part.
    fn gru(&mut self, path: &[&str], name: &str, n_in: usize, units: usize) -> Result<(), String> {
        let rnn = self.part(path)?;
        let names = ["kernel", "recurrent_kernel", "bias"];
        let cell = self.graph.below(rnn).into_iter().find(|node| self.has(*node, &names));
        let cell = cell.ok_or_else(|| {
            format!("expected a GRU in `{}` of the checkpoint, found none", path.join("/"))
        })?;
        let gates = units.saturating_mul(3);
        let weight = |part: &str| format!("{name}/{part}");
        self.take(cell, "kernel", &weight("kernel"), vec![n_in, gates])?;
        self.take(cell, "recurrent_kernel", &weight("recurrent_kernel"), vec![units, gates])?;
        self.take(cell, "bias", &weight("bias"), vec![2, gates])
    }

    fn decoder(&mut self, recipe: &Recipe) -> Result<(), String> {
        let (channels, units) = (recipe.decoder.channels, recipe.decoder.gru_units);
        let keys = &recipe.decoder.input_keys;
        let n_concatenated = keys.len().saturating_mul(channels);
        for (i, key) in keys.iter().enumerate() {
            let i = i.to_string();
            let (name, n_in) = (key.stack_name(), recipe.decoder.width(*key));
            self.stack(&["model", "decoder", "input_stacks", &i], name, n_in, recipe)?;
        }

        self.gru(&["model", "decoder", "rnn"], "gru", n_concatenated, units)?;

        let n_joined = n_concatenated.saturating_add(units);
        self.stack(&["model", "decoder", "out_stack"], "out_stack", n_joined, recipe)?;
        let dense_out = self.part(&["model", "decoder", "dense_out"])?;
        self.take(dense_out, "kernel", "dense_out/kernel", vec![channels, recipe.n_columns])?;
        self.take(dense_out, "bias", "dense_out/bias", vec![recipe.n_columns])
    }

    fn reverb(&mut self, recipe: &Recipe) -> Result<(), String> {
        let Some(name) = &recipe.reverb_name else { return Ok(()) };
        for processor in &recipe.processors {
            for (weight, shape) in processor.weight_shapes() {
                let reverb = self.part(&["model", "processor_group", name])?;
                let variable = weight.strip_prefix("reverb/").unwrap_or(&weight);
                self.take(reverb, variable, &weight, shape)?;
            }
        }
        Ok(())
    }

    /// The (dense, layer norm) pairs of a stack.
    fn stack(
        &mut self,
        path: &[&str],
        name: &str,
        n_in: usize,
        recipe: &Recipe,
    ) -> Result<(), String> {
        let (mut dense, mut norm) = (Vec::new(), Vec::new());
        let mut waiting = vec![self.part(path)?];
        let mut n_visits = 0;
        while let Some(node) = waiting.pop() {
            n_visits += 1;
            if self.has(node, &["kernel", "bias"]) {
                dense.push(node);
            } else if self.has(node, &["gamma", "beta"]) {
                norm.push(node);
            } else if n_visits < MAX_VISITS {
                waiting.extend(self.graph.layers(node).into_iter().rev());
            }
        }
        let n_layers = recipe.decoder.layers_per_stack;
        if dense.len() != n_layers || norm.len() != n_layers {
            return Err(format!(
                "expected {n_layers} layers (dense and norm) in `{}`, as \
                 `RnnFcDecoder.layers_per_stack` says, found {} and {}",
                path.join("/"),
                dense.len(),
                norm.len()
            ));
        }
        let channels = recipe.decoder.channels;
        for (i, (dense, norm)) in dense.into_iter().zip(norm).enumerate() {
            let n_in = if i == 0 { n_in } else { channels };
            let weight = |part: &str| format!("{name}/{i}/{part}");
            self.take(dense, "kernel", &weight("dense/kernel"), vec![n_in, channels])?;
            self.take(dense, "bias", &weight("dense/bias"), vec![channels])?;
            self.take(norm, "gamma", &weight("layer_norm/gamma"), vec![channels])?;
            self.take(norm, "beta", &weight("layer_norm/beta"), vec![channels])?;
        }
        Ok(())
    }

    fn part(&self, path: &[&str]) -> Result<usize, String> {
        self.graph.find(path).ok_or_else(|| {
            format!("expected a part `{}` in the checkpoint, found none", path.join("/"))
        })
    }

    fn has(&self, node: usize, names: &[&str]) -> bool {
        names.iter().all(|name| {
            let child = self.graph.child(node, name);
            child.is_some_and(|child| self.graph.variable(child).is_some())
        })
    }

    /// The variable `name` of an object as a weight of the model.
    fn take(
        &mut self,
        node: usize,
        name: &str,
        weight: &str,
        shape: Vec<usize>,
    ) -> Result<(), String> {
        let child = self.graph.child(node, name);
        let found = child.and_then(|child| Some((child, self.graph.variable(child)?)));
        let (child, found) = found.ok_or_else(|| {
            format!("expected a variable `{name}` for `{weight}` in the checkpoint, found none")
        })?;
        let key = found.key.clone();
        if let Some(other) = self.nodes.insert(child, weight.to_owned()) {
            return Err(format!("expected `{weight}` and `{other}` to be two, found one variable"));
        }
        self.matches.push(Match { weight: weight.to_owned(), key, shape });
        Ok(())
    }
}
