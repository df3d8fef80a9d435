//! The classes and functions that a pickle may name.

/// Which library wrote a pickle, by where its `QuantileTransformer` stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) enum Generation {
    /// Magenta 1.x: `ddsp.colab.colab_utils`.
    One,
    /// Later, from 1.6 on: `ddsp.training.postprocessing`.
    Later,
    /// scikit-learn itself.
    Unknown,
}

/// What a name of a pickle stands for here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) enum Class {
    /// A number of numpy's.
    Scalar,
    /// The type of numpy's numbers.
    Dtype,
    /// An array of numpy's.
    NdArray,
    /// An array that is filled in afterwards.
    Reconstruct,
    /// An array of bytes.
    FromBuffer,
    /// Bytes written as text, as pickles for Python 2 have them.
    Encode,
    /// Something of numpy's generators: its state is nobody's business here.
    Random,
    /// The distribution that auto adjust goes by.
    QuantileTransformer(Generation),
}

impl Class {
    /// The class of that name, if it is known.
    pub(super) fn named(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Self::Scalar,
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
                Self::Reconstruct
            }
            ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Self::FromBuffer,
            ("numpy", "dtype") => Self::Dtype,
            ("numpy", "ndarray") => Self::NdArray,
            ("_codecs", "encode") => Self::Encode,
            (
                "numpy.random._pickle",
                "__randomstate_ctor" | "__bit_generator_ctor" | "__generator_ctor",
            )
            | ("numpy.random", "__RandomState_ctor")
            | ("numpy.random._mt19937", "MT19937")
            | ("numpy.random._pcg64", "PCG64")
            | ("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence" | "SeedSequence") => {
                Self::Random
            }
            ("ddsp.colab.colab_utils", "QuantileTransformer") => {
                Self::QuantileTransformer(Generation::One)
            }
            ("ddsp.training.postprocessing", "QuantileTransformer") => {
                Self::QuantileTransformer(Generation::Later)
            }
            (
                "sklearn.preprocessing._data" | "sklearn.preprocessing.data",
                "QuantileTransformer",
            ) => Self::QuantileTransformer(Generation::Unknown),
            _ => return None,
        })
    }
}
