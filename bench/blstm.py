"""The network of blstm.ts in PyTorch: its own LSTM."""
import torch
import torch.nn.functional as F
from torch import nn

from support import load, read_weights, run_network

frames, batch, bins, hidden, depth = 256, 16, 513, 512, 3


class Blstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(bins, hidden, depth, bidirectional=True)
        self.mask = nn.Linear(2 * hidden, bins)

    def forward(self, x):
        return x * torch.sigmoid(self.mask(self.lstm(x)[0]))


def theirs(name):
    """layers.0.1.weight_ih is weight_ih_l0_reverse there."""
    if not name.startswith("layers."):
        return name
    _, layer, direction, part = name.split(".")
    return f"lstm.{part}_l{layer}{'_reverse' if direction == '1' else ''}"


run_network(load(Blstm(), {theirs(name): value for name, value in read_weights().items()}), (frames, batch, bins), F.mse_loss)
