//! What a gin parameter may be bound to.

use std::fmt;

/// A value as it is written, macros unresolved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Tuple(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    /// `@scope/module.Class()`; not `called` without the brackets.
    Reference {
        scope: String,
        name: String,
        called: bool,
    },
    /// `%name`.
    Macro(String),
}

impl Value {
    /// Every macro that this value mentions.
    pub(super) fn macros<'a>(&'a self, found: &mut Vec<&'a str>) {
        self.walk(&mut |value| {
            if let Self::Macro(name) = value {
                found.push(name);
            }
        });
    }

    /// The name of every class and function that this value mentions.
    pub(super) fn names<'a>(&'a self, found: &mut Vec<&'a str>) {
        self.walk(&mut |value| {
            if let Self::Reference { name, .. } = value {
                found.push(name);
            }
        });
    }

    /// Shows this value and those inside it.
    fn walk<'a>(&'a self, show: &mut impl FnMut(&'a Self)) {
        show(self);
        match self {
            Self::List(items) | Self::Tuple(items) => {
                items.iter().for_each(|item| item.walk(show));
            }
            Self::Dict(items) => items.iter().for_each(|(key, value)| {
                key.walk(show);
                value.walk(show);
            }),
            Self::None
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Reference { .. }
            | Self::Macro(_) => {}
        }
    }
}

/// The value as in the file, for messages; the caller bounds its length.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, items: &[Value]| {
            for (i, item) in items.iter().enumerate() {
                write!(f, "{}{item}", if i > 0 { ", " } else { "" })?;
            }
            Ok(())
        };
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Int(n) => write!(f, "{n}"),
            Self::Float(x) => write!(f, "{x:?}"),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::List(items) => {
                f.write_str("[")?;
                list(f, items)?;
                f.write_str("]")
            }
            Self::Tuple(items) => {
                f.write_str("(")?;
                list(f, items)?;
                f.write_str(")")
            }
            Self::Dict(items) => {
                f.write_str("{")?;
                for (key, value) in items {
                    write!(f, "{key}: {value}, ")?;
                }
                f.write_str("}")
            }
            Self::Reference { scope, name, called } => {
                let slash = if scope.is_empty() { "" } else { "/" };
                write!(f, "@{scope}{slash}{name}{}", if *called { "()" } else { "" })
            }
            Self::Macro(name) => write!(f, "%{name}"),
        }
    }
}
