#!/usr/bin/env python3
"""What PyTorch's losses give, and their gradients, for test/losses/pytorch.test.ts.

    /usr/bin/python3 test/goldens/losses.py

Numbers are sin(phase + 0.7 i) by index i, in float64: phase 0.5 for the estimate or the logits, 1 for the target, 2 for weights (1.5 + sin / 2).
The gradient is that of the sum of the loss's values, each times sin(0.3 + 0.7 i). The tests make the same numbers.
"""
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F


def filled(shape, phase):
    count = int(np.prod(shape, dtype=int))
    return torch.from_numpy(np.sin(phase + 0.7 * np.arange(count)).reshape(shape))


def numbers(values):
    return [float(f"{v:.9g}") for v in values.detach().numpy().ravel()]


def golden(loss, shape, scale=1):
    x = (filled(shape, 0.5) * scale).requires_grad_()
    value = loss(x)
    (value * filled(value.shape, 0.3)).sum().backward()
    return {"value": numbers(value), "gradient": numbers(x.grad)}


def positive(shape):
    return 1.5 + filled(shape, 2) / 2


def shares(shape):
    return torch.softmax(filled(shape, 1), 1)


def multi_resolution(x):
    target = filled((2, 60), 1)
    total = 0
    for n_fft, hop, win in [(16, 5, 12), (32, 8, 32)]:
        window = torch.hann_window(win, dtype=torch.float64)

        def magnitude(y):
            z = torch.stft(y, n_fft, hop, win, window, center=True, pad_mode="reflect", return_complex=True)
            return torch.sqrt(torch.clamp(z.real**2 + z.imag**2, min=1e-7))

        a, b = magnitude(x), magnitude(target)
        convergence = torch.linalg.norm(b - a, dim=(1, 2)) / torch.linalg.norm(b, dim=(1, 2))
        total = total + convergence + (torch.log(b) - torch.log(a)).abs().mean(dim=(1, 2))
    return (total / 2).mean()


def snr(x, scale_invariant):
    target = filled((2, 20), 1)
    share = (x * target).sum(-1, keepdim=True) / (target**2).sum(-1, keepdim=True) if scale_invariant else 1
    signal = share * target
    return -10 * torch.log10((signal**2).sum(-1) / ((x - signal) ** 2).sum(-1))


grid = (3, 4)
deep = (3, 4, 2)
classes = torch.tensor([[0, 3], [2, 2], [1, 0]])
some = torch.tensor([[0, -100], [2, -100], [1, 0]])

cases = {}
for reduction in ["mean", "sum", "none"]:
    target = filled(grid, 1)
    cases[f"l1 {reduction}"] = golden(lambda x: F.l1_loss(x, target, reduction=reduction), grid)
    cases[f"mse {reduction}"] = golden(lambda x: F.mse_loss(x, target, reduction=reduction), grid)
    cases[f"huber {reduction}"] = golden(lambda x: F.huber_loss(x, target, delta=0.5, reduction=reduction), grid)
    cases[f"smooth l1 {reduction}"] = golden(lambda x: F.smooth_l1_loss(x, target, beta=0.5, reduction=reduction), grid)
    cases[f"bce {reduction}"] = golden(
        lambda x: F.binary_cross_entropy_with_logits(
            x, (1 + target) / 2, weight=positive(grid), pos_weight=positive((4,)), reduction=reduction
        ),
        grid,
        scale=30,
    )
    cases[f"bce plain {reduction}"] = golden(
        lambda x: F.binary_cross_entropy_with_logits(x, (1 + target) / 2, reduction=reduction), grid
    )
    cases[f"indices {reduction}"] = golden(lambda x: F.cross_entropy(x, classes, reduction=reduction), deep)
    cases[f"indices with all options {reduction}"] = golden(
        lambda x: F.cross_entropy(x, classes, weight=positive((4,)), ignore_index=2, label_smoothing=0.1, reduction=reduction), deep
    )
    cases[f"ignored by default {reduction}"] = golden(
        lambda x: F.cross_entropy(x, some, label_smoothing=0.1, reduction=reduction), deep
    )
    cases[f"probabilities {reduction}"] = golden(
        lambda x: F.cross_entropy(x, shares(deep), weight=positive((4,)), label_smoothing=0.1, reduction=reduction), deep
    )
    cases[f"nll {reduction}"] = golden(
        lambda x: F.nll_loss(torch.log_softmax(x, 1), classes, weight=positive((4,)), reduction=reduction), deep
    )
cases["one example"] = golden(lambda x: F.cross_entropy(x, torch.tensor(2)), (4,))
cases["multi-resolution stft"] = golden(multi_resolution, (2, 60))
cases["snr"] = golden(lambda x: snr(x, False), (2, 20))
cases["si-sdr"] = golden(lambda x: snr(x, True), (2, 20))

path = Path(__file__).with_suffix(".json")
lines = ",\n".join(f"{json.dumps(name)}:{json.dumps(case, separators=(',', ':'))}" for name, case in cases.items())
path.write_text('{"made by":"losses.py, torch %s","cases":{%s}}\n' % (torch.__version__, lines))
