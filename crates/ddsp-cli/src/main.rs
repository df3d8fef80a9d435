//! The command `ddsp`.

#[cfg_attr(not(test), expect(dead_code, reason = "no subcommand draws yet"))]
mod plot;

fn main() {}
