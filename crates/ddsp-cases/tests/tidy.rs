//! The arrows between the rooms, and where `unsafe` may stand.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};

/// Which crates of the workspace a crate may depend on, and outside its own tests alone.
const ARROWS: &[(&str, &[&str], &[&str])] = &[
    ("ddsp-core", &[], &["ddsp-cases"]),
    ("ddsp-io", &["ddsp-core"], &["ddsp-core", "ddsp-cases"]),
    ("ddsp-cases", &[], &[]),
    ("ddsp-cli", &["ddsp-core", "ddsp-io", "ddsp"], &["ddsp-cases"]),
    ("ddsp", &["ddsp-core", "ddsp-io"], &["ddsp-cases"]),
    ("ddsp-pd", &["ddsp-core", "ddsp-io"], &["ddsp-cases"]),
];

/// Files in which `unsafe` may stand, each with its reason.
const UNSAFE_FILES: &[&str] = &[
    // The peak that `ddsp bench` compares with is a library's, whose only entry takes pointers.
    "crates/ddsp-cli/src/bench/sgemm.rs",
    // The allocator's settings are a C interface.
    "crates/ddsp-cli/src/memory.rs",
    // Pure Data's C interface: its declarations, and where it is called.
    "crates/ddsp-pd/src/m_pd.rs",
    "crates/ddsp-pd/src/host.rs",
];

/// The only files of the workspace that may name a library.
const ONE_DOOR: &[(&str, &[&str])] = &[
    ("pulp", &["ddsp-core/src/simd.rs", "ddsp-core/src/nn/matrix.rs", "ddsp-core/src/nn/half.rs"]),
    ("realfft", &["ddsp-core/src/fft.rs", "ddsp-core/src/real.rs"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The workspace crates that a manifest names under `[section]`.
fn named(manifest: &str, section: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| line.trim() != format!("[{section}]")).skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['=', '.', ' ']).next())
        .filter(|name| name.starts_with("ddsp"))
        .map(str::to_owned)
        .collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn crates_depend_on_whom_they_may() {
    let mut n_crates = 0;
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let (_, may, tests_may) = ARROWS
            .iter()
            .find(|(known, ..)| *known == name)
            .unwrap_or_else(|| panic!("{name} is not in the list of arrows"));
        for found in named(&manifest, "dependencies") {
            assert!(may.contains(&found.as_str()), "{name} may not depend on {found}");
        }
        for found in named(&manifest, "dev-dependencies") {
            assert!(tests_may.contains(&found.as_str()), "{name}'s tests may not use {found}");
        }
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{name} takes the workspace's lints"
        );
        n_crates += 1;
    }
    assert_eq!(n_crates, ARROWS.len());
}

#[test]
fn the_reader_of_manifests_sees_what_is_there() {
    let manifest =
        "[dependencies]\nddsp-core = { workspace = true }\nclap = \"4\"\n[lints]\nddsp = 1";
    assert_eq!(named(manifest, "dependencies"), ["ddsp-core"]);
    assert!(named(manifest, "dev-dependencies").is_empty());
}

#[test]
fn unsafe_stands_only_where_it_is_listed() {
    let mut files = Vec::new();
    rust_files(&root().join("crates"), &mut files);
    assert!(files.len() > 50, "{} files", files.len());
    // Spelt apart, so that this file is not a finding of its own.
    let word = concat!("un", "safe ");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
        let found = code.filter(|line| line.contains(word)).count();
        let listed = UNSAFE_FILES.iter().any(|listed| file.ends_with(listed));
        assert!(found == 0 || listed, "{} has {word}", file.display());
    }
}

#[test]
fn libraries_with_one_door_are_named_nowhere_else() {
    let mut files = Vec::new();
    rust_files(&root().join("crates"), &mut files);
    for (library, doors) in ONE_DOOR {
        for file in &files {
            let text = fs::read_to_string(file).unwrap();
            let names_it = text.contains(&format!("{library}::"));
            let is_door = doors.iter().any(|door| file.ends_with(door));
            assert!(!names_it || is_door, "{} names {library}", file.display());
        }
    }
}
