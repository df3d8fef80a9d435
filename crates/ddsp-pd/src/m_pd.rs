//! What this crate uses of Pd's `m_pd.h` (0.50 and newer, single precision), declared by hand.
//!
//! [`SIZES`] is compared with the header by `tests/header.rs`.
#![allow(non_camel_case_types, reason = "the names are Pd's")]
#![allow(unsafe_code, reason = "this is Pd's C interface")]

use std::ffi::{c_char, c_int, c_long, c_short, c_void};
use std::mem::{offset_of, size_of};

pub(crate) type t_float = f32;

pub(crate) enum t_class {}
pub(crate) enum t_inlet {}
pub(crate) enum t_outlet {}
pub(crate) enum t_clock {}
pub(crate) enum t_garray {}
pub(crate) enum t_canvas {}

#[repr(C)]
pub(crate) struct t_symbol {
    pub(crate) s_name: *const c_char,
    s_thing: *mut *mut t_class,
    s_next: *mut t_symbol,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) union t_word {
    pub(crate) w_float: t_float,
    pub(crate) w_symbol: *mut t_symbol,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct t_atom {
    pub(crate) a_type: c_int,
    pub(crate) a_w: t_word,
}

pub(crate) const A_NULL: c_int = 0;
pub(crate) const A_FLOAT: c_int = 1;
pub(crate) const A_SYMBOL: c_int = 2;

#[repr(C)]
pub(crate) struct t_object {
    g_pd: *mut t_class,
    g_next: *mut c_void,
    te_binbuf: *mut c_void,
    te_outlet: *mut t_outlet,
    te_inlet: *mut c_void,
    te_xpix: c_short,
    te_ypix: c_short,
    te_width: c_short,
    // A bit field of two bits, whose unit is that of the compiler.
    #[cfg(not(windows))]
    te_type: std::ffi::c_ushort,
    #[cfg(windows)]
    te_type: std::ffi::c_uint,
}

/// Sizes of Pd's structures and offsets in them, as declared here.
pub const SIZES: [(&str, usize); 7] = [
    ("sizeof(t_float)", size_of::<t_float>()),
    ("sizeof(t_word)", size_of::<t_word>()),
    ("sizeof(t_atom)", size_of::<t_atom>()),
    ("offsetof(t_atom, a_w)", offset_of!(t_atom, a_w)),
    ("sizeof(t_symbol)", size_of::<t_symbol>()),
    ("sizeof(t_object)", size_of::<t_object>()),
    ("offsetof(t_object, te_outlet)", offset_of!(t_object, te_outlet)),
];

/// A function of ours as Pd stores it; it knows its arguments by the way it is registered.
pub(crate) type t_method = Option<unsafe extern "C" fn()>;

#[cfg_attr(windows, link(name = "pd.dll", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "C" {
    pub(crate) static garray_class: *mut t_class;

    pub(crate) fn gensym(name: *const c_char) -> *mut t_symbol;
    pub(crate) fn class_new(
        name: *mut t_symbol,
        new: t_method,
        free: t_method,
        size: usize,
        flags: c_int,
        first_argument: c_int,
        ...
    ) -> *mut t_class;
    pub(crate) fn class_addanything(class: *mut t_class, method: t_method);
    pub(crate) fn pd_new(class: *mut t_class) -> *mut c_void;
    pub(crate) fn pd_findbyclass(name: *mut t_symbol, class: *const t_class) -> *mut c_void;
    pub(crate) fn inlet_new(
        object: *mut t_object,
        destination: *mut t_object,
        from: *mut t_symbol,
        to: *mut t_symbol,
    ) -> *mut t_inlet;
    pub(crate) fn outlet_new(object: *mut t_object, kind: *mut t_symbol) -> *mut t_outlet;
    pub(crate) fn outlet_anything(
        outlet: *mut t_outlet,
        selector: *mut t_symbol,
        n: c_int,
        atoms: *mut t_atom,
    );
    pub(crate) fn clock_new(owner: *mut c_void, method: t_method) -> *mut t_clock;
    pub(crate) fn clock_delay(clock: *mut t_clock, ms: f64);
    pub(crate) fn clock_free(clock: *mut t_clock);
    pub(crate) fn garray_getfloatwords(
        array: *mut t_garray,
        n: *mut c_int,
        words: *mut *mut t_word,
    ) -> c_int;
    pub(crate) fn garray_resize_long(array: *mut t_garray, n: c_long);
    pub(crate) fn garray_redraw(array: *mut t_garray);
    pub(crate) fn canvas_getcurrent() -> *mut t_canvas;
    pub(crate) fn canvas_getdir(canvas: *const t_canvas) -> *mut t_symbol;
    pub(crate) fn open_via_path(
        folder: *const c_char,
        name: *const c_char,
        extension: *const c_char,
        found_folder: *mut c_char,
        found_name: *mut *mut c_char,
        size: u32,
        binary: c_int,
    ) -> c_int;
    pub(crate) fn sys_close(file: c_int) -> c_int;
    pub(crate) fn sys_getsr() -> t_float;
    pub(crate) fn post(format: *const c_char, ...);
    pub(crate) fn pd_error(object: *const c_void, format: *const c_char, ...);
}
