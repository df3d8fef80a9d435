//! The object graph of a checkpoint: which variable belongs to which part of the model.
//!
//! *Reference*: TensorFlow, `core/protobuf/trackable_object_graph.proto`.

use std::collections::BTreeSet;

use crate::wire::Fields;

/// The name of the tensor that holds the graph.
pub(super) const OBJECT_GRAPH_NAME: &str = "_CHECKPOINTABLE_OBJECT_GRAPH";

/// A graph of more objects is not read.
const MAX_NODES: usize = 100_000;

/// The objects of a checkpoint; the first is the root.
#[derive(Debug, Clone)]
pub(super) struct ObjectGraph {
    nodes: Vec<Node>,
}

/// An object: a part of the model, or a variable.
#[derive(Debug, Clone, Default)]
struct Node {
    children: Vec<(String, usize)>,
    variable: Option<Variable>,
    slots: Vec<SlotVariable>,
}

/// A variable of the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    /// What TensorFlow called it, as `dense_6/kernel`.
    pub(super) full_name: String,
    /// The name of its tensor in the bundle.
    pub(super) key: String,
}

/// A number that an optimizer of the older kind keeps for a variable.
#[derive(Debug, Clone)]
pub(super) struct SlotVariable {
    /// The node of the variable.
    pub(super) of: usize,
    /// What it is, as `m`.
    pub(super) kind: String,
    /// The node of the number.
    pub(super) node: usize,
}

impl ObjectGraph {
    /// Reads a `TrackableObjectGraph`.
    ///
    /// *Errors*: what was expected and found. No bytes make it panic.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut nodes = Vec::new();
        for field in Fields::new(bytes) {
            if let (1, node) = field? {
                nodes.push(Node::read(node.bytes()?)?);
            }
            if nodes.len() > MAX_NODES {
                return Err(format!("expected at most {MAX_NODES} objects, found more"));
            }
        }
        let pointers = nodes.iter().flat_map(|node| {
            let slots = node.slots.iter().flat_map(|slot| [slot.of, slot.node]);
            node.children.iter().map(|(_, child)| *child).chain(slots)
        });
        if let Some(out) = pointers.into_iter().find(|&pointer| pointer >= nodes.len()) {
            return Err(format!("expected one of {} objects, found number {out}", nodes.len()));
        }
        Ok(Self { nodes })
    }

    /// The object at a path from the root, as `["model", "decoder"]`.
    pub(super) fn find(&self, path: &[&str]) -> Option<usize> {
        if self.nodes.is_empty() {
            return None;
        }
        path.iter().try_fold(0, |node, name| self.child(node, name))
    }

    /// The part of an object that has this name.
    pub(super) fn child(&self, node: usize, name: &str) -> Option<usize> {
        self.nodes[node].children.iter().find(|(known, _)| known == name).map(|(_, child)| *child)
    }

    /// The variable that an object is.
    pub(super) fn variable(&self, node: usize) -> Option<&Variable> {
        self.nodes[node].variable.as_ref()
    }

    /// The parts of a Keras `Sequential` that have weights, in order, each once.
    pub(super) fn layers(&self, node: usize) -> Vec<usize> {
        let numbered = |prefix: &str| -> Vec<usize> {
            let children = self.nodes[node].children.iter();
            let mut layers: Vec<(usize, usize)> = children
                .filter_map(|(name, child)| {
                    Some((name.strip_prefix(prefix)?.parse().ok()?, *child))
                })
                .collect();
            layers.sort_unstable();
            layers.into_iter().map(|(_, child)| child).collect()
        };
        let with_weights = numbered("layer_with_weights-");
        if with_weights.is_empty() { numbered("layer-") } else { with_weights }
    }

    /// The objects below `node` and itself, each once, nearer ones first.
    pub(super) fn below(&self, node: usize) -> Vec<usize> {
        let mut found = vec![node];
        let mut seen = BTreeSet::from([node]);
        let mut next = 0;
        while let Some(&node) = found.get(next) {
            next += 1;
            for (_, child) in &self.nodes[node].children {
                if seen.insert(*child) {
                    found.push(*child);
                }
            }
        }
        found
    }

    /// The slots that optimizers keep for variables, in the older of the two ways.
    pub(super) fn slots(&self) -> impl Iterator<Item = &SlotVariable> {
        self.nodes.iter().flat_map(|node| &node.slots)
    }
}

impl Node {
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut node = Self::default();
        for field in Fields::new(bytes) {
            match field? {
                (1, child) => {
                    let (mut name, mut id) = (String::new(), 0);
                    for field in Fields::new(child.bytes()?) {
                        match field? {
                            (1, value) => id = value.size()?,
                            (2, value) => name = value.text()?,
                            _ => {}
                        }
                    }
                    node.children.push((name, id));
                }
                (2, attribute) => {
                    if let Some(variable) = Variable::read(attribute.bytes()?)? {
                        node.variable = Some(variable);
                    }
                }
                (3, slot) => node.slots.push(SlotVariable::read(slot.bytes()?)?),
                _ => {}
            }
        }
        Ok(node)
    }
}

impl Variable {
    /// The variable that an attribute describes; other attributes are no variables.
    fn read(bytes: &[u8]) -> Result<Option<Self>, String> {
        let (mut attribute, mut full_name, mut key) = Default::default();
        for field in Fields::new(bytes) {
            match field? {
                (1, value) => attribute = value.text()?,
                (2, value) => full_name = value.text()?,
                (3, value) => key = value.text()?,
                _ => {}
            }
        }
        Ok((attribute == "VARIABLE_VALUE").then_some(Self { full_name, key }))
    }
}

impl SlotVariable {
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut slot = Self { of: 0, kind: String::new(), node: 0 };
        for field in Fields::new(bytes) {
            match field? {
                (1, value) => slot.of = value.size()?,
                (2, value) => slot.kind = value.text()?,
                (3, value) => slot.node = value.size()?,
                _ => {}
            }
        }
        Ok(slot)
    }
}
