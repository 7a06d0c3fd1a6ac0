#!/usr/bin/env python3
"""What PyTorch's recurrent layers and cells give, for test/nn/recurrent-pytorch.test.ts.

    /usr/bin/python3 test/goldens/recurrence.py

Inputs, states and weights are sin(phase + 0.7 i) by index i, in float64: phase 0.5 for the input, 1.5 and 2.5 for the states, j + 1 for the j-th
entry of the state dict. The gradient is that of the sum of outputs times sin(3.5 + 0.7 i). The test makes the same numbers.
"""
import json
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

BATCH, STEPS, INPUTS, HIDDEN = 3, 5, 3, 2
LENGTHS = [5, 2, 4]


def filled(shape, phase):
    count = 1
    for extent in shape:
        count *= extent
    return torch.sin(phase + 0.7 * torch.arange(count, dtype=torch.float64)).reshape(shape)


def numbers(y):
    return [float(f"{v:.9g}") for v in y.detach().ravel().tolist()]


def prepared(module):
    module = module.double()
    state = list(module.state_dict().items())
    for j, (_, value) in enumerate(state):
        value.copy_(filled(value.shape, j + 1))
    return module, [[name, list(value.shape)] for name, value in state]


def layer(kind, lengths=None, states=False, **options):
    module, state = prepared(getattr(nn, kind)(INPUTS, HIDDEN, **options))
    first = options.get("batch_first", False)
    x = filled([BATCH, STEPS, INPUTS] if first else [STEPS, BATCH, INPUTS], 0.5).requires_grad_()
    shape = [module.num_layers * (2 if module.bidirectional else 1), BATCH, HIDDEN]
    start = None
    if states:
        start = filled(shape, 1.5)
        if kind == "LSTM":
            start = (start, filled(shape, 2.5))
    given = pack_padded_sequence(x, lengths, batch_first=first, enforce_sorted=False) if lengths else x
    outputs, last = module(given, start)
    if lengths:
        outputs, _ = pad_packed_sequence(outputs, batch_first=first)
    last = last if isinstance(last, tuple) else (last,)
    (outputs * filled(outputs.shape, 3.5)).sum().backward()
    return {"state": state, "tensors": [numbers(y) for y in (outputs, *last, x.grad)]}


def cell(kind, **options):
    module, state = prepared(getattr(nn, kind)(INPUTS, HIDDEN, **options))
    x, h, c = filled([BATCH, INPUTS], 0.5), filled([BATCH, HIDDEN], 1.5), filled([BATCH, HIDDEN], 2.5)
    result = module(x, (h, c) if kind == "LSTMCell" else h)
    return {"state": state, "tensors": [numbers(y) for y in (result if isinstance(result, tuple) else (result,))]}


deep = {"num_layers": 2, "bidirectional": True, "batch_first": True, "lengths": LENGTHS, "states": True}
goldens = {
    "RNN, stacked, both directions, lengths": layer("RNN", **deep),
    "RNN of relu, stacked, both directions, lengths": layer("RNN", nonlinearity="relu", **deep),
    "LSTM, stacked, both directions, lengths": layer("LSTM", **deep),
    "GRU, stacked, both directions, lengths": layer("GRU", **deep),
    "RNN, time first, without bias": layer("RNN", bias=False),
    "LSTM, time first, without bias": layer("LSTM", bias=False),
    "GRU, time first, without bias": layer("GRU", bias=False),
    "RNNCell": cell("RNNCell"),
    "RNNCell of relu": cell("RNNCell", nonlinearity="relu"),
    "LSTMCell": cell("LSTMCell"),
    "GRUCell": cell("GRUCell"),
}

lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(golden)}" for name, golden in goldens.items())
Path(__file__).with_suffix(".json").write_text(f"{{\n{lines}\n}}\n")
