"""The encoder of transformer.ts in PyTorch: its own TransformerEncoder."""
import torch.nn.functional as F
from torch import nn

from support import infer, load, read_array, read_weights, train, work

batch, frames, width, heads, hidden, depth = 4, 512, 256, 8, 1024, 4
layer = nn.TransformerEncoderLayer(width, heads, hidden, dropout=0.0, batch_first=True, norm_first=True)
model = load(nn.TransformerEncoder(layer, depth, norm=nn.LayerNorm(width)), read_weights())
x, target = (read_array(name, (batch, frames, width)) for name in ("x", "target"))
if "infer" in work:
    model.eval()
    infer(lambda: model(x))
else:
    train(model.parameters(), lambda: F.mse_loss(model(x), target))
