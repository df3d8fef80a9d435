//! An object of the gin file and its parameters, checked one by one.

use ddsp_core::scale::ScaleFn;

use super::gin::{Found, Gin, Object};
use crate::error::{Error, Result};

/// An object of the gin file, its unknown parameters refused.
pub(super) struct Part<'a> {
    pub(super) gin: &'a Gin,
    pub(super) object: Object,
}

impl<'a> Part<'a> {
    /// *Errors*: a parameter is bound that is not one of `known`.
    pub(super) fn new(gin: &'a Gin, object: Object, known: &[&str]) -> Result<Self> {
        match gin.unknown(&object, known) {
            Some(unknown) => Err(unknown),
            None => Ok(Self { gin, object }),
        }
    }

    /// The value of a parameter, if it is bound.
    pub(super) fn get(&self, parameter: &str) -> Result<Option<Found<'_>>> {
        self.gin.get(&self.object, parameter)
    }

    /// A parameter without a default in the library.
    pub(super) fn need(&self, parameter: &str) -> Result<Found<'_>> {
        self.get(parameter)?.ok_or_else(|| {
            let detail = format!(
                "expected a binding of `{}.{parameter}`, found none: use the \
                 operative_config-N.gin that training wrote",
                self.object.class
            );
            Error::checkpoint(self.gin.path(), detail)
        })
    }

    /// A size, or the library's default.
    pub(super) fn size(&self, parameter: &str, default: usize) -> Result<usize> {
        self.get(parameter)?.map_or(Ok(default), |found| found.size())
    }

    /// True or False, or the library's default.
    pub(super) fn flag(&self, parameter: &str, default: bool) -> Result<bool> {
        self.get(parameter)?.map_or(Ok(default), |found| found.flag())
    }

    /// A number, or the library's default.
    pub(super) fn number(&self, parameter: &str, default: f64) -> Result<f64> {
        self.get(parameter)?.map_or(Ok(default), |found| found.number())
    }

    /// The class of the object that a parameter is bound to must be this one.
    pub(super) fn class(&self, parameter: &str, class: &str) -> Result<Object> {
        let found = self.need(parameter)?;
        let object = found.object()?;
        if object.class == class {
            return Ok(object);
        }
        let detail = format!("{} cannot be imported: expected {class} only", object.class);
        Err(found.wrong(detail))
    }

    /// A parameter that may have one value only, which is also the library's default.
    pub(super) fn fixed(&self, parameter: &str, supported: &str) -> Result<()> {
        match self.get(parameter)? {
            Some(found) if found.shown() != supported => Err(found
                .wrong(format!("{} cannot be imported: expected {supported} only", found.shown()))),
            _ => Ok(()),
        }
    }

    /// The function from raw outputs to controls.
    pub(super) fn scale_fn(&self) -> Result<ScaleFn> {
        match self.get("scale_fn")? {
            None => Ok(ScaleFn::ExpSigmoid),
            Some(found) if found.is_none() => Ok(ScaleFn::None),
            Some(found) => match found.object()?.class.as_str() {
                "exp_sigmoid" => Ok(ScaleFn::ExpSigmoid),
                other => {
                    let detail = format!("{other} cannot be imported: expected exp_sigmoid only");
                    Err(found.wrong(detail))
                }
            },
        }
    }
}
