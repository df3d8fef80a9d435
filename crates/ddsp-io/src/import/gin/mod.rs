//! The gin language, in which Magenta's library writes down how a model was configured.
//!
//! A gin file is a list of bindings: `scope/module.Class.parameter = value` gives a parameter of a
//! class, `name = value` a macro that other values mention as `%name`. Values are Python literals,
//! and `@scope/module.Class()` for an object that is made, `@module.function` for one that is only
//! named. [`Gin`] answers what a parameter of an object is bound to.
//!
//! *Reference*: gin-config 0.5, `docs/index.md`.

mod bindings;
mod parse;
mod token;
mod value;

pub(super) use bindings::{Found, Gin, Object};
