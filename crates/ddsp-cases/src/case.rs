//! Cases: a function of the reference, its arguments, its inputs and its outputs.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// One call of a function of the reference.
#[derive(Debug, Clone)]
pub struct Case {
    /// The group, which is a file.
    pub group: String,
    /// The name of the case.
    pub name: String,
    /// The function, as `core.exp_sigmoid`.
    pub function: String,
    /// Its arguments that are no tensors.
    pub args: Value,
    /// Inputs, outputs and weights by the part of their name behind the case's.
    pub tensors: Tensors,
}

impl Case {
    /// An argument that is a size.
    pub fn size(&self, argument: &str) -> usize {
        let value = &self.args[argument];
        value.as_u64().unwrap_or_else(|| panic!("{}: {argument} is {value}", self.name)) as usize
    }
}

/// Tensors by name: shape and values.
#[derive(Debug, Clone, Default)]
pub struct Tensors(BTreeMap<String, (Vec<usize>, Vec<f64>)>);

impl Tensors {
    /// Reads a safetensors file whole.
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let file =
            SafeTensors::deserialize(&bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Self(file.iter().map(|(name, view)| (name.to_owned(), values(name, &view))).collect())
    }

    /// The values of a tensor.
    pub fn get(&self, name: &str) -> &[f64] {
        &self.entry(name).1
    }

    /// The shape of a tensor.
    pub fn shape(&self, name: &str) -> &[usize] {
        &self.entry(name).0
    }

    /// Whether there is such a tensor.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The names, shapes and values of the tensors whose names begin with `prefix`, without it.
    pub fn under<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a [usize], &'a [f64])> {
        self.0.iter().filter_map(move |(name, (shape, values))| {
            Some((name.strip_prefix(prefix)?, shape.as_slice(), values.as_slice()))
        })
    }

    fn entry(&self, name: &str) -> &(Vec<usize>, Vec<f64>) {
        self.0.get(name).unwrap_or_else(|| panic!("there is no tensor {name}"))
    }
}

fn values(name: &str, view: &safetensors::tensor::TensorView<'_>) -> (Vec<usize>, Vec<f64>) {
    let bytes = view.data();
    let four = |b: &[u8]| [b[0], b[1], b[2], b[3]];
    let eight = |b: &[u8]| [b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]];
    let values = match view.dtype() {
        Dtype::F32 => {
            bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes(four(b)))).collect()
        }
        Dtype::F64 => bytes.chunks_exact(8).map(|b| f64::from_le_bytes(eight(b))).collect(),
        Dtype::I64 => bytes.chunks_exact(8).map(|b| i64::from_le_bytes(eight(b)) as f64).collect(),
        Dtype::U8 => bytes.iter().map(|&b| f64::from(b)).collect(),
        other => panic!("{name}: no case has the type {other:?}"),
    };
    (view.shape().to_vec(), values)
}

/// Reads every case that an index lists; the files that it names lie beside it.
pub fn read_cases(path: &Path) -> Vec<Case> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let index: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let rows = index["cases"].as_array().unwrap_or_else(|| panic!("{path:?} lists no cases"));
    let mut files = BTreeMap::new();
    rows.iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
            let file: &Tensors =
                files.entry(text("file")).or_insert_with(|| Tensors::read(&dir.join(text("file"))));
            let prefix = format!("{}/", text("case"));
            let tensors = file
                .under(&prefix)
                .map(|(name, shape, values)| (name.to_owned(), (shape.to_vec(), values.to_vec())));
            Case {
                group: text("group"),
                name: text("case"),
                function: text("function"),
                args: row["args"].clone(),
                tensors: Tensors(tensors.collect()),
            }
        })
        .collect()
}
