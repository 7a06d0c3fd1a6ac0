#!/usr/bin/env python3
"""Published separation networks, restated in PyTorch from their papers, for test/models/open-unmix.test.ts, conv-tasnet.test.ts and
wave-u-net.test.ts.

    /usr/bin/python3 test/goldens/models.py

Weights are 0.3 sin(phase + 0.7 i) by index i, in float64, phase j + 1 for the j-th entry of the state dict (running variances 1.5 + half of the sine);
magnitudes are 1 + sin(0.5 + 0.7 i), waveforms sin(0.5 + 0.7 i). The tests make the same numbers.
"""
import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F


def sines(shape, phase):
    count = 1
    for extent in shape:
        count *= extent
    return torch.sin(phase + 0.7 * torch.arange(count, dtype=torch.float64)).reshape(shape)


def counted(module):
    return sum(p.numel() for p in module.parameters())


def golden(module, x):
    module = module.double().eval()
    state = [(n, v) for n, v in module.state_dict().items() if not n.endswith("num_batches_tracked")]
    for j, (name, value) in enumerate(state):
        wave = sines(value.shape, j + 1)
        value.copy_(1.5 + wave / 2 if name.endswith("running_var") else 0.3 * wave)
    with torch.no_grad():
        y = module(x)
    return {
        "state": [[n, list(v.shape)] for n, v in state],
        "input": list(x.shape),
        "shape": list(y.shape),
        "output": [float(f"{v:.9g}") for v in y.ravel().tolist()],
    }


class Unmix(nn.Module):
    """Figure 1 of Stöter et al. 2019 with the sizes of umxhq: magnitudes (b, c, bins, frames) to those of the target."""

    def __init__(self, bins=2049, seen=1487, channels=2, hidden=512, layers=3):
        super().__init__()
        self.seen, self.channels, self.bins = seen, channels, bins
        self.input_mean, self.input_scale = nn.Parameter(torch.zeros(seen)), nn.Parameter(torch.ones(seen))
        self.output_scale, self.output_mean = nn.Parameter(torch.ones(bins)), nn.Parameter(torch.ones(bins))
        self.fc1 = nn.Linear(seen * channels, hidden, bias=False)
        self.bn1 = nn.BatchNorm1d(hidden)
        self.lstm = nn.LSTM(hidden, hidden // 2, layers, bidirectional=True)
        self.fc2 = nn.Linear(2 * hidden, hidden, bias=False)
        self.bn2 = nn.BatchNorm1d(hidden)
        self.fc3 = nn.Linear(hidden, bins * channels, bias=False)
        self.bn3 = nn.BatchNorm1d(bins * channels)

    def forward(self, mixture):
        x = mixture.permute(3, 0, 1, 2)
        t, b, c, _ = x.shape
        x = (x[..., : self.seen] + self.input_mean) * self.input_scale
        x = torch.tanh(self.bn1(self.fc1(x.reshape(t * b, -1)))).reshape(t, b, -1)
        x = torch.cat([x, self.lstm(x)[0]], -1)
        x = F.relu(self.bn2(self.fc2(x.reshape(t * b, -1))))
        x = self.bn3(self.fc3(x)).reshape(t, b, c, self.bins)
        return (F.relu(x * self.output_scale + self.output_mean)).permute(1, 2, 3, 0) * mixture


class Norm(nn.Module):
    """gLN and cLN of Luo & Mesgarani 2019, equations 8 to 10, with eps 1e-5 inside the root."""

    def __init__(self, channels, causal):
        super().__init__()
        self.causal = causal
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        steps = range(1, x.shape[2] + 1) if self.causal else [x.shape[2]] * x.shape[2]
        past = [x[:, :, :t] for t in steps]
        mean = torch.stack([p.mean((1, 2)) for p in past], 1)[:, None]
        var = torch.stack([p.var((1, 2), unbiased=False) for p in past], 1)[:, None]
        return (x - mean) / torch.sqrt(var + 1e-5) * self.weight[:, None] + self.bias[:, None]


class Block(nn.Module):
    def __init__(self, b, h, sc, p, dilation, causal, last):
        super().__init__()
        reach = dilation * (p - 1)
        self.pad = (reach, 0) if causal else (reach // 2, reach - reach // 2)
        self.expand, self.prelu1, self.norm1 = nn.Conv1d(b, h, 1), nn.PReLU(), Norm(h, causal)
        self.depthwise = nn.Conv1d(h, h, p, dilation=dilation, groups=h)
        self.prelu2, self.norm2 = nn.PReLU(), Norm(h, causal)
        self.skip = nn.Conv1d(h, sc, 1)
        self.residual = None if last else nn.Conv1d(h, b, 1)

    def forward(self, x):
        y = self.norm1(self.prelu1(self.expand(x)))
        y = self.norm2(self.prelu2(self.depthwise(F.pad(y, self.pad))))
        return self.skip(y), (x + self.residual(y) if self.residual else None)


class Separator(nn.Module):
    def __init__(self, n, b, h, sc, p, x, r, sources, causal):
        super().__init__()
        self.norm, self.bottleneck = Norm(n, causal), nn.Conv1d(n, b, 1)
        self.blocks = nn.ModuleList(Block(b, h, sc, p, 2 ** (i % x), causal, i == x * r - 1) for i in range(x * r))
        self.prelu, self.mask = nn.PReLU(), nn.Conv1d(sc, n * sources, 1)

    def forward(self, w):
        x, total = self.bottleneck(self.norm(w)), 0
        for block in self.blocks:
            skip, x = block(x)
            total = total + skip
        return torch.sigmoid(self.mask(self.prelu(total)))


class TasNet(nn.Module):
    """Section II of Luo & Mesgarani 2019; every sample is in length/hop frames."""

    def __init__(self, n=512, length=16, b=128, h=512, sc=128, p=3, x=8, r=3, sources=2, causal=False):
        super().__init__()
        self.length, self.hop, self.sources = length, length // 2, sources
        self.encoder = nn.Conv1d(1, n, length, stride=self.hop, bias=False)
        self.separator = Separator(n, b, h, sc, p, x, r, sources, causal)
        self.decoder = nn.ConvTranspose1d(n, 1, length, stride=self.hop, bias=False)

    def forward(self, mixture):
        samples, edge = mixture.shape[-1], self.length - self.hop
        frames = -(-(samples + edge) // self.hop)
        w = self.encoder(F.pad(mixture, (edge, (frames - 1) * self.hop + self.length - edge - samples)))
        masks = self.separator(w).reshape(w.shape[0], self.sources, *w.shape[1:])
        return torch.stack([self.decoder(masks[:, i] * w)[..., edge : edge + samples] for i in range(self.sources)], 1)


class Up(nn.Module):
    def __init__(self, inputs, outputs, kernel, same, learned):
        super().__init__()
        self.between = nn.Module()
        if learned:
            self.between.weight = nn.Parameter(torch.zeros(inputs))
        self.conv = nn.Conv1d(inputs + outputs, outputs, kernel, padding=(kernel - 1) // 2 if same else 0)

    def forward(self, x, skip):
        if hasattr(self.between, "weight"):
            share = torch.sigmoid(self.between.weight)[:, None]
            finer = torch.zeros(*x.shape[:2], 2 * x.shape[2] - 1, dtype=x.dtype)
            finer[..., ::2], finer[..., 1::2] = x, share * x[..., :-1] + (1 - share) * x[..., 1:]
        else:
            finer = F.interpolate(x, size=2 * x.shape[2] - 1, mode="linear", align_corners=True)
        edge = (skip.shape[2] - finer.shape[2]) // 2
        return self.conv(torch.cat([finer, skip[..., edge : edge + finer.shape[2]]], 1))


class WaveUNet(nn.Module):
    """Table 1 of Stoller et al. 2018, with difference output: (b, c, input) to (b, stems, c, output)."""

    def __init__(self, channels=2, stems=2, levels=12, filters=24, kernel_down=15, kernel_up=5, same=False, learned=False):
        super().__init__()
        widths = [channels] + [filters * (i + 1) for i in range(levels + 1)]
        pad = (kernel_down - 1) // 2 if same else 0
        self.stems = stems
        self.down = nn.ModuleList(nn.Conv1d(widths[i], widths[i + 1], kernel_down, padding=pad) for i in range(levels))
        self.bottleneck = nn.Conv1d(widths[levels], widths[levels + 1], kernel_down, padding=pad)
        self.up = nn.ModuleList(Up(widths[i + 1], widths[i], kernel_up, same, learned) for i in range(levels, 0, -1))
        self.output = nn.Conv1d(filters + channels, channels * (stems - 1), 1)

    def forward(self, mixture):
        h, skips = mixture, []
        for conv in self.down:
            skips.append(F.leaky_relu(conv(h), 0.2))
            h = skips[-1][..., ::2]
        h = F.leaky_relu(self.bottleneck(h), 0.2)
        for up, skip in zip(self.up, reversed(skips)):
            h = F.leaky_relu(up(h, skip), 0.2)
        edge = (mixture.shape[2] - h.shape[2]) // 2
        heard = mixture[..., edge : edge + h.shape[2]]
        y = torch.tanh(self.output(torch.cat([h, heard], 1))).unflatten(1, (self.stems - 1, -1))
        return torch.cat([y, (heard - y.sum(1))[:, None]], 1)


wave = dict(channels=2, stems=3, levels=2, filters=2, kernel_down=5, kernel_up=3)
tiny = dict(n=4, length=4, b=3, h=4, sc=2, p=3, x=2, r=2)
result = {
    "open-unmix": {"parameters": counted(Unmix()), **golden(Unmix(5, 3, 2, 4, 2), 1 + sines([2, 2, 5, 6], 0.5))},
    "conv-tasnet": {"parameters": counted(TasNet()), **golden(TasNet(**tiny), sines([2, 1, 15], 0.5))},
    "conv-tasnet causal": golden(TasNet(**tiny, causal=True), sines([1, 1, 16], 0.5)),
    "wave-u-net": {"parameters": counted(WaveUNet()), **golden(WaveUNet(**wave), sines([1, 2, 41], 0.5))},
    "wave-u-net same, learned": golden(WaveUNet(**wave, same=True, learned=True), sines([1, 2, 17], 0.5)),
}
Path(__file__).with_suffix(".json").write_text(json.dumps(result) + "\n")
