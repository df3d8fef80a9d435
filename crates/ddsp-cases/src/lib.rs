//! Reference cases and the tolerance rule, for tests alone.
