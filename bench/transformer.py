"""The encoder of transformer.ts in PyTorch: its own TransformerEncoder."""
import torch.nn.functional as F
from torch import nn

from support import load, read_weights, run_network

batch, frames, width, heads, hidden, depth = 4, 512, 256, 8, 1024, 4
layer = nn.TransformerEncoderLayer(width, heads, hidden, dropout=0.0, batch_first=True, norm_first=True)
run_network(load(nn.TransformerEncoder(layer, depth, norm=nn.LayerNorm(width)), read_weights()), (batch, frames, width), F.mse_loss)
