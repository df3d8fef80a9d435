//! The structures declared by hand are those of Pd's own header.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail loudly and say why they cannot run"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use ddsp_pd::SIZES;

#[test]
fn structures_are_those_of_the_header() {
    let folders =
        ["/usr/include/pd", "/usr/include", "/usr/local/include/pd", "/usr/local/include"];
    let Some(include) = folders.iter().find(|folder| Path::new(folder).join("m_pd.h").exists())
    else {
        println!("m_pd.h is not installed (apt install puredata-dev): not compared");
        return;
    };
    let folder = tempfile::TempDir::new().unwrap();
    let lines = SIZES.map(|(what, _)| {
        // C has no offsetof of what a macro renames: te_outlet is ob_outlet to the header.
        let expression = what
            .replace("te_outlet", "ob_outlet")
            .replace("t_object, ob_outlet", "struct _text, te_outlet");
        format!("printf(\"%zu\\n\", {expression});")
    });
    let source = format!(
        "#include <stdio.h>\n#include <stddef.h>\n#include \"m_pd.h\"\nint main(void) {{ {} return 0; }}",
        lines.join("\n")
    );
    fs::write(folder.path().join("sizes.c"), source).unwrap();
    let compiled = Command::new("cc")
        .current_dir(folder.path())
        .args(["-I", include, "sizes.c", "-o", "sizes"])
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let output = Command::new(folder.path().join("sizes")).output().unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    let found: Vec<usize> = found.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(found, SIZES.map(|(_, size)| size), "{SIZES:?}");
}
