"""FrameTransformer's evolved networks (ET and SNAP) restated in PyTorch: the peer of our own, on the values of a state dict with the original's names.

Tensors are (b, c, f, t), as the original has them. As a program it checks itself against golden cases of the original:

    /usr/bin/python3 bench/frame_transformer_network.py test/goldens/frame-transformer/generator_et_app_nfft512.json ...
"""
import math

import torch
import torch.nn.functional as F


class Network:
    """The generator, without dropout: `forward` gives logits."""

    def __init__(self, values, *, heads, bridge, snap=False):
        self.values, self.heads, self.bridge, self.snap = values, heads, bridge, snap

    # Blocks

    def p(self, name):
        return self.values[name]

    def conv(self, x, name, **options):
        return F.conv2d(x, self.p(f"{name}.weight"), self.values.get(f"{name}.bias"), **options)

    def linear(self, x, name):
        return torch.matmul(self.p(f"{name}.weight_pw"), x)

    def norm(self, x, name):
        weight, bias = self.p(f"{name}.weight"), self.p(f"{name}.bias")
        h = F.layer_norm(x.transpose(2, 3), (x.shape[2],), eps=1e-8)
        return (h * weight + bias).transpose(2, 3)

    def channel_norm(self, x, name):
        c = x.shape[1]
        h = F.layer_norm(x.permute(0, 2, 3, 1), (c,), self.p(f"{name}.norm.weight"), self.p(f"{name}.norm.bias"), 1e-5)
        return h.permute(0, 3, 1, 2)

    def frame_conv(self, x, name, kernel):
        h = F.conv2d(x, self.p(f"{name}.conv.weight"), self.p(f"{name}.conv.bias"), padding=kernel // 2, groups=x.shape[1])
        return self.linear(h, name)

    def res_block(self, x, name, *, kernel=3, stride=1):
        h = self.conv(self.norm(x, f"{name}.norm"), f"{name}.conv1", padding=kernel // 2)
        h = self.conv(relu2(h), f"{name}.conv2", padding=kernel // 2, stride=stride)
        identity = self.conv(x, f"{name}.identity", stride=stride) if f"{name}.identity.weight" in self.values else x
        return identity + h

    # Attention

    def project(self, x, name):
        if self.snap:
            return self.conv(self.linear(x, f"{name}.0"), f"{name}.1", padding=(0, 1))
        return self.linear(self.conv(x, f"{name}.0", padding=1), f"{name}.1")

    def attention(self, x, name, memory=None, previous=None):
        b, c, f, t = x.shape
        memory = x if memory is None else memory
        split = lambda h: h.reshape(b, c, self.heads, f // self.heads, -1).transpose(3, 4)
        q = rotary(split(self.project(x, f"{name}.q_proj")))
        k = rotary(split(self.project(memory, f"{name}.k_proj")))
        v = split(self.project(memory, f"{name}.v_proj"))
        scores = torch.matmul(q, k.transpose(3, 4)) / math.sqrt(f)
        if previous is not None:
            scores = scores + previous
        h = torch.matmul(torch.softmax(scores, -1), v).transpose(3, 4).reshape(b, c, f, t)
        return self.linear(h, f"{name}.o_proj"), scores

    def conv_attention(self, x, name, previous, padding):
        b, c, h, w = x.shape
        split = lambda y: y.reshape(b, self.heads, c // self.heads, h * w).transpose(2, 3)
        q, k, v = (split(self.conv(x, f"{name}.{part}_proj", padding=padding)) for part in "qkv")
        scores = torch.matmul(rotary(q), rotary(k).transpose(2, 3)) / math.sqrt(c)
        if previous is not None:
            scores = scores + previous
        y = torch.matmul(torch.softmax(scores, -1), v).transpose(2, 3).reshape(b, c, h, w)
        return self.conv(y, f"{name}.o_proj", padding=padding), scores

    def gate(self, name, ours, theirs):
        both = torch.cat((ours, theirs), 1)
        h = relu2(F.conv3d(both, self.p(f"{name}.0.weight"), self.p(f"{name}.0.bias"), padding=1))
        g = torch.sigmoid(F.conv3d(h, self.p(f"{name}.2.weight"), self.p(f"{name}.2.bias"), padding=1))
        return g * ours + (1 - g) * theirs

    # Transformer blocks

    def embed(self, x, name):
        return self.conv(x, f"{name}.embed") if f"{name}.embed.weight" in self.values else x

    def encoder_block(self, x, name, previous):
        h = self.embed(x, name)
        h = h + glu(self.linear(self.norm(h, f"{name}.norm1"), f"{name}.glu.0"), 2)
        z = self.norm(h, f"{name}.norm2")
        h = h + relu2(self.linear(z, f"{name}.conv1a")) + relu2(self.frame_conv(z, f"{name}.conv1b", 3))
        h = h + self.frame_conv(self.norm(h, f"{name}.norm3"), f"{name}.conv2", 9)
        z, scores = self.attention(self.norm(h, f"{name}.norm4"), f"{name}.attn", previous=previous)
        h = h + z
        z = self.linear(relu2(self.linear(self.norm(h, f"{name}.norm5"), f"{name}.conv3")), f"{name}.conv4")
        h = h + z
        return torch.cat((x, h), 1), h, scores

    def decoder_block(self, x, name, skip, skip_scores, previous1, previous2):
        h = self.embed(x, name)
        z = self.norm(h, f"{name}.norm1")
        za, scores1 = self.attention(z, f"{name}.attn1a", previous=previous1)
        prior = skip_scores if previous2 is None else self.gate(f"{name}.gate1", previous2, skip_scores)
        zb, scores2 = self.attention(z, f"{name}.attn1b", skip, prior)
        h = h + za + zb
        z = self.norm(h, f"{name}.norm2")
        z = relu2(self.frame_conv(z, f"{name}.conv1a", 11)) + self.frame_conv(z, f"{name}.conv1b", 7)
        h = h + self.frame_conv(self.norm(z, f"{name}.norm3"), f"{name}.conv2", 7)
        z, scores1 = self.attention(self.norm(h, f"{name}.norm4"), f"{name}.attn2", previous=scores1)
        h = h + z
        prior = self.gate(f"{name}.gate2", scores2, skip_scores)
        z, scores2 = self.attention(self.norm(h, f"{name}.norm5"), f"{name}.attn3", skip, prior)
        h = h + z
        z = self.linear(relu2(self.linear(self.norm(h, f"{name}.norm6"), f"{name}.conv3")), f"{name}.conv4")
        h = h + z
        return torch.cat((x, h), 1), scores1, scores2

    def bridge_block(self, x, name, previous):
        h = x + glu(self.conv(self.channel_norm(x, f"{name}.norm1"), f"{name}.glu.0"), 1)
        z = self.channel_norm(h, f"{name}.norm2")
        c = z.shape[1]
        deep = self.conv(self.conv(z, f"{name}.conv1b.0", padding=1, groups=c), f"{name}.conv1b.1")
        h = h + relu2(self.conv(z, f"{name}.conv1a")) + relu2(deep)
        z = self.conv(self.conv(self.channel_norm(h, f"{name}.norm3"), f"{name}.conv2.0", padding=4, groups=c), f"{name}.conv2.1")
        h = h + z
        z, scores = self.conv_attention(self.channel_norm(h, f"{name}.norm4"), f"{name}.attn", previous, 0)
        h = x + z  # from the block's input, as the original does
        z = relu2(self.conv(self.channel_norm(h, f"{name}.norm5"), f"{name}.conv3", padding=1))
        return h + self.conv(z, f"{name}.conv4", padding=1), scores

    # The network

    def positions(self, x):
        b, _, f, t = x.shape
        angle = torch.exp(torch.arange(0, f, 2) * (-math.log(10000.0) / f))[:, None] * torch.arange(t)
        waves = torch.stack((angle.sin(), angle.cos()), 1).reshape(1, 1, f, t).expand(b, 1, f, t)
        h = torch.cat((x, waves), 1)
        maps = []
        for level in range(1, 10):
            m = self.res_block(h, f"positional_embedding.extract{level}", kernel=11)
            maps.append(m if level == 1 else resize(m, (f, t)))
            if level < 9:
                h = self.res_block(h, f"positional_embedding.encoder{level}", stride=2)
        return self.res_block(torch.cat(maps, 1), "positional_embedding.out", kernel=1)

    def forward(self, x):
        h = torch.cat((x, self.positions(x)), 1)
        kept, scores = [], None
        for level in range(1, 9):
            h = self.res_block(h, f"enc{level}.body", stride=1 if level == 1 else (2, 1))
            h, memory, scores = self.encoder_block(h, f"enc{level}_transformer", scores)
            kept.append((h, memory, scores))
        h, scores = self.res_block(h, "enc9.body", stride=(2, 1)), None
        for layer in range(self.bridge):
            h, scores = self.bridge_block(h, f"enc9_transformer.{layer}", scores)
        scores1 = scores2 = None
        for level in range(8, 0, -1):
            skip, memory, skip_scores = kept.pop()
            h = torch.cat((resize(h, (h.shape[2] * 2, h.shape[3])), skip), 1)
            h = self.res_block(h, f"dec{level}.body")
            h, scores1, scores2 = self.decoder_block(h, f"dec{level}_transformer", memory, skip_scores, scores1, scores2)
        return self.conv(h, "out")


def relu2(x):
    return F.relu(x) ** 2


def glu(x, axis):
    a, b = x.chunk(2, axis)
    return a * torch.sigmoid(b)


def resize(x, size):
    return F.interpolate(x, size=size, mode="bilinear", align_corners=True)


def rotary(x):
    """Pairs of neighbours of (..., t, d) turn by the frame's number times 10000^(-2j/d); an odd last one stays."""
    t, d = x.shape[-2:]
    pairs = d // 2
    if pairs == 0:
        return x
    angle = torch.arange(t)[:, None] * 10000.0 ** (-2.0 * torch.arange(pairs) / d)
    even, odd = x[..., 0 : 2 * pairs : 2], x[..., 1 : 2 * pairs : 2]
    turned = torch.stack((even * angle.cos() - odd * angle.sin(), odd * angle.cos() + even * angle.sin()), -1).flatten(-2)
    return torch.cat((turned, x[..., 2 * pairs :]), -1) if d % 2 else turned


def mulberry32(seed, count):
    """The generator of the golden cases, in doubles."""
    import numpy as np

    state = (np.arange(1, count + 1, dtype=np.uint64) * 0x6D2B79F5 + seed) & 0xFFFFFFFF
    mask = np.uint64(0xFFFFFFFF)
    s = state
    t = ((s ^ (s >> np.uint64(15))) * (s | np.uint64(1))) & mask
    t = ((t + (((t ^ (t >> np.uint64(7))) * (t | np.uint64(61))) & mask)) & mask) ^ t
    return ((t ^ (t >> np.uint64(14))) & mask) / 2.0**32


def generated(entry):
    shape, seed, low, high = entry
    count = 1
    for size in shape:
        count *= size
    import numpy as np

    return torch.tensor((low + (high - low) * mulberry32(seed, count)).astype(np.float32)).reshape(shape)


def check(path):
    """Largest difference of outputs and of the input's gradients to a golden case of a generator, relative to the largest value."""
    import json

    case = json.load(open(path))
    config = case["config"]
    values = {name: generated(entry) for name, entry in case["params_gen"].items()}
    network = Network(values, heads=config["num_heads"], bridge=config["num_bridge_layers"], snap="snap" in case["name"])
    x = generated(case["inputs_gen"]["x"]).requires_grad_()
    out = network.forward(x)
    (out * generated(case["cotangents_gen"]["out"])).sum().backward()

    def difference(tensor, expected):
        found = tensor.detach().flatten()[:: expected["sample"]["stride"]]
        wanted = torch.tensor(expected["sample"]["data"])
        return float((found - wanted).abs().max() / wanted.abs().max())

    print(path.split("/")[-1], "outputs", difference(out, case["outputs"]["out"]), "gradients of the input", difference(x.grad, case["input_grads"]["x"]))


if __name__ == "__main__":
    import sys

    for path in sys.argv[1:]:
        check(path)
