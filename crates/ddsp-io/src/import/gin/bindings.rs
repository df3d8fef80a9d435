//! What the parameters of an object are bound to.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::parse::{Statement, parse};
use super::token::Wrong;
use super::value::Value;
use crate::error::{Error, Result};
use crate::import::bundle::read_whole;

/// A gin file larger than this is not read: the largest of Magenta's has a hundredth of it.
const MAX_BYTES: u64 = 1 << 20;
/// Macros that mention macros that mention macros: no more than this.
const MAX_MACRO_DEPTH: usize = 64;

/// Files that include files that include files: no more than this.
const MAX_INCLUDE_DEPTH: usize = 8;
/// The library's own files lie so deep in their folder.
const MAX_FOLDERS_ABOVE: usize = 3;
/// And no more than this in all.
const MAX_INCLUDED: usize = 64;

/// A gin file.
#[derive(Debug)]
pub(crate) struct Gin {
    path: PathBuf,
    bindings: Vec<Binding>,
    macros: BTreeMap<String, (Value, usize)>,
    n_included: usize,
}

#[derive(Debug)]
struct Binding {
    scope: String,
    class: String,
    parameter: String,
    value: Value,
    line: usize,
}

/// An object that a gin file makes: its class and the scope that it is made in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    /// The class without its module.
    pub(crate) class: String,
    scope: String,
}

/// A value of a gin file, with what is needed to complain about it.
#[derive(Debug, Clone)]
pub(crate) struct Found<'a> {
    gin: &'a Gin,
    value: &'a Value,
    line: usize,
    what: String,
    scope: &'a str,
}

impl Gin {
    /// Reads a gin file and, where they are named, the files beside it that it includes.
    ///
    /// *Errors*: one of them is missing, not text, not gin, or its macros go round in a circle.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Self::parse(path, &read_text(path)?)
    }

    fn parse(path: &Path, text: &str) -> Result<Self> {
        let path = path.to_owned();
        let mut gin = Self { path, bindings: vec![], macros: BTreeMap::new(), n_included: 0 };
        gin.gather(text, 0)?;
        gin.refuse_circles()?;
        Ok(gin)
    }

    /// Takes in the statements of a text, and of what it includes where it does.
    fn gather(&mut self, text: &str, depth: usize) -> Result<()> {
        for statement in parse(text).map_err(|wrong| self.wrong(wrong))? {
            match statement {
                Statement::Binding { scope, class, parameter, value, line } => {
                    self.bindings.push(Binding { scope, class, parameter, value, line });
                }
                Statement::Macro { name, value, line } => {
                    self.macros.insert(name, (value, line));
                }
                Statement::Include { file, line } => self.include(&file, line, depth)?,
            }
        }
        Ok(())
    }

    /// Takes in a file that lies beside this one, or in a folder there; or from a folder above on, as the library's own files name each
    /// other (`models/ae.gin` in `models/solo_instrument.gin`); or that was copied beside this one from there.
    fn include(&mut self, file: &str, line: usize, depth: usize) -> Result<()> {
        let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        let stays = Path::new(file).components().all(plain);
        let beside = self.path.parent().unwrap_or(Path::new(""));
        let copied = Path::new(file).file_name().map(|name| beside.join(name));
        let above = beside.ancestors().take(1 + MAX_FOLDERS_ABOVE).map(|folder| folder.join(file));
        let path = above.chain(copied).find(|path| path.is_file() && *path != self.path);
        let wrong = |detail: String| Wrong { line, detail };
        if depth >= MAX_INCLUDE_DEPTH || self.n_included >= MAX_INCLUDED {
            let detail = format!(
                "expected fewer included files, found '{file}' one more: do they include each other?"
            );
            return Err(self.wrong(wrong(detail)));
        }
        let Some(path) = path.filter(|_| stays) else {
            let detail = format!(
                "expected the included '{file}' beside this file, found none: copy it there, or bring the \
                 operative_config-N.gin of the training, which includes nothing"
            );
            return Err(self.wrong(wrong(detail)));
        };
        self.n_included += 1;
        let included =
            |e: Error| self.wrong(wrong(format!("the included '{file}' cannot be read: {e}")));
        let text = read_text(&path).map_err(included)?;
        let mut inner =
            Self { path, bindings: vec![], macros: BTreeMap::new(), n_included: self.n_included };
        inner.gather(&text, depth + 1).map_err(included)?;
        self.n_included = inner.n_included;
        self.bindings.append(&mut inner.bindings);
        self.macros.append(&mut inner.macros);
        Ok(())
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The value of a parameter of an object; the last binding counts, and one for the object's scope
    /// counts more than one for all.
    ///
    /// *Errors*: its macro is not defined.
    pub(crate) fn get<'a>(
        &'a self,
        object: &'a Object,
        parameter: &str,
    ) -> Result<Option<Found<'a>>> {
        let fits = |b: &&Binding| {
            last_part(&b.class) == object.class
                && b.parameter == parameter
                && is_within(&object.scope, &b.scope)
        };
        let binding = self.bindings.iter().filter(fits).max_by_key(|b| b.scope.len());
        let found = binding.map(|binding| {
            let what = format!("{}.{parameter}", object.class);
            let found = Found {
                gin: self,
                value: &binding.value,
                line: binding.line,
                what,
                scope: &object.scope,
            };
            found.resolved()
        });
        found.transpose()
    }

    /// The first parameter of an object that is bound and not one of `known`.
    pub(crate) fn unknown(&self, object: &Object, known: &[&str]) -> Option<Error> {
        let fits = |b: &&Binding| {
            last_part(&b.class) == object.class
                && is_within(&object.scope, &b.scope)
                && !known.contains(&b.parameter.as_str())
        };
        self.bindings.iter().find(fits).map(|b| {
            let detail = format!(
                "`{}.{}` is not known here: expected {} only",
                object.class,
                b.parameter,
                known.join(", ")
            );
            self.wrong(Wrong { line: b.line, detail })
        })
    }

    /// The classes and functions that parameters are bound of, each with one of them, in order.
    pub(crate) fn bound(&self) -> Vec<(&str, &str)> {
        let mut bound: Vec<(&str, &str)> = Vec::new();
        for binding in &self.bindings {
            let class = last_part(&binding.class);
            if !bound.iter().any(|(known, _)| *known == class) {
                bound.push((class, &binding.parameter));
            }
        }
        bound
    }

    /// Whether a value names a class or function, be it used or not.
    pub(crate) fn mentions(&self, class: &str) -> bool {
        let values = self.bindings.iter().map(|binding| &binding.value);
        let mut names = Vec::new();
        values
            .chain(self.macros.values().map(|(value, _)| value))
            .for_each(|v| v.names(&mut names));
        names.into_iter().any(|name| last_part(name) == class)
    }

    fn wrong(&self, Wrong { line, detail }: Wrong) -> Error {
        Error::Gin { path: self.path.clone(), line, detail }
    }

    /// Walks from every macro to those that it mentions, each once.
    fn refuse_circles(&self) -> Result<()> {
        let mut done = std::collections::BTreeSet::new();
        for name in self.macros.keys() {
            self.walk(name, &mut Vec::new(), &mut done)?;
        }
        Ok(())
    }

    fn walk<'a>(
        &'a self,
        name: &'a str,
        way: &mut Vec<&'a str>,
        done: &mut std::collections::BTreeSet<&'a str>,
    ) -> Result<()> {
        let Some((value, line)) = self.macros.get(name) else { return Ok(()) };
        let line = *line;
        if let Some(start) = way.iter().position(|before| *before == name) {
            let circle: Vec<String> =
                way[start..].iter().chain([&name]).map(|name| format!("%{name}")).collect();
            let detail = format!(
                "the macros go round in a circle: {}; give one of them a value",
                circle.join(" is ")
            );
            return Err(self.wrong(Wrong { line, detail }));
        }
        if way.len() > MAX_MACRO_DEPTH {
            let detail = format!("expected at most {MAX_MACRO_DEPTH} macros in each other");
            return Err(self.wrong(Wrong { line, detail }));
        }
        if done.contains(name) {
            return Ok(());
        }
        way.push(name);
        let mut mentioned = Vec::new();
        value.macros(&mut mentioned);
        for next in mentioned {
            self.walk(next, way, done)?;
        }
        way.pop();
        done.insert(name);
        Ok(())
    }
}

impl Object {
    /// An object of this class outside all scopes.
    pub(crate) fn of(class: &str) -> Self {
        Self { class: class.to_owned(), scope: String::new() }
    }
}

impl<'a> Found<'a> {
    /// Follows macros to a value; `Gin::parse` has made sure that they end.
    fn resolved(mut self) -> Result<Self> {
        while let Value::Macro(name) = self.value {
            let Some((value, line)) = self.gin.macros.get(name) else {
                return Err(self.wrong(format!("the macro `%{name}` has no value in this file")));
            };
            (self.value, self.line) = (value, *line);
        }
        Ok(self)
    }

    /// An error about this value; `detail` says what is wrong with it.
    pub(crate) fn wrong(&self, detail: impl AsRef<str>) -> Error {
        let detail = format!("`{}`: {}", self.what, detail.as_ref());
        self.gin.wrong(Wrong { line: self.line, detail })
    }

    /// An error that says what was expected instead of this value.
    pub(crate) fn expected(&self, what: &str) -> Error {
        self.wrong(format!("expected {what}, found {}", self.shown()))
    }

    /// The value as text of bearable length.
    pub(crate) fn shown(&self) -> String {
        const MOST: usize = 60;
        let mut text: String = self.value.to_string();
        if let Some((end, _)) = text.char_indices().nth(MOST) {
            text.truncate(end);
            text.push('…');
        }
        text
    }

    /// Whether it is `None`.
    pub(crate) fn is_none(&self) -> bool {
        self.value == &Value::None
    }

    /// A size or a count.
    pub(crate) fn size(&self) -> Result<usize> {
        match self.value {
            Value::Int(n) if *n >= 0 => {
                usize::try_from(*n).map_err(|_| self.expected("a smaller number"))
            }
            // Python's 16e3 counts too.
            Value::Float(x) if *x >= 0.0 && x.fract() == 0.0 && *x < 1e15 => Ok(*x as usize),
            _ => Err(self.expected("a whole number from 0 on")),
        }
    }

    /// A number.
    pub(crate) fn number(&self) -> Result<f64> {
        match self.value {
            Value::Int(n) => Ok(*n as f64),
            Value::Float(x) => Ok(*x),
            _ => Err(self.expected("a number")),
        }
    }

    /// True or False.
    pub(crate) fn flag(&self) -> Result<bool> {
        match self.value {
            Value::Bool(flag) => Ok(*flag),
            _ => Err(self.expected("True or False")),
        }
    }

    /// A text.
    pub(crate) fn text(&self) -> Result<&'a str> {
        match self.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.expected("a text in quotes")),
        }
    }

    /// The items of a list or a tuple.
    pub(crate) fn items(&self) -> Result<Vec<Self>> {
        match self.value {
            Value::List(items) | Value::Tuple(items) => {
                items.iter().map(|value| Self { value, ..self.clone() }.resolved()).collect()
            }
            _ => Err(self.expected("a list")),
        }
    }

    /// The object that a reference makes, or that it names.
    pub(crate) fn object(&self) -> Result<Object> {
        match self.value {
            Value::Reference { scope, name, .. } => {
                let scope = if scope.is_empty() { self.scope } else { scope };
                Ok(Object { class: last_part(name).to_owned(), scope: scope.to_owned() })
            }
            _ => Err(self.expected("a class (`@module.Class()`)")),
        }
    }
}

fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read_whole(path, MAX_BYTES)?)
        .map_err(|_| Error::checkpoint(path, "expected gin text, found other bytes"))
}

/// A name without its module, in the spelling of 3.x.
fn last_part(name: &str) -> &str {
    match name.rsplit('.').next().unwrap_or(name) {
        "DefaultPreprocessor" => "F0LoudnessPreprocessor",
        "Additive" => "Harmonic",
        part => part,
    }
}

/// Whether what is bound for scope `outer` counts in scope `inner`.
fn is_within(inner: &str, outer: &str) -> bool {
    outer.is_empty()
        || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gin(text: &str) -> Result<Gin> {
        Gin::parse(Path::new("a.gin"), text)
    }

    #[test]
    fn the_last_and_the_most_scoped_binding_counts() {
        let gin =
            gin("n = 4\nm.A.x = 1\nA.x = %n\ns/A.x = 3\nB.a = @s/m.A()\nB.b = @m.A()").unwrap();
        let b = Object::of("B");
        let x_of = |parameter| {
            let object = gin.get(&b, parameter).unwrap().unwrap().object().unwrap();
            gin.get(&object, "x").unwrap().unwrap().size().unwrap()
        };
        assert_eq!((x_of("a"), x_of("b")), (3, 4));
        assert!(gin.get(&b, "c").unwrap().is_none());
        let unknown = gin.unknown(&Object::of("A"), &["y", "z"]).unwrap().to_string();
        assert_eq!(unknown, "a.gin: line 2: `A.x` is not known here: expected y, z only");
    }

    #[test]
    fn circles_of_macros_are_named() {
        let e = gin("a = %b\nb = [1, %c]\nc = %a\n").unwrap_err().to_string();
        assert_eq!(
            e,
            "a.gin: line 1: the macros go round in a circle: %a is %b is %c is %a; give one of them \
             a value"
        );
        let chain: String = (0..200).map(|i| format!("m{i} = %m{}\n", i + 1)).collect();
        assert!(gin(&chain).unwrap_err().to_string().contains("at most 64 macros"));
        // Each mentions the next twice: a walk that went every way would never end.
        let doubled: String =
            (0..60).map(|i| format!("m{i:02} = [%m{0:02}, %m{0:02}]\n", i + 1)).collect();
        gin(&doubled).unwrap();
    }

    #[test]
    fn values_of_another_kind_are_refused_with_a_sentence() {
        let gin = gin("A.n = -1\nA.t = 3\nA.m = %missing\nA.long = [1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10000, 11000]").unwrap();
        let a = Object::of("A");
        let get = |parameter| gin.get(&a, parameter).map(Option::unwrap);
        let e = get("n").unwrap().size().unwrap_err().to_string();
        assert_eq!(e, "a.gin: line 1: `A.n`: expected a whole number from 0 on, found -1");
        assert!(get("t").unwrap().text().is_err() && get("t").unwrap().items().is_err());
        let e = get("m").unwrap_err().to_string();
        assert_eq!(e, "a.gin: line 3: `A.m`: the macro `%missing` has no value in this file");
        assert!(get("long").unwrap().shown().ends_with('…'));
    }
}
