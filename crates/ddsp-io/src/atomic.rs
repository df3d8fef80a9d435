//! Files that appear whole or not at all.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Cursor, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The partial files that are being written now.
static PARTIALS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

use crate::error::{Error, Result};

/// What [`write_file`] hands to its closure: somewhere to write that can also seek, as file formats
/// do that fill in their header last.
pub trait WriteSeek: Write + Seek {}

impl<T: Write + Seek> WriteSeek for T {}

/// Writes a file by `fill`, so that readers see the old file or the whole new one, never a part.
///
/// The bytes go to `.NAME.partial-PID-N` in the same folder, are flushed to the disk, and take the
/// place of `path` at the end. On any error the partial file is removed and `path` stays as it was.
/// An existing file's permissions are kept, and a symbolic link stays one. If `path` is a device or
/// a pipe, the bytes are collected in memory and written to it directly.
///
/// *Errors*: [`Error::Write`], also for an error that `fill` returns.
pub fn write_file(
    path: &Path,
    fill: impl FnOnce(&mut dyn WriteSeek) -> io::Result<()>,
) -> Result<()> {
    write_io(path, fill).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Writes a file of these bytes as [`write_file`] does.
///
/// *Errors*: [`Error::Write`].
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    write_file(path, |writer| writer.write_all(bytes))
}

/// Removes the partial files that other threads are writing and calls `leave`, which should end the
/// process: until it returns, no other partial file is begun.
pub fn remove_partials(leave: impl FnOnce()) {
    let mut partials = partials();
    for partial in std::mem::take(&mut *partials) {
        // One that was renamed in this moment is whole and stays, by another name.
        let _ = fs::remove_file(partial);
    }
    leave();
}

fn partials() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // The set is whole between any two of its operations.
    PARTIALS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write_io(
    path: &Path,
    fill: impl FnOnce(&mut dyn WriteSeek) -> io::Result<()>,
) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => write_special(path, fill),
        Ok(found) if found.permissions().readonly() => Err(io::ErrorKind::PermissionDenied.into()),
        Ok(found) => replace(&fs::canonicalize(path)?, Some(found.permissions()), fill),
        Err(e) if e.kind() == io::ErrorKind::NotFound => replace(path, None, fill),
        Err(e) => Err(e),
    }
}

fn write_special(
    path: &Path,
    fill: impl FnOnce(&mut dyn WriteSeek) -> io::Result<()>,
) -> io::Result<()> {
    let mut bytes = Cursor::new(Vec::new());
    fill(&mut bytes)?;
    let mut device = OpenOptions::new().write(true).open(path)?;
    device.write_all(bytes.get_ref())?;
    device.flush()
}

fn replace(
    target: &Path,
    permissions: Option<fs::Permissions>,
    fill: impl FnOnce(&mut dyn WriteSeek) -> io::Result<()>,
) -> io::Result<()> {
    let (partial, file) = create_partial(target)?;
    let filled = (|| {
        let mut writer = BufWriter::with_capacity(1 << 16, file);
        fill(&mut writer)?;
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.sync_all()?;
        drop(file);
        fs::rename(&partial, target)
    })();
    if filled.is_err() {
        // The first error is the one to report, whether or not this works.
        let _ = fs::remove_file(&partial);
    }
    partials().remove(&partial);
    filled
}

/// Creates a file of a new name beside `target`.
fn create_partial(target: &Path) -> io::Result<(PathBuf, File)> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let name = target.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    loop {
        let n = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut partial = OsString::from(".");
        partial.push(name);
        partial.push(format!(".partial-{}-{n}", std::process::id()));
        let partial = target.with_file_name(partial);
        let mut partials = partials();
        match OpenOptions::new().write(true).create_new(true).open(&partial) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
            Ok(file) => {
                partials.insert(partial.clone());
                return Ok((partial, file));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        write_bytes(&path, b"old").unwrap();
        let failed = write_file(&path, |writer| {
            writer.write_all(b"new but")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(failed.unwrap_err().to_string().ends_with("no space left on the device"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.bin"]);
        write_bytes(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a.bin"]);
    }

    #[test]
    fn folders_and_missing_folders_have_their_own_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let e = write_bytes(folder.path(), b"x").unwrap_err();
        assert!(e.to_string().ends_with("it is a folder"), "{e}");
        let e = write_bytes(&folder.path().join("no/x.wav"), b"x").unwrap_err();
        assert!(e.to_string().ends_with("does not exist"), "{e}");
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_devices_are_written_directly() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        write_bytes(&real, b"old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_bytes(&link, b"new").unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

        write_bytes(Path::new("/dev/null"), b"x").unwrap();
        if Path::new("/dev/full").exists() {
            let e = write_bytes(Path::new("/dev/full"), b"x").unwrap_err();
            assert_eq!(e.to_string(), "/dev/full: cannot be written: no space left on the device");
        }
        assert!(Path::new("/dev/null").exists());
    }
}
