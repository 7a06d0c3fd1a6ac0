#!/usr/bin/env python3
"""What PyTorch's attention and transformer layers give, for test/nn/attention-pytorch.test.ts.

    /usr/bin/python3 test/goldens/attention.py

Inputs and weights are sin(phase + 0.7 i) by index i, in float64: phase k + 0.5 for the k-th input, j + 1 for the j-th entry of the state dict.
The test makes the same numbers.
"""
import json
from pathlib import Path

import torch
from torch import nn


def filled(shape, phase):
    count = 1
    for extent in shape:
        count *= extent
    return torch.sin(phase + 0.7 * torch.arange(count, dtype=torch.float64)).reshape(shape)


def golden(module, *shapes, **call):
    # In training mode, without dropout: PyTorch's fused kernels for inference are another way to the same numbers.
    module = module.double().train()
    state = [(name, value.detach()) for name, value in module.state_dict().items()]
    for j, (_, value) in enumerate(state):
        value.copy_(filled(value.shape, j + 1))
    result = module(*[filled(shape, k + 0.5) for k, shape in enumerate(shapes)], **call)
    outputs = result if isinstance(result, tuple) else (result,)
    return {
        "state": [[name, list(value.shape)] for name, value in state],
        "inputs": shapes,
        "outputs": [[float(f"{v:.9g}") for v in y.detach().ravel().tolist()] for y in outputs],
    }


def attention(**options):
    return nn.MultiheadAttention(4, 2, batch_first=True, **options)


def layer(kind, **options):
    return kind(4, 2, dim_feedforward=6, dropout=0.0, batch_first=True, **options)


def future(n):
    return torch.ones(n, n, dtype=torch.bool).triu(1)


padding = torch.tensor([[False, False, True], [False, False, False]])
x, memory = (2, 3, 4), (2, 2, 4)
encoder_layer, decoder_layer = nn.TransformerEncoderLayer, nn.TransformerDecoderLayer

goldens = {
    "three inputs": golden(attention(), x, x, x),
    "causal, weights per head": golden(attention(), x, x, x, attn_mask=future(3), average_attn_weights=False),
    "padding": golden(attention(), x, x, x, key_padding_mask=padding),
    "added": golden(attention(), x, x, x, attn_mask=filled((4, 3, 3), 3)),
    "memory, without bias": golden(attention(bias=False), x, memory, memory),
    "kdim, vdim": golden(attention(kdim=3, vdim=5), x, (2, 2, 3), (2, 2, 5)),
    "encoder layer": golden(layer(encoder_layer), x, src_key_padding_mask=padding),
    "encoder layer, norms first, gelu": golden(layer(encoder_layer, norm_first=True, activation="gelu"), x, src_mask=future(3)),
    "decoder layer": golden(layer(decoder_layer), x, memory, tgt_mask=future(3), memory_key_padding_mask=padding[:, 1:]),
    "decoder layer, norms first, gelu": golden(layer(decoder_layer, norm_first=True, activation="gelu"), x, memory),
    "encoder": golden(nn.TransformerEncoder(layer(encoder_layer, norm_first=True), 2, nn.LayerNorm(4)), x),
    "decoder": golden(nn.TransformerDecoder(layer(decoder_layer), 2, nn.LayerNorm(4)), x, memory),
}
text = ",\n".join(f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in goldens.items())
Path(__file__).with_suffix(".json").write_text(f"{{\n{text}\n}}\n")
