//! How a recording is cut into overlapping frames, and windowed.

/// A Hann window, periodic where its size is even, else symmetric.
///
/// *Reference*: TensorFlow's `tf.signal.hann_window`.
pub fn hann_window(size: usize) -> Vec<f64> {
    let period = (size - size % 2) as f64;
    let hann = |n: usize| 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / period).cos();
    if size == 1 { vec![1.0] } else { (0..size).map(hann).collect() }
}

/// What lies outside the recording, and so where its frames begin and how many there are.
///
/// *Reference*: Magenta's `spectral_ops.get_framed_lengths` and `pad`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Padding {
    /// Half a frame of zeros on both sides: frame i is centred on sample `i × hop_size`.
    #[default]
    Center,
    /// Zeros at the end: frame i begins at sample `i × hop_size`.
    Same,
    /// Nothing: as `Same`, without the frames that would reach past the end.
    Valid,
}

impl Padding {
    /// The number of frames of a recording.
    ///
    /// *Panics* if `hop_size` is zero.
    pub fn n_frames(self, n_samples: usize, frame_size: usize, hop_size: usize) -> usize {
        match self {
            Self::Center => n_samples / hop_size + 1,
            Self::Same => n_samples.div_ceil(hop_size),
            Self::Valid if n_samples < frame_size => 0,
            Self::Valid => (n_samples - frame_size) / hop_size + 1,
        }
    }

    /// The samples of zeros before the recording.
    pub fn n_before(self, frame_size: usize) -> usize {
        match self {
            Self::Center => frame_size / 2,
            Self::Same | Self::Valid => 0,
        }
    }
}
