//! Pd, made safe: objects that answer messages, arrays, files, the clock.
//!
//! Everything here happens on Pd's thread. An object never holds a borrow of itself while Pd runs: its answers are
//! collected, and sent when its method has returned, because a patch may answer an answer, or delete the object.
#![allow(unsafe_code, reason = "this is where Pd's C interface is called")]

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_long, c_void};
use std::mem::{size_of, transmute};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::ptr::null_mut;
use std::rc::Rc;

use crate::m_pd::*;
use crate::timbre_transfer::TimbreTransfer;

/// How often a thread's work is looked after.
const TICK_MS: f64 = 10.0;
/// As long as Pd lets a path be.
const MAX_PATH: usize = 1000;

/// A part of a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Atom {
    Float(f32),
    Symbol(String),
}

/// What an object answers: messages for its outlet.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    messages: Vec<(&'static str, Vec<Atom>)>,
}

impl Answers {
    pub(crate) fn send(&mut self, selector: &'static str, atoms: Vec<Atom>) {
        self.messages.push((selector, atoms));
    }

    /// A sentence, for the outlet and for Pd's window.
    pub(crate) fn error(&mut self, sentence: impl Into<String>) {
        self.send("error", vec![Atom::Symbol(sentence.into())]);
    }
}

/// What Pd does for an object while it answers.
#[derive(Debug)]
pub(crate) struct Host {
    /// The folder of the patch that the object is in.
    folder: PathBuf,
}

impl Host {
    /// Samples a second of Pd.
    pub(crate) fn sample_rate(&self) -> f32 {
        // SAFETY: it only reads a number.
        unsafe { sys_getsr() }
    }

    /// The values of an array.
    pub(crate) fn read_array(&self, name: &str) -> Result<Vec<f32>, String> {
        let (_, words) = find_array(name)?;
        // SAFETY: an array of Pd's holds floats.
        Ok(words.iter().map(|word| unsafe { word.w_float }).collect())
    }

    /// Makes an array as long as `values`, fills and redraws it.
    pub(crate) fn write_array(&self, name: &str, values: &[f32]) -> Result<(), String> {
        let (array, words) = find_array(name)?;
        if words.len() != values.len() {
            let n = c_long::try_from(values.len()).unwrap_or(c_long::MAX);
            // SAFETY: the array has just been found.
            unsafe { garray_resize_long(array, n) };
        }
        let (array, words) = find_array(name)?;
        for (word, value) in words.iter_mut().zip(values) {
            word.w_float = *value;
        }
        // SAFETY: the array has just been found.
        unsafe { garray_redraw(array) };
        Ok(())
    }

    /// A file or folder: beside the patch, or else on Pd's search path.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        let beside = self.folder.join(name);
        if beside.exists() {
            return Some(beside);
        }
        // Pd finds files alone: a checkpoint's folder is found by what lies in it.
        let inside = |file: &str| self.find_file(&format!("{name}/{file}"));
        let folder = || inside("checkpoint").or_else(|| inside("operative_config-0.gin"));
        self.find_file(name)
            .or_else(|| self.find_file(&format!("{name}.ddsp")))
            .or_else(|| Some(folder()?.parent()?.to_owned()))
    }

    fn find_file(&self, name: &str) -> Option<PathBuf> {
        let folder = text(self.folder.to_str()?);
        let name = text(name);
        let mut found = [0 as c_char; MAX_PATH];
        let mut found_name = null_mut();
        // SAFETY: the buffer is as long as is said, and Pd ends both texts in it.
        let file = unsafe {
            open_via_path(
                folder.as_ptr(),
                name.as_ptr(),
                c"".as_ptr(),
                found.as_mut_ptr(),
                &mut found_name,
                MAX_PATH as u32,
                1,
            )
        };
        if file < 0 {
            return None;
        }
        // SAFETY: `file` was opened, and the texts were written, by the call above.
        let (folder, name) = unsafe {
            sys_close(file);
            (string(found.as_ptr()), string(found_name))
        };
        Some(Path::new(&folder).join(name))
    }
}

fn find_array(name: &str) -> Result<(*mut t_garray, &'static mut [t_word]), String> {
    let name_text = text(name);
    let (mut n, mut words) = (0, null_mut());
    // SAFETY: `pd_findbyclass` gives null or an array, whose words stay until Pd runs again; they are not kept that long.
    unsafe {
        let array = pd_findbyclass(gensym(name_text.as_ptr()), garray_class).cast::<t_garray>();
        if array.is_null() {
            return Err(format!("expected an array called {name}, found none"));
        }
        if garray_getfloatwords(array, &mut n, &mut words) == 0 {
            return Err(format!("{name}: expected an array of numbers"));
        }
        let n = usize::try_from(n).unwrap_or(0);
        let words = if n == 0 { &mut [] } else { std::slice::from_raw_parts_mut(words, n) };
        Ok((array, words))
    }
}

/// Text for C; what follows a NUL is cut.
fn text(text: &str) -> CString {
    let until = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..until]).expect("it ends before a NUL")
}

/// # Safety
/// `chars` ends with a NUL.
unsafe fn string(chars: *const c_char) -> String {
    // SAFETY: as the caller says.
    unsafe { CStr::from_ptr(chars) }.to_string_lossy().into_owned()
}

/// The object as Pd knows it.
#[repr(C)]
struct Instance {
    object: t_object,
    state: *mut State,
}

struct State {
    object: TimbreTransfer,
    host: Host,
    outlet: *mut t_outlet,
    clock: *mut t_clock,
    /// Cleared when Pd deletes the object, which it may do while an answer is sent.
    is_alive: Rc<Cell<bool>>,
}

static CLASS: std::sync::atomic::AtomicPtr<t_class> = std::sync::atomic::AtomicPtr::new(null_mut());

/// Registers the objects of this library; Pd calls it when it loads `ddsp`.
#[unsafe(no_mangle)]
pub extern "C" fn ddsp_setup() {
    // SAFETY: Pd calls this on its thread. The methods have the arguments by which they are registered: `new` none,
    // `free` the object, an "anything" method the object, a selector and atoms.
    unsafe {
        let class = class_new(
            gensym(c"timbre_transfer".as_ptr()),
            transmute::<extern "C" fn() -> *mut c_void, t_method>(new),
            transmute::<unsafe extern "C" fn(*mut Instance), t_method>(free),
            size_of::<Instance>(),
            0,
            A_NULL,
        );
        let method = transmute::<
            unsafe extern "C" fn(*mut Instance, *mut t_symbol, c_int, *mut t_atom),
            t_method,
        >(anything);
        class_addanything(class, method);
        CLASS.store(class, std::sync::atomic::Ordering::Relaxed);
        let version = text(concat!("ddsp ", env!("CARGO_PKG_VERSION"), ": timbre_transfer"));
        post(c"%s".as_ptr(), version.as_ptr());
    }
}

extern "C" fn new() -> *mut c_void {
    // SAFETY: Pd calls this on its thread, with the patch that the object is made in as the current canvas; `pd_new`
    // gives zeroed memory of the size that was registered.
    unsafe {
        let instance = pd_new(CLASS.load(std::sync::atomic::Ordering::Relaxed)).cast::<Instance>();
        let object = &raw mut (*instance).object;
        // A second inlet with the same messages: the cords of the course's patch lead there, as a `pyext` box keeps its
        // first inlet to itself.
        inlet_new(object, object, null_mut(), null_mut());
        let outlet = outlet_new(object, null_mut());
        let method = transmute::<unsafe extern "C" fn(*mut Instance), t_method>(tick);
        let clock = clock_new(instance.cast(), method);
        let canvas = canvas_getcurrent();
        let folder =
            if canvas.is_null() { String::new() } else { string((*canvas_getdir(canvas)).s_name) };
        let host = Host { folder: folder.into() };
        let is_alive = Rc::new(Cell::new(true));
        let state = State { object: TimbreTransfer::default(), host, outlet, clock, is_alive };
        (*instance).state = Box::into_raw(Box::new(state));
        instance.cast()
    }
}

unsafe extern "C" fn free(instance: *mut Instance) {
    // SAFETY: Pd frees an object that `new` has made, once, on its thread; no method of it holds a borrow then.
    unsafe {
        let state = Box::from_raw((*instance).state);
        state.is_alive.set(false);
        clock_free(state.clock);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(state)));
    }
}

unsafe extern "C" fn anything(
    instance: *mut Instance,
    selector: *mut t_symbol,
    n: c_int,
    atoms: *mut t_atom,
) {
    // SAFETY: Pd gives a selector and `n` atoms.
    let (selector, atoms) = unsafe {
        let n = usize::try_from(n).unwrap_or(0);
        let atoms = if n == 0 { &[] } else { std::slice::from_raw_parts(atoms, n) };
        let atoms: Vec<Atom> = atoms.iter().map(|atom| from_pd(atom)).collect();
        (string((*selector).s_name), atoms)
    };
    // SAFETY: `instance` is alive, as Pd sends it a message.
    unsafe {
        answer(instance, |object, host, answers| object.message(&selector, &atoms, host, answers))
    };
}

unsafe extern "C" fn tick(instance: *mut Instance) {
    // SAFETY: `instance` is alive, as its clock is.
    unsafe { answer(instance, TimbreTransfer::tick) };
}

/// Runs a method, then sends what it answers.
///
/// # Safety
/// `instance` is alive, and this is Pd's thread.
unsafe fn answer(
    instance: *mut Instance,
    method: impl FnOnce(&mut TimbreTransfer, &Host, &mut Answers),
) {
    let mut answers = Answers::default();
    // SAFETY: the instance is alive and no other borrow of its state is: each ends before Pd runs again.
    let (outlet, is_alive) = unsafe {
        let state = &mut *(*instance).state;
        let run = AssertUnwindSafe(|| method(&mut state.object, &state.host, &mut answers));
        if let Err(panic) = catch_unwind(run) {
            answers
                .error(format!("ddsp failed inside ({}): please report it", panic_text(&*panic)));
        }
        if state.object.is_busy() {
            clock_delay(state.clock, TICK_MS);
        }
        (state.outlet, Rc::clone(&state.is_alive))
    };
    for (selector, atoms) in answers.messages {
        if !is_alive.get() {
            return;
        }
        // SAFETY: the object is alive, so its outlet is.
        unsafe { send(instance, outlet, selector, &atoms) };
    }
}

/// # Safety
/// The object and its outlet are alive.
unsafe fn send(instance: *mut Instance, outlet: *mut t_outlet, selector: &str, atoms: &[Atom]) {
    // SAFETY: the texts live until the calls return; symbols are Pd's own.
    unsafe {
        if let ("error", [Atom::Symbol(sentence)]) = (selector, atoms) {
            let sentence = text(sentence);
            pd_error(instance.cast(), c"timbre_transfer: %s".as_ptr(), sentence.as_ptr());
        }
        let mut atoms: Vec<t_atom> = atoms.iter().map(to_pd).collect();
        let n = c_int::try_from(atoms.len()).unwrap_or(0);
        outlet_anything(outlet, gensym(text(selector).as_ptr()), n, atoms.as_mut_ptr());
    }
}

/// # Safety
/// The atom is one of Pd's.
unsafe fn from_pd(atom: &t_atom) -> Atom {
    // SAFETY: the type says which field is there; other kinds do not occur in messages.
    unsafe {
        match atom.a_type {
            A_FLOAT => Atom::Float(atom.a_w.w_float),
            A_SYMBOL => Atom::Symbol(string((*atom.a_w.w_symbol).s_name)),
            _ => Atom::Symbol("?".to_owned()),
        }
    }
}

fn to_pd(atom: &Atom) -> t_atom {
    match atom {
        Atom::Float(x) => t_atom { a_type: A_FLOAT, a_w: t_word { w_float: *x } },
        Atom::Symbol(name) => {
            let name = text(name);
            // SAFETY: Pd copies the text.
            let w_symbol = unsafe { gensym(name.as_ptr()) };
            t_atom { a_type: A_SYMBOL, a_w: t_word { w_symbol } }
        }
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason given".to_owned())
}
