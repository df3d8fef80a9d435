//! Fundamental frequency: trackers turn audio into `f0_hz` and `f0_confidence`, one value a frame.
