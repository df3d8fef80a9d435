//! An interrupted write leaves nothing. Alone in its process: it removes every partial file there.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::cell::Cell;
use std::fs;

use ddsp_io::atomic::{remove_partials, write_bytes, write_file};

#[test]
fn what_is_being_written_is_removed_and_what_is_written_stays() {
    let folder = tempfile::tempdir().unwrap();
    let names = || -> Vec<_> {
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    };
    write_bytes(&folder.path().join("done"), b"whole").unwrap();
    let has_left = Cell::new(false);
    let interrupted = write_file(&folder.path().join("begun"), |writer| {
        writer.write_all(b"half of it")?;
        writer.flush()?;
        assert_eq!(names().len(), 2);
        remove_partials(|| has_left.set(true));
        assert_eq!(names(), ["done"]);
        Ok(())
    });
    assert!(has_left.get() && interrupted.is_err());
    assert_eq!(names(), ["done"]);
}
