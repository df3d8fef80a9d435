//! Python's pickles, as far as a data set's statistics need them.
//!
//! A pickle is a program for a machine with a stack, which may name any function of Python and call it. [`machine`] runs
//! the instructions that build numbers, text, containers and arrays; what would name or call something is looked up in a
//! short list of classes (`class`), each of which becomes a [`Value`] and runs nothing. Anything else is an error.
//!
//! Values stand in one table and refer to each other by number, so that neither nesting nor sharing costs more than the
//! file's own length.

mod array;
mod class;
mod machine;
mod value;

pub(super) use class::Generation;
pub(super) use machine::read;
pub(super) use value::{Pickle, Value};
