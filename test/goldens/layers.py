#!/usr/bin/env python3
"""What PyTorch's layers and scipy's convolutions give, for test/nn/layers-pytorch.test.ts and test/dsp/convolution.test.ts.

    /usr/bin/python3 test/goldens/layers.py

Inputs and weights are sin(phase + 0.7 i) by index i, in float64: phase 0.5 for the input, j + 1 for the j-th entry of the state dict (running
variances 1.5 + sin/2). The tests make the same numbers.
"""
import json
from pathlib import Path

import numpy as np
import scipy.signal
import torch
from torch import nn


def filled(shape, phase):
    count = int(np.prod(shape, dtype=int))
    return np.sin(phase + 0.7 * np.arange(count)).reshape(shape)


def numbers(values):
    return [float(f"{v:.9g}") for v in np.asarray(values).ravel()]


def entry(values):
    return {"shape": list(values.shape), "values": numbers(values)}


def state_of(module):
    return [(name, value) for name, value in module.state_dict().items() if value.is_floating_point()]


def prepared(module):
    module = module.double()
    for j, (name, value) in enumerate(state_of(module)):
        drawn = filled(value.shape, j + 1)
        value.copy_(torch.from_numpy(1.5 + drawn / 2 if name == "running_var" else drawn))
    return module


def golden(module, shape, train=False):
    prepared(module).train(train)
    result = {"state": [[name, list(value.shape)] for name, value in state_of(module)], "input": list(shape)}
    with torch.no_grad():
        result["y"] = entry(module(torch.from_numpy(filled(shape, 0.5))).numpy())
    if train:
        result["after"] = {name: numbers(value) for name, value in state_of(module) if name.startswith("running")}
    return result


def embedding():
    module = prepared(nn.Embedding(5, 3, padding_idx=2))
    tokens = torch.tensor([[0, 2, 4], [4, 4, 2]])
    y = module(tokens)
    (y * torch.from_numpy(filled(y.shape, 0.5))).sum().backward()
    return {"y": entry(y.detach().numpy()), "gradient": entry(module.weight.grad.numpy())}


layers = {
    "Linear": golden(nn.Linear(3, 4), (2, 3, 3)),
    "Linear, no bias": golden(nn.Linear(3, 2, bias=False), (3,)),
    "Conv1d": golden(nn.Conv1d(4, 6, 3, stride=3, padding=3, dilation=2, groups=2), (2, 4, 9)),
    "Conv1d, same": golden(nn.Conv1d(2, 2, 4, padding="same", dilation=3), (1, 2, 8)),
    "Conv2d": golden(nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0), bias=False), (1, 2, 6, 4)),
    "Conv3d": golden(nn.Conv3d(2, 2, (2, 3, 1), stride=(1, 2, 1), padding=(0, 1, 0)), (1, 2, 3, 4, 2)),
    "ConvTranspose1d": golden(nn.ConvTranspose1d(4, 2, 3, stride=3, padding=1, output_padding=2, dilation=2, groups=2), (1, 4, 4)),
    "ConvTranspose2d": golden(nn.ConvTranspose2d(2, 3, (2, 3), stride=(2, 1), padding=(0, 1)), (1, 2, 3, 3)),
    "ConvTranspose3d": golden(nn.ConvTranspose3d(2, 1, (1, 2, 2), stride=(1, 2, 1)), (1, 2, 2, 2, 3)),
    "MaxPool1d": golden(nn.MaxPool1d(3, stride=2, padding=1, dilation=3), (1, 2, 9)),
    "MaxPool2d": golden(nn.MaxPool2d((2, 3)), (1, 2, 5, 6)),
    "MaxPool3d": golden(nn.MaxPool3d((1, 2, 2), stride=1), (1, 1, 2, 3, 3)),
    "AvgPool1d": golden(nn.AvgPool1d(3, stride=2, padding=1), (1, 2, 8)),
    "AvgPool2d": golden(nn.AvgPool2d((2, 3), padding=(1, 1), count_include_pad=False), (1, 2, 5, 6)),
    "AvgPool3d": golden(nn.AvgPool3d(2, stride=1), (1, 1, 2, 3, 3)),
    "Upsample, nearest": golden(nn.Upsample(scale_factor=(2, 3)), (1, 2, 2, 2)),
    "Upsample, linear": golden(nn.Upsample(scale_factor=3, mode="linear"), (1, 2, 4)),
    "Upsample, bilinear": golden(nn.Upsample(scale_factor=2, mode="bilinear"), (1, 1, 3, 2)),
    "Upsample, corners": golden(nn.Upsample(size=(5, 4), mode="bilinear", align_corners=True), (1, 1, 3, 2)),
    "BatchNorm": golden(nn.BatchNorm1d(3), (2, 3, 4)),
    "BatchNorm, training": golden(nn.BatchNorm2d(3, momentum=0.3, eps=1e-3), (2, 3, 2, 2), train=True),
    "BatchNorm, no affine": golden(nn.BatchNorm1d(3, affine=False), (4, 3)),
    "BatchNorm, no track": golden(nn.BatchNorm1d(3, track_running_stats=False), (2, 3, 4)),
    "LayerNorm": golden(nn.LayerNorm((2, 3)), (2, 2, 3)),
    "LayerNorm, no affine": golden(nn.LayerNorm(4, eps=1e-3, elementwise_affine=False), (2, 4)),
    "InstanceNorm": golden(nn.InstanceNorm1d(3), (2, 3, 4)),
    "InstanceNorm, affine": golden(nn.InstanceNorm2d(3, affine=True), (2, 3, 2, 2)),
    "InstanceNorm, training": golden(nn.InstanceNorm1d(3, track_running_stats=True, momentum=0.3), (2, 3, 4), train=True),
    "InstanceNorm, tracked": golden(nn.InstanceNorm1d(3, affine=True, track_running_stats=True), (2, 3, 4)),
    "GroupNorm": golden(nn.GroupNorm(2, 4), (2, 4, 3)),
    "GroupNorm, no affine": golden(nn.GroupNorm(2, 4, affine=False), (2, 4, 1)),
    "Flatten": golden(nn.Flatten(1, 2), (2, 2, 3, 2)),
    "PReLU": golden(nn.PReLU(3), (2, 3, 4)),
    "ELU": golden(nn.ELU(), (9,)),
    "GELU": golden(nn.GELU(), (9,)),
    "SiLU": golden(nn.SiLU(), (9,)),
    "Softplus": golden(nn.Softplus(), (9,)),
    "LeakyReLU": golden(nn.LeakyReLU(), (9,)),
    "Softmax": golden(nn.Softmax(-1), (2, 4)),
}

f, g = filled((7,), 0.5), filled((4,), 1)
image, kernel = filled((4, 5), 0.5), filled((3, 2), 1)
signals = {
    "fftconvolve": numbers(scipy.signal.fftconvolve(f, g)),
    **{f"convolve {mode}": numbers(scipy.signal.convolve(f, g, mode, method="direct")) for mode in ("full", "same", "valid")},
    **{f"correlate {mode}": numbers(scipy.signal.correlate(f, g, mode, method="direct")) for mode in ("full", "same", "valid")},
    **{f"convolve2d {mode}": numbers(scipy.signal.convolve2d(image, kernel, mode)) for mode in ("full", "same", "valid")},
}

result = {"made by": f"layers.py, torch {torch.__version__}, scipy {scipy.__version__}", "layers": layers, "embedding": embedding(), "signals": signals}
text = json.dumps(result, separators=(",", ":")).replace('},"', '},\n"').replace(',"signals":', ',\n"signals":')
Path(__file__).with_suffix(".json").write_text(text + "\n")
