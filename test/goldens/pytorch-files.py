#!/usr/bin/env python3
"""Files of torch.save of every kind that is read, and some that are refused, for test/formats/pytorch.

    /usr/bin/python3 test/goldens/pytorch-files.py

Files go to test/fixtures/pytorch; the dtypes, shapes and values of all tensors in those that are read, by dotted path, to
test/goldens/pytorch-files.json: float16, bfloat16 and float64 as Python sees them, int64 as text, what JSON cannot say as its name.
"""
import io
import json
import math
import os
import pickle
import struct
import sys
import warnings
import zipfile
from collections import Counter, OrderedDict
from pathlib import Path
from unittest.mock import patch

import numpy
import torch
from torch import nn

here = Path(__file__).parent
files = here.parent / "fixtures" / "pytorch"
files.mkdir(exist_ok=True)
goldens = {}
warnings.filterwarnings("ignore")


def number(dtype, value):
    if dtype == torch.int64:
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def tensors_of(value, path=""):
    if isinstance(value, torch.Tensor):
        flat = value.detach().contiguous().reshape(-1).tolist()
        yield path, {
            "dtype": str(value.dtype).removeprefix("torch."),
            "shape": list(value.shape),
            "values": [number(value.dtype, v) for v in flat],
        }
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    for key, item in items:
        name = ",".join(map(str, key)) if isinstance(key, tuple) else str(key)
        yield from tensors_of(item, name if path == "" else f"{path}.{name}")


def save(name, value, **options):
    torch.save(value, files / name, **options)
    golden(name, value)


def golden(name, value):
    goldens[name] = dict(tensors_of(value))


legacy = {"_use_new_zipfile_serialization": False}


def filled(*shape):
    return torch.sin(0.5 + 0.7 * torch.arange(math.prod(shape), dtype=torch.float32)).reshape(shape)


def fill(module):
    for value in module.state_dict().values():
        if value.is_floating_point():
            value.copy_(filled(*value.shape))
    return module


dtypes = {
    "float32": torch.tensor([0.1, -0.0, math.inf, -math.inf, math.nan, 1e-45]),
    "float64": torch.tensor([0.1, 1e300, -math.inf], dtype=torch.float64),
    "float16": torch.tensor([1.0, -2.5, 6e-8, 65504, math.inf, 1 / 3], dtype=torch.float16),
    "bfloat16": torch.tensor([1.0, -3.140625, 1e38, math.nan], dtype=torch.bfloat16),
    "int64": torch.tensor([2**63 - 1, -(2**63), 7]),
    "int32": torch.tensor([2**31 - 1, -(2**31)], dtype=torch.int32),
    "int16": torch.tensor([2**15 - 1, -(2**15)], dtype=torch.int16),
    "int8": torch.tensor([127, -128, 1], dtype=torch.int8),
    "uint8": torch.tensor([255, 0, 1], dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]),
}

base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
views = {
    "base": base,
    "same": base,
    "transposed": base.t(),
    "row": base[2],
    "column": base[:, 1],
    "block": base[1:3, 2:5],
    "every other": base[::2, ::3],
    "permuted": base.reshape(2, 2, 6).permute(2, 0, 1),
    "expanded": torch.arange(3).reshape(3, 1).expand(3, 4),
    "half, transposed": filled(2, 3).half().t(),
    "scalar": torch.tensor(7.5),
    "of the base": base[3, 5],
    "empty": torch.empty(0, 3),
    "one row, odd strides": base[:1].as_strided((1, 6), (1000, 1)),
}

network = fill(nn.Sequential(nn.Conv1d(2, 3, 3), nn.BatchNorm1d(3)))
nested = {"epoch": 7, "state_dict": network.state_dict(), "best": [1.5, {"weights": (filled(2), "x")}], "args": {"lr": 1e-3, (1, 2): filled(1)}}

plain = {
    "none": None,
    "truth": [True, False],
    "integers": [0, 255, 256, 65535, 65536, -1, 2**31, -(2**31), 2**53 - 1, 2**53, 2**64, -(2**70), -128, -32769],
    "floats": [0.5, -1e-300, math.inf, -math.inf],
    "texts": ["", "ü€😀", "line\nbreak \\u0041", "x" * 300],
    "bytes": [b"", b"\x00\xff'\n\\", bytearray(b"ab")],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "set": {1},
    "frozenset": frozenset(["a"]),
    3: {"nested": {}},
    "ordered": OrderedDict([("b", 1), ("a", 2)]),
    "counter": Counter("aab"),
    "__proto__": 1,
    "long": [None] * 1001,
}
shared = [1]
plain["shared"] = [shared, shared]

of_torch = {
    "dtype": torch.bfloat16,
    "device": [torch.device("cpu"), torch.device("cuda", 1)],
    "size": torch.Size([2, 3]),
    "numpy": [numpy.float64(0.1), numpy.float32(0.5), numpy.int64(-3), numpy.int32(5), numpy.uint8(200), numpy.bool_(True)],
}

parameter = nn.Parameter(filled(2, 2))
marked = nn.Parameter(filled(3))
marked.role = "scale"
tensor = filled(2)
tensor.note = "by hand"
parameters = {"plain": parameter, "marked": marked, "tensor with an attribute": tensor}

weights = fill(nn.Linear(3, 2))
optimizer = torch.optim.Adam(weights.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 5])
for parameter_ in weights.parameters():
    parameter_.grad = torch.ones_like(parameter_)
optimizer.step()
scheduler.step()
training = {"model": weights.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}

recurrent = fill(nn.LSTM(3, 2, bidirectional=True)).state_dict()
parallel = OrderedDict((f"module.{name}", value) for name, value in weights.state_dict().items())

save("dtypes.pth", dtypes)
save("dtypes-legacy.pth", dtypes, **legacy)
save("views.pth", views)
save("views-legacy.pth", views, **legacy)
save("nested.pth", nested)
save("nested-legacy-protocol-4.pth", nested, pickle_protocol=4, **legacy)
for protocol in range(1, 6):
    save(f"plain-protocol-{protocol}.pth", plain, pickle_protocol=protocol)
save("plain-legacy-protocol-0.pth", plain, pickle_protocol=0, **legacy)
save("of-torch.pth", of_torch)
save("parameters.pth", parameters)
save("training.pth", training)
save("lstm.pth", recurrent)
save("parallel.pth", parallel)
save("tensor.pth", filled(2, 3))


def rewritten(name, of, change=lambda name, content: content, more={}, method=zipfile.ZIP_STORED):
    """A zip file of Python's own writer, with the same entries changed and others added."""
    with zipfile.ZipFile(files / of) as source, zipfile.ZipFile(files / name, "w", method) as target:
        contents = {entry: change(entry, source.read(entry)) for entry in source.namelist()}
        for entry, content in {**contents, **more}.items():
            target.writestr(zipfile.ZipInfo(entry), content, compress_type=method)
    goldens[name] = goldens[of]


rewritten("deflated.pth", "views.pth", method=zipfile.ZIP_DEFLATED)

# As PyTorch 2 writes it, on a machine whose numbers begin with their highest byte.
widths = {str(i): value.element_size() for i, value in enumerate(dtypes.values())}


def swapped(entry, content):
    key = entry.split("/")[-1]
    if "/data/" not in entry:
        return content
    return b"".join(content[i : i + widths[key]][::-1] for i in range(0, len(content), widths[key]))


rewritten("big-endian.pth", "dtypes.pth", swapped, {"dtypes/byteorder": b"big"})
rewritten("pytorch-2.pth", "nested.pth", more={"nested/byteorder": b"little", "nested/.data/serialization_id": b"1" * 40})


class Named:
    """Pickled as the name of a class or function of a library that this PyTorch does not have."""

    def __init__(self, module, name):
        self.pickled = f"c{module}\n{name}\n".encode()


class Pickler(pickle._Pickler):
    """Python's own, in Python, with names of anything and with persistent ids."""

    dispatch = dict(pickle._Pickler.dispatch)

    def persistent_id(self, value):
        return value.id if isinstance(value, Persistent) else None

    def named(self, value):
        self.write(value.pickled)

    dispatch[Named] = named


class Persistent:
    def __init__(self, *id):
        self.id = id


class Call:
    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


def call(pickler, value):
    function, args = value.call
    pickler.save(function)
    pickler.save(args)
    pickler.write(pickle.REDUCE)


Pickler.dispatch[Call] = call


def pickled(value, protocol=2):
    stream = io.BytesIO()
    Pickler(stream, protocol).dump(value)
    return stream.getvalue()


# _rebuild_tensor_v3 of PyTorch 2.1: storages of bytes, and the dtype beside them.
untyped = Call(
    Named("torch._utils", "_rebuild_tensor_v3"),
    Persistent("storage", Named("torch.storage", "UntypedStorage"), "0", "cpu", 12),
    1,
    (2,),
    (1,),
    False,
    OrderedDict(),
    torch.int32,
)
with zipfile.ZipFile(files / "untyped.pth", "w") as archive:
    archive.writestr(zipfile.ZipInfo("archive/data.pkl"), pickled({"x": untyped}))
    archive.writestr(zipfile.ZipInfo("archive/data/0"), struct.pack("<3i", 5, 6, -7))
golden("untyped.pth", {"x": torch.tensor([6, -7], dtype=torch.int32)})


# PyTorch before 0.4 under Python 2: _rebuild_tensor, texts that are bytes, storages that are views of others.
class Bytes2(str):
    pass


def bytes2(pickler, value):
    data = value.encode()
    pickler.write(pickle.SHORT_BINSTRING + bytes([len(data)]) + data)


Pickler.dispatch[Bytes2] = bytes2
view = Persistent("storage", Named("torch", "FloatStorage"), Bytes2("140"), Bytes2("cpu"), 5, (Bytes2("141"), 2, 3))
root = Persistent("storage", Named("torch", "FloatStorage"), Bytes2("140"), Bytes2("cpu"), 5, None)
rebuild = Named("torch._utils", "_rebuild_tensor")
old = {Bytes2("part"): Call(rebuild, view, 1, (2,), (1,)), Bytes2("whole"): Call(rebuild, root, 0, (5,), (1,))}
with open(files / "python-2.pth", "wb") as file:
    for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, old, [Bytes2("140")]):
        file.write(pickled(value))
    file.write(struct.pack("<q5f", 5, 0, 1, 2, 3, 4))
golden("python-2.pth", {"part": torch.tensor([3.0, 4.0]), "whole": torch.arange(5.0)})


# What is refused.
class Harm:
    def __reduce__(self):
        return os.system, ("touch /tmp/divisi-was-harmed",)


torch.save({"weights": filled(2), "harm": Harm()}, files / "refused-system.pth")
torch.save({"weights": filled(2), "harm": Harm()}, files / "refused-system-legacy.pth", pickle_protocol=4, **legacy)
torch.save(weights, files / "refused-module.pth")


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(filled(2))


# The format before 1.6 puts the source of the class into the file, and where it stands: no path of the machine that made it.
with patch("inspect.getsourcefile", lambda _: Path(__file__).name):
    torch.save(Tiny(), files / "refused-module-legacy.pth", **legacy)
torch.jit.script(nn.ReLU()).save(str(files / "refused-script.pt"))
torch.save({"z": torch.tensor([1 + 2j])}, files / "refused-complex.pth")

(here / "pytorch-files.json").write_text(json.dumps(goldens) + "\n")
print(f"torch {torch.__version__}, Python {sys.version.split()[0]}: {sum(f.stat().st_size for f in files.iterdir())} bytes")
