//! Tiny checkpoints in the format of TensorFlow, of a model as Magenta's library describes it.
//!
//! A writer with no line in common with the reader that it tests.

use std::collections::BTreeMap;
use std::path::Path;

use crate::table::{Table, crc32c, masked, varint};

/// The numbers of a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// A 64-bit integer.
    I64(i64),
}

/// A variable of a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Where it is in the object graph, as `model/decoder/dense_out/bias`.
    pub path: String,
    /// What TensorFlow calls it.
    pub full_name: String,
    /// The name of its tensor.
    pub key: String,
    /// Its shape; none for a single number.
    pub shape: Vec<usize>,
    /// Its numbers.
    pub data: Data,
}

/// How an optimizer keeps its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slots {
    /// Not at all.
    None,
    /// As objects that the optimizer points at from each variable's: Keras until 2.10.
    Pointers,
    /// As variables of its own: Keras from 2.11 on.
    Variables,
}

/// A checkpoint and its gin file.
#[derive(Debug, Clone)]
pub struct TinyCheckpoint {
    /// As `ckpt-7`.
    pub name: String,
    /// The text of the gin file.
    pub gin: String,
    /// The variables, in no order.
    pub variables: Vec<Variable>,
    /// Whether there are Adam's numbers, and how.
    pub slots: Slots,
    /// The variables that have them, by the beginnings of their paths.
    pub slots_of: Vec<&'static str>,
}

const CHANNELS: usize = 8;
const UNITS: usize = 8;
const IR_SIZE: usize = 64;
const N_OUTPUTS: usize = 12;

impl TinyCheckpoint {
    /// An autoencoder as `solo_instrument.gin` has it: two inputs, two layers of 8 a stack, GRU of 8,
    /// 6 harmonics, 5 noise bands, a reverb of 64 samples.
    pub fn new() -> Self {
        let mut new = Self {
            name: "ckpt-7".to_owned(),
            gin: GIN.to_owned(),
            variables: Vec::new(),
            slots: Slots::None,
            slots_of: vec!["model/decoder/dense_out/kernel", "model/processor_group/reverb/ir"],
        };
        for i in 0..2 {
            new.add_stack(&format!("model/decoder/input_stacks/{i}"), 1);
        }
        new.add("model/decoder/rnn/rnn/cell/kernel", &[2 * CHANNELS, 3 * UNITS]);
        new.add("model/decoder/rnn/rnn/cell/recurrent_kernel", &[UNITS, 3 * UNITS]);
        new.add("model/decoder/rnn/rnn/cell/bias", &[2, 3 * UNITS]);
        new.add_stack("model/decoder/out_stack", 2 * CHANNELS + UNITS);
        new.add("model/decoder/dense_out/kernel", &[CHANNELS, N_OUTPUTS]);
        new.add("model/decoder/dense_out/bias", &[N_OUTPUTS]);
        new.add("model/processor_group/reverb/ir", &[IR_SIZE]);
        new.add("optimizer/_current_learning_rate", &[]);
        new.add_counter("optimizer/_iterations", 7);
        new.add_counter("save_counter", 1);
        new
    }

    /// Adds a variable of numbers between -0.5 and 0.5 that depend on its place in the list.
    pub fn add(&mut self, path: &str, shape: &[usize]) {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(self.variables.len() as u64 + 1);
        let mut draw = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        let values = (0..shape.iter().product()).map(|_| draw()).collect();
        self.variables.push(variable(path, shape, Data::F32(values)));
    }

    /// The variable at a place of the object graph.
    pub fn at(&mut self, path: &str) -> &mut Variable {
        let found = self.variables.iter_mut().find(|variable| variable.path == path);
        found.unwrap_or_else(|| panic!("there is no variable {path}"))
    }

    fn add_counter(&mut self, path: &str, n: i64) {
        self.variables.push(variable(path, &[], Data::I64(n)));
    }

    fn add_stack(&mut self, path: &str, n_in: usize) {
        for layer in 0..2 {
            let n_in = if layer == 0 { n_in } else { CHANNELS };
            let layer = format!("{path}/layer_with_weights-{layer}");
            self.add(&format!("{layer}/layer_with_weights-0/kernel"), &[n_in, CHANNELS]);
            self.add(&format!("{layer}/layer_with_weights-0/bias"), &[CHANNELS]);
            self.add(&format!("{layer}/layer_with_weights-1/gamma"), &[CHANNELS]);
            self.add(&format!("{layer}/layer_with_weights-1/beta"), &[CHANNELS]);
        }
    }

    /// Writes `NAME.index`, `NAME.data-00000-of-00001` and `operative_config-0.gin`.
    pub fn write(&self, folder: &Path) {
        self.write_with_graph(folder, |_| ());
    }

    /// Writes the same files, with what `change` makes of the bytes of the object graph.
    pub fn write_with_graph(&self, folder: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let (entries, data) = self.changed_entries(change);
        let table = Table::new(&entries);
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            std::fs::write(&path, bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        };
        write(&format!("{}.index", self.name), &table.bytes);
        write(&format!("{}.data-00000-of-00001", self.name), &data);
        write("operative_config-0.gin", self.gin.as_bytes());
    }

    /// The index and the data.
    pub fn bundle(&self) -> (Table, Vec<u8>) {
        let (entries, data) = self.entries();
        (Table::new(&entries), data)
    }

    /// The entries of the index, in order of their names, and the data.
    pub fn entries(&self) -> (BTreeMap<Vec<u8>, Vec<u8>>, Vec<u8>) {
        self.changed_entries(|_| ())
    }

    fn changed_entries(
        &self,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> (BTreeMap<Vec<u8>, Vec<u8>>, Vec<u8>) {
        let mut data = Vec::new();
        // One shard, lowest byte first, version 1.
        let header = [number(1, 1), message(3, &number(1, 1))].concat();
        let mut entries = BTreeMap::from([(Vec::new(), header)]);
        let (mut graph, extra) = self.graph();
        change(&mut graph);
        for variable in self.variables.iter().chain(&extra) {
            let (dtype, bytes) = match &variable.data {
                Data::F32(values) => (1, values.iter().flat_map(|x| x.to_le_bytes()).collect()),
                Data::I64(n) => (9, n.to_le_bytes().to_vec()),
            };
            let crc = crc32c(&bytes);
            let value = entry(dtype, &variable.shape, data.len(), bytes.len(), crc);
            entries.insert(variable.key.clone().into_bytes(), value);
            data.extend(bytes);
        }
        let length = (graph.len() as u32).to_le_bytes();
        let stored = masked(crc32c(&length)).to_le_bytes();
        let text = [&varint(graph.len() as u64)[..], &stored, &graph].concat();
        let crc = crc32c(&[&length[..], &stored, &graph].concat());
        let value = entry(7, &[], data.len(), text.len(), crc);
        entries.insert(b"_CHECKPOINTABLE_OBJECT_GRAPH".to_vec(), value);
        data.extend(text);
        (entries, data)
    }

    /// The object graph, and the variables that the optimizer adds.
    fn graph(&self) -> (Vec<u8>, Vec<Variable>) {
        let mut graph = Graph { nodes: vec![Node::default()] };
        for variable in &self.variables {
            graph.place(variable);
        }
        let mut extra = Vec::new();
        for of in self
            .variables
            .iter()
            .filter(|v| self.slots_of.iter().any(|beginning| v.path.starts_with(beginning)))
        {
            for kind in ["m", "v"] {
                let Data::F32(values) = &of.data else { continue };
                // As such means are: a mean square is not below zero.
                let mean = |x: &f32| if kind == "m" { x * 0.5 } else { x * x };
                let data = Data::F32(values.iter().map(mean).collect());
                let i = extra.len() + 1;
                let slot = match self.slots {
                    Slots::None => continue,
                    Slots::Pointers => Variable {
                        full_name: format!("training/Adam/{}/{kind}", of.full_name),
                        key: format!("{}/.OPTIMIZER_SLOT/optimizer/{kind}{ATTRIBUTE}", of.path),
                        path: format!("slots/{i}"),
                        ..variable("", &of.shape, data)
                    },
                    Slots::Variables => Variable {
                        full_name: format!("Adam/{kind}/{}", of.full_name),
                        ..variable(&format!("optimizer/_variables/{i}"), &of.shape, data)
                    },
                };
                if self.slots == Slots::Pointers {
                    let (of, node) = (graph.node(&of.path), graph.nodes.len());
                    graph.nodes.push(Node { own: attribute(&slot), ..Node::default() });
                    let pointer =
                        [number(1, of as u64), message(2, kind.as_bytes()), number(3, node as u64)];
                    let optimizer = graph.node("optimizer");
                    graph.nodes[optimizer].own.extend(message(3, &pointer.concat()));
                } else {
                    graph.place(&slot);
                }
                extra.push(slot);
            }
        }
        (graph.bytes(), extra)
    }
}

impl Default for TinyCheckpoint {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Default)]
struct Node {
    children: BTreeMap<String, usize>,
    /// Its attributes and pointers to slots.
    own: Vec<u8>,
}

struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    /// The node at a path, made if need be.
    fn node(&mut self, path: &str) -> usize {
        let mut node = 0;
        for name in path.split('/') {
            let next = self.nodes.len();
            let child = *self.nodes[node].children.entry(name.to_owned()).or_insert(next);
            if child == next {
                self.nodes.push(Node::default());
            }
            node = child;
        }
        node
    }

    fn place(&mut self, variable: &Variable) {
        let node = self.node(&variable.path);
        self.nodes[node].own.extend(attribute(variable));
    }

    fn bytes(&self) -> Vec<u8> {
        let node = |node: &Node| {
            let child = |(name, id): (&String, &usize)| {
                message(1, &[number(1, *id as u64), message(2, name.as_bytes())].concat())
            };
            let mut bytes: Vec<u8> = node.children.iter().flat_map(child).collect();
            bytes.extend(&node.own);
            message(1, &bytes)
        };
        self.nodes.iter().flat_map(node).collect()
    }
}

/// The end of a tensor's name.
const ATTRIBUTE: &str = "/.ATTRIBUTES/VARIABLE_VALUE";

fn variable(path: &str, shape: &[usize], data: Data) -> Variable {
    let (key, full_name) = (format!("{path}{ATTRIBUTE}"), format!("tiny/{path}"));
    Variable { path: path.to_owned(), full_name, key, shape: shape.to_vec(), data }
}

fn attribute(variable: &Variable) -> Vec<u8> {
    let parts = ["VARIABLE_VALUE", &variable.full_name, &variable.key];
    let fields = parts.iter().zip(1..).flat_map(|(part, i)| message(i, part.as_bytes()));
    message(2, &fields.collect::<Vec<u8>>())
}

fn entry(dtype: u64, shape: &[usize], offset: usize, size: usize, crc: u32) -> Vec<u8> {
    let dims = shape.iter().flat_map(|n| message(2, &number(1, *n as u64)));
    let mut bytes = number(1, dtype);
    bytes.extend(message(2, &dims.collect::<Vec<u8>>()));
    bytes.extend(number(4, offset as u64));
    bytes.extend(number(5, size as u64));
    bytes.extend(varint(6 << 3 | 5));
    bytes.extend(masked(crc).to_le_bytes());
    bytes
}

fn number(field: u64, n: u64) -> Vec<u8> {
    [varint(field << 3), varint(n)].concat()
}

fn message(field: u64, bytes: &[u8]) -> Vec<u8> {
    [&varint(field << 3 | 2)[..], &varint(bytes.len() as u64), bytes].concat()
}

/// As training writes it, cut to what describes the model.
const GIN: &str = include_str!("tiny.gin");
