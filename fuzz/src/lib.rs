//! What the fuzz targets share: a folder of their own, in memory where the system has one.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The folder of this process. A checkpoint that imports lies in it from the start.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        let root = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = root.join(format!("ddsp-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder can be made in memory");
        ddsp_cases::TinyCheckpoint::new().write(&folder);
        folder
    })
}

/// Writes a file of the folder.
pub fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, bytes).expect("a file can be written in memory");
    path
}
