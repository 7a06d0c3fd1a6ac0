"""FrameTransformer in PyTorch: the peer of frame-transformer.ts, which writes (b, c, t, f) where the original has (b, c, f, t)."""
import json

import torch

from frame_transformer_network import Network
from support import folder, infer, read_array, read_weights, train, work

model = json.load(open(f"{folder}/{work}.json"))
training = "train" in work
values = {name: value.requires_grad_(training) for name, value in read_weights(model["name"]).items()}
network = Network(values, heads=model["heads"], bridge=model["bridgeLayers"], snap=model["variant"] == "snap")
x = read_array(f"{work}-x", model["shape"]).transpose(2, 3).contiguous()

if training:
    target = read_array(f"{work}-target", model["shape"]).transpose(2, 3).contiguous()
    train(values.values(), lambda: (2 * torch.sigmoid(network.forward(x)) - 1 - target).abs().mean())
else:
    infer(lambda: network.forward(x).transpose(2, 3).contiguous())
