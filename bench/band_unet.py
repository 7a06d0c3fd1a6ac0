"""The shipped network restated in PyTorch: the peer of bench/band-unet.ts, which calls it and compares losses, then times.

Reads the weights (safetensors) and a batch (raw float32) that the other side wrote, so that both compute the same numbers.
usage: band_unet.py FOLDER REPEATS   (folder holds weights.safetensors, batch.f32, settings.json)
"""
import json
import struct
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

folder, repeats = sys.argv[1], int(sys.argv[2])
settings = json.load(open(f"{folder}/settings.json"))
model, batch, samples = settings["model"], settings["batch"], settings["samples"]
torch.set_num_threads(settings["threads"])


def read_safetensors(path):
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__")
    return {
        name: torch.from_numpy(np.frombuffer(data[8 + length :], np.float32, (stop - start) // 4, start).reshape(entry["shape"]).copy())
        for name, entry in header.items()
        for start, stop in [entry["data_offsets"]]
    }


state = read_safetensors(f"{folder}/weights.safetensors")
values = {name: tensor.requires_grad_("running_" not in name) for name, tensor in state.items()}
analysis = torch.from_numpy(np.fromfile(f"{folder}/analysis.f32", np.float32).reshape(-1, model["bands"]))
synthesis = torch.from_numpy(np.fromfile(f"{folder}/synthesis.f32", np.float32).reshape(model["bands"], -1))
window = torch.hann_window(model["nFft"])
levels = len(model["channels"])


def norm(x, name, training):
    p = values
    return F.batch_norm(x, p[f"{name}.running_mean"], p[f"{name}.running_var"], p[f"{name}.weight"], p[f"{name}.bias"], training, 0.1, 1e-5)


def conv_block(x, name, training):
    return F.relu(norm(F.conv2d(x, values[f"{name}.conv.weight"], padding=1), f"{name}.norm", training))


def residual(x, name, training):
    h = x + conv_block(conv_block(x, f"{name}.conv1", training), f"{name}.conv2", training)
    z = F.relu(norm(F.linear(h, values[f"{name}.mix.down.weight"]), f"{name}.mix.norm1", training))
    return h + F.relu(norm(F.linear(z, values[f"{name}.mix.up.weight"]), f"{name}.mix.norm2", training))


def spectrum(x):
    b = x.shape[0]
    s = torch.stft(x.reshape(b * 2, -1), model["nFft"], model["hopLength"], window=window, center=True, pad_mode="constant", return_complex=True)
    return s.transpose(1, 2).reshape(b, 2, s.shape[2], s.shape[1])


def magnitude(s):
    return torch.sqrt(s.real**2 + s.imag**2 + 1e-12)


def forward(x, training):
    s = spectrum(x)
    left, right = s[:, :1], s[:, 1:]
    four = torch.cat([magnitude(s), magnitude((left + right) * 0.5), magnitude((left - right) * 0.5)], 1)
    level = torch.clamp((x**2).mean((1, 2)).sqrt(), min=1e-4) * (0.375 * model["nFft"]) ** 0.5
    h = torch.log(four @ analysis / level.reshape(-1, 1, 1, 1) + 0.01) * values["input_scale"] + values["input_bias"]
    frames = h.shape[2]
    factor = 2 ** (levels - 1)
    h = conv_block(F.pad(h, (0, 0, 0, -frames % factor)), "stem", training)
    skips = []
    for i in range(levels - 1):
        skips.append(h)
        h = F.conv2d(h, values[f"down.{i}.weight"], values[f"down.{i}.bias"], stride=2)
        if i < levels - 2:
            h = residual(h, f"encoder.{i}", training)
    for i in range(model["bottleneck"]):
        h = residual(h, f"bottleneck.{i}", training)
    for i in reversed(range(levels - 1)):
        if i < levels - 2:
            h = residual(h, f"decoder.{i}", training)
        h = F.conv_transpose2d(h, values[f"up.{i}.weight"], values[f"up.{i}.bias"], stride=2) + skips[i]
    h = F.conv2d(conv_block(h, "head", training), values["mask.weight"], values["mask.bias"])
    return s, s * (torch.sigmoid(h[:, :, :frames]) @ synthesis)


def loss_of(mixture, vocals):
    x, estimate = forward(mixture, True)
    error = torch.view_as_real(estimate - spectrum(vocals))
    whole = torch.view_as_real(x)
    axes = (1, 2, 3, 4)
    energy = (whole**2).sum(axes) + 1e-9
    decibels = torch.log(((error**2).sum(axes) + 1e-3 * energy) / energy)
    share = error.abs().sum(axes) / (whole.abs().sum(axes) + 1e-9)
    return (0.25 * decibels + share).mean()


def separate(x):
    _, estimate = forward(x, False)
    b = x.shape[0]
    flat = estimate.reshape(b * 2, *estimate.shape[2:]).transpose(1, 2)
    return torch.istft(flat, model["nFft"], model["hopLength"], window=window, center=True, length=x.shape[2]).reshape(b, 2, -1)


data = torch.from_numpy(np.fromfile(f"{folder}/batch.f32", np.float32).reshape(2, batch, 2, samples))
mixture, vocals = data[0], data[1]
optimizer = torch.optim.AdamW([v for v in values.values() if v.requires_grad], lr=1e-3, betas=(0.9, 0.99), weight_decay=0.01)
result = {"torch": torch.__version__, "loss": None, "train": [], "infer": []}
with torch.no_grad():
    one = torch.from_numpy(np.fromfile(f"{folder}/window.f32", np.float32).reshape(1, 2, -1))
    separate(one)
    for _ in range(repeats):
        started = time.perf_counter()
        separate(one)
        result["infer"].append(time.perf_counter() - started)
for i in range(repeats + 1):
    started = time.perf_counter()
    optimizer.zero_grad()
    loss = loss_of(mixture, vocals)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([v for v in values.values() if v.requires_grad], 1.0)
    optimizer.step()
    if i == 0:
        result["loss"] = loss.item()
    else:
        result["train"].append(time.perf_counter() - started)
import resource

result["peakMb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(result))
