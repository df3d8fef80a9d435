//! What this machine is called.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The machine's name, of letters, digits, dots and hyphens alone; `localhost` if nothing tells it.
pub(crate) fn name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let told = [
            std::fs::read_to_string("/proc/sys/kernel/hostname").ok(),
            std::env::var("COMPUTERNAME").ok(),
            asked(),
        ];
        let mut names = told.into_iter().flatten().map(|name| plain(&name));
        names.find(|name| !name.is_empty()).unwrap_or_else(|| "localhost".to_owned())
    })
}

/// What `uname -n` prints, where there is such a command.
fn asked() -> Option<String> {
    let done = Command::new("uname").arg("-n").stdin(Stdio::null()).stderr(Stdio::null()).output();
    String::from_utf8(done.ok()?.stdout).ok()
}

fn plain(name: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '.';
    name.trim().chars().take(64).filter(is_plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_in_a_file_name() {
        assert!(!name().is_empty());
        assert_eq!(plain(name()), name());
        assert_eq!(plain("stu/dio 3\n"), "studio3");
    }
}
