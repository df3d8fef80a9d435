//! The command `ddsp`.
fn main() {}
