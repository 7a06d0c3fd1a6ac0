"""What the PyTorch sides of the benches share: weights and batches that the other side wrote, the update, clocks, and the report."""
import json
import resource
import struct
import sys
import time

import numpy as np
import torch

folder, work = sys.argv[1], sys.argv[2]
settings = json.load(open(f"{folder}/settings.json"))
repeats = settings["repeats"]
torch.set_num_threads(settings["threads"])


def read_array(name, shape):
    return torch.from_numpy(np.fromfile(f"{folder}/{name}.f32", np.float32).reshape(shape))


def read_weights(name="weights"):
    data = open(f"{folder}/{name}.safetensors", "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    return {
        key: torch.from_numpy(np.frombuffer(data[8 + length :], np.float32, (stop - start) // 4, start).reshape(entry["shape"]).copy())
        for key, entry in header.items()
        for start, stop in [entry["data_offsets"]]
    }


def load(model, weights):
    """As load_state_dict, which asks for the counter of batches that nothing uses."""
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and all("num_batches" in name for name in missing), (missing, unexpected)
    return model


def sampled(values):
    flat = values.detach().reshape(-1).numpy()
    step = -(-len(flat) // 1000)
    return flat[: len(flat) // step * step : step].tolist()


def timed(call):
    call()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return seconds


def train(parameters, loss_of):
    """Clipping, AdamW and a running average of the weights, as src/training/updater.ts has them; gives losses and seconds."""
    parameters = list(parameters)
    adam = settings["adam"]
    optimizer = torch.optim.AdamW(
        parameters, lr=settings["rate"], betas=adam["betas"], eps=adam["eps"], weight_decay=adam["weightDecay"], foreach=True
    )
    averages = [p.detach().clone() for p in parameters]
    losses = []

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, adam["clipNorm"])
        optimizer.step()
        with torch.no_grad():
            decay = min(adam["averageDecay"], (1 + len(losses)) / (10 + len(losses)))
            torch._foreach_mul_(averages, decay)
            torch._foreach_add_(averages, parameters, alpha=1 - decay)
        losses.append(loss.item())

    seconds = timed(step)
    report(losses[:3], seconds)


def infer(call):
    with torch.no_grad():
        report(sampled(call()), timed(call))


def run_network(model, shape, loss):
    """The works of a network from arrays to arrays of their shape, as network.ts has them; smaller batches are the beginning of the file's."""
    x, target = (read_array(name, (-1, *shape[1:]))[: shape[0]] for name in ("x", "target"))
    if "infer" in work:
        model.eval()
        infer(lambda: model(x))
    else:
        train(model.parameters(), lambda: loss(model(x), target))


def report(numbers, seconds):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"numbers": numbers, "seconds": seconds, "peakMb": peak, "version": torch.__version__}))
