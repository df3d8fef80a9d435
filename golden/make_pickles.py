"""Writes small `dataset_statistics.pkl` files as Magenta's library writes them.

    python3 golden/make_pickles.py

The pickles that the library wrote hold numpy's scalars and arrays, a generator's state and a `QuantileTransformer`.
Here stand-ins of the same names are pickled in the same way, so that neither numpy nor TensorFlow is needed: the bytes
differ from the real ones in their numbers alone. Needs only Python's standard library.
"""

import pathlib
import pickle
import struct
import sys
import types

OUT = pathlib.Path(__file__).parent / "statistics"


def module(name):
    made = types.ModuleType(name)
    sys.modules[name] = made
    return made


def function(module_name, name):
    def made(*_):
        raise NotImplementedError
    made.__module__, made.__qualname__, made.__name__ = module_name, name, name
    setattr(sys.modules[module_name], name, made)
    return made


def a_class(module_name, name, **members):
    made = type(name, (), {"__module__": module_name, **members})
    setattr(sys.modules[module_name], name, made)
    return made


for name in ("numpy", "numpy.core", "numpy.core.multiarray", "numpy.random", "numpy.random._pickle", "ddsp",
             "ddsp.training", "ddsp.training.postprocessing", "ddsp.colab", "ddsp.colab.colab_utils"):
    module(name)
scalar = function("numpy.core.multiarray", "scalar")
reconstruct = function("numpy.core.multiarray", "_reconstruct")
random_state = function("numpy.random._pickle", "__randomstate_ctor")
ndarray = a_class("numpy", "ndarray")
dtype = a_class("numpy", "dtype", __reduce__=lambda self: (dtype, (self.code, False, True),
                                                           (3, "<", None, None, None, -1, -1, 0)))


def of_type(code):
    made = dtype()
    made.code = code
    return made


class Scalar:
    def __init__(self, value):
        self.value = value

    def __reduce__(self):
        return scalar, (F4, struct.pack("<f", self.value))


class Array:
    def __init__(self, shape, values):
        self.shape, self.values = shape, values

    def __reduce__(self):
        data = struct.pack(f"<{len(self.values)}d", *self.values)
        return reconstruct, (ndarray, (0,), b"b"), (1, self.shape, F8, False, data)


class RandomState:
    def __reduce__(self):
        return random_state, ("MT19937",), {"bit_generator": "MT19937", "state": {"pos": 4}}


F4, F8 = of_type("f4"), of_type("f8")
OUT.mkdir(exist_ok=True)
for name, path, protocol, keys in (
    ("magenta1_protocol2", "ddsp.colab.colab_utils", 2, ()),
    ("magenta3_protocol4", "ddsp.training.postprocessing", 4, ("std_pitch", "mean_power_note")),
):
    transformer = a_class(path, "QuantileTransformer")()
    transformer.__dict__.update(
        n_quantiles=1000, output_distribution="uniform", subsample=100000, random_state=RandomState(),
        n_quantiles_=5, references_=Array((5,), [0, 0.25, 0.5, 0.75, 1]),
        quantiles_=Array((5, 1), [-60, -30.5, -20, -15, -5.25]))
    statistics = {"mean_pitch": Scalar(61.5), "mean_loudness": Scalar(-22.25), "mean_max_loudness": Scalar(-8.5),
                  **{key: Scalar(1.0) for key in keys}, "quantile_transform": transformer}
    (OUT / f"{name}.pkl").write_bytes(pickle.dumps(statistics, protocol))
