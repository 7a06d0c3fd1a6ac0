"""The shipped network, its loss, its output and its way through a song restated in PyTorch: the peer of band-unet.ts."""
import json

import torch
import torch.nn.functional as F

from support import folder, infer, read_array, read_weights, train, work

model = json.load(open(f"{folder}/band-unet.json"))
batch, samples = model["batch"], model["samples"]
values = {name: tensor.requires_grad_("running_" not in name) for name, tensor in read_weights().items()}
analysis = read_array("analysis", (-1, model["bands"]))
synthesis = read_array("synthesis", (model["bands"], -1))
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


def weights_of(plan, first, last):
    """What each sample of a window counts: nothing in the margins, then a crossfade; all of it at the ends of the song."""
    rise = torch.ones(plan["length"])
    margin, fade = plan["margin"], plan["fade"]
    rise[:margin] = 0
    rise[margin : margin + fade] = torch.sin(torch.pi / 2 * (torch.arange(fade) + 0.5) / fade) ** 2
    return (1 if first else rise) * (1 if last else rise.flip(0)) * torch.ones(plan["length"])


def separate_song(x, plan):
    """Windows a hop apart, the last one moved back to end with the song, crossfaded; vocals, and what is left without them."""
    total, length = x.shape[1], plan["length"]
    vocals, weights = torch.zeros_like(x), torch.zeros(total)
    start = 0
    while True:
        last = start + length >= total
        start = min(start, total - length)
        weight = weights_of(plan, start == 0, last)
        vocals[:, start : start + length] += weight * separate(x[None, :, start : start + length])[0]
        weights[start : start + length] += weight
        if last:
            break
        start += plan["hop"]
    vocals /= weights
    return vocals, x - vocals


if "song" in work:
    song = read_array("song", (2, -1))
    infer(lambda: separate_song(song, model["plan"])[0])
elif "infer" in work:
    window_samples = read_array("window", (1, 2, -1))
    infer(lambda: separate(window_samples))
else:
    mixture, vocals = (read_array(name, (batch, 2, samples)) for name in ("mixture", "vocals"))
    train([value for value in values.values() if value.requires_grad], lambda: loss_of(mixture, vocals))
