"""PyTorch's side of bench/conv.ts: a job per line of standard input, its times in milliseconds per line of standard output."""

import json
import sys
import time

import torch

torch.set_num_threads(int(sys.argv[1]))
for line in sys.stdin:
    job = json.loads(line)
    axes = len(job["x"]) - 2
    x, w, ct = (torch.rand(job[name]) - 0.5 for name in ("x", "weight", "y"))
    geometry = ([job["stride"]] * axes, [job["padding"]] * axes, [1] * axes, False, [0] * axes, job["groups"])
    times = []
    with torch.no_grad():
        for _ in range(job["repeats"]):
            start = time.perf_counter()
            if job["kind"] == "forward":
                torch.convolution(x, w, None, *geometry)
            else:
                wanted = [job["kind"] == "input gradient", job["kind"] == "weight gradient", False]
                torch.ops.aten.convolution_backward(ct, x, w, None, *geometry, wanted)
            times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps(times), flush=True)
