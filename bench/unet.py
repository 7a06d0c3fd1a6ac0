"""The U-Net of unet.ts in PyTorch."""
import torch
import torch.nn.functional as F
from torch import nn

from support import load, read_weights, run_network, work


class ConvBlock(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.leaky_relu(self.norm(self.conv(x)), 0.2)


class UNet(nn.Module):
    def __init__(self, channels=(16, 32, 64, 128, 256)):
        super().__init__()
        before = (2, *channels)
        self.first = nn.ModuleList(ConvBlock(before[i], c, 1 if i == 0 else 2) for i, c in enumerate(channels))
        self.second = nn.ModuleList(ConvBlock(c, c) for c in channels)
        self.up = nn.ModuleList(ConvBlock(b, a) for a, b in zip(channels, channels[1:]))
        self.join = nn.ModuleList(ConvBlock(2 * a, a) for a in channels[:-1])
        self.mask = nn.Conv2d(channels[0], 2, 1)

    def forward(self, x):
        h, skips = x, []
        for first, second in zip(self.first, self.second):
            h = second(first(h))
            skips.append(h)
        for i in reversed(range(len(self.up))):
            wide = self.up[i](F.interpolate(h, scale_factor=2, mode="nearest"))
            h = self.join[i](torch.cat([wide, skips[i]], 1))
        return x * torch.sigmoid(self.mask(h))


run_network(load(UNet(), read_weights()), (int(work.split("-")[-1]), 2, 512, 128), F.l1_loss)
