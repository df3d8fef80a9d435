//! What a pickle can hold here.

use std::ops::Range;

use super::array::{Array, Dtype};
use super::class::{Class, Generation};

/// A value's place in the table.
pub(super) type Id = usize;

/// A value; what it contains is named by its place.
#[derive(Debug, Clone)]
pub(in crate::import) enum Value {
    None,
    Bool,
    Int(i64),
    Float(f64),
    Text(String),
    /// Bytes of the file.
    Span(Range<usize>),
    /// Bytes that had to be decoded.
    Bytes(Vec<u8>),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Class(Class),
    Dtype(Dtype),
    Array(Array),
    /// A `QuantileTransformer` with its attributes, if it was given any.
    QuantileTransformer(Generation, Option<Id>),
    /// A generator of random numbers, or a part of one.
    Random,
}

/// A pickle that was read: the table of its values, the outermost of them, and the file's bytes.
#[derive(Debug)]
pub(in crate::import) struct Pickle<'a> {
    pub(super) values: Vec<Value>,
    pub(super) outermost: Id,
    pub(super) bytes: &'a [u8],
}

impl Pickle<'_> {
    /// The outermost value.
    pub(in crate::import) fn outermost(&self) -> &Value {
        &self.values[self.outermost]
    }

    /// What a dictionary, or a transformer's attributes, hold under a name.
    pub(in crate::import) fn get(&self, value: &Value, name: &str) -> Option<&Value> {
        let items = match value {
            Value::Dict(items) => items,
            Value::QuantileTransformer(_, Some(state)) => {
                return self.get(&self.values[*state], name);
            }
            _ => return None,
        };
        let is_it = |key: &Id| matches!(&self.values[*key], Value::Text(text) if text == name);
        // The last of several, as in Python.
        items.iter().rev().find(|(key, _)| is_it(key)).map(|(_, value)| &self.values[*value])
    }

    /// A number.
    pub(in crate::import) fn number(&self, value: &Value) -> Option<f64> {
        match value {
            Value::Int(x) => Some(*x as f64),
            Value::Float(x) => Some(*x),
            Value::Array(array) => match self.data(array)? {
                one if one.len() <= 8 => match array.dtype.numbers(one)?[..] {
                    [x] => Some(x),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// All numbers of an array or a list, in order.
    pub(in crate::import) fn numbers(&self, value: &Value) -> Option<Vec<f64>> {
        match value {
            Value::Array(array) => array.dtype.numbers(self.data(array)?),
            Value::List(items) => {
                items.iter().map(|item| self.number(&self.values[*item])).collect()
            }
            _ => None,
        }
    }

    fn data(&self, array: &Array) -> Option<&[u8]> {
        match &self.values[array.data?] {
            Value::Span(span) => self.bytes.get(span.clone()),
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}
