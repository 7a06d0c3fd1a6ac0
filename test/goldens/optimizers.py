#!/usr/bin/env python3
"""What torch.optim's optimisers and schedulers give, for test/training/optimizers.test.ts and test/training/schedule.test.ts.

    /usr/bin/python3 test/goldens/optimizers.py

Five weights cos(i), gradients sin(1 + 0.7 i + 1.3 t) of update t, rate 0.1, in float64; the weights after updates 1, 2, 3, 6 and 12.
"""
import json
from pathlib import Path

import torch
from torch.optim import lr_scheduler as schedulers

optimizers = {
    "sgd": (torch.optim.SGD, {}),
    "sgd, weight decay": (torch.optim.SGD, {"weight_decay": 0.1}),
    "sgd, momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "sgd, dampening": (torch.optim.SGD, {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    "sgd, Nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "adam": (torch.optim.Adam, {}),
    "adam, weight decay": (torch.optim.Adam, {"betas": (0.5, 0.9), "eps": 1e-2, "weight_decay": 0.1}),
    "adam, AMSGrad": (torch.optim.Adam, {"betas": (0.9, 0.5), "amsgrad": True}),
    "adamw": (torch.optim.AdamW, {}),
    "adamw, options": (torch.optim.AdamW, {"betas": (0.5, 0.9), "eps": 1e-2, "weight_decay": 0.3, "amsgrad": True}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "rmsprop, momentum": (torch.optim.RMSprop, {"alpha": 0.9, "eps": 1e-2, "momentum": 0.8, "weight_decay": 0.1}),
    "rmsprop, centered": (torch.optim.RMSprop, {"alpha": 0.9, "centered": True}),
    "rmsprop, all": (torch.optim.RMSprop, {"alpha": 0.8, "eps": 1e-2, "momentum": 0.5, "weight_decay": 0.1, "centered": True}),
    "radam": (torch.optim.RAdam, {}),
    "radam, options": (torch.optim.RAdam, {"betas": (0.8, 0.9), "eps": 1e-2, "weight_decay": 0.1}),
}

scores = [5, 4, 3, 3, 3, 3, 3, 2.9, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
rising = [-9, -5, -4, -3.99, -3.98, -3.97, -3.9, 1, 1.05, 1.2, 1.21, 1.22, 1.22, 1.22, 1.2, 1.2, 1.2, 1.2, 3, 3]


def warm(optimizer):
    rise = schedulers.LinearLR(optimizer, start_factor=1 / 5, total_iters=4)
    return schedulers.SequentialLR(optimizer, [rise, schedulers.CosineAnnealingLR(optimizer, 10)], milestones=[5])


curves = {
    "constant": lambda o: schedulers.ConstantLR(o, factor=1),
    "step": lambda o: schedulers.StepLR(o, 4),
    "step, gamma": lambda o: schedulers.StepLR(o, 3, gamma=0.5),
    "multi-step": lambda o: schedulers.MultiStepLR(o, [3, 4, 9]),
    "multi-step, twice": lambda o: schedulers.MultiStepLR(o, [9, 3, 9], gamma=0.5),
    "exponential": lambda o: schedulers.ExponentialLR(o, 0.9),
    "cosine": lambda o: schedulers.CosineAnnealingLR(o, 10),
    "cosine, to a floor": lambda o: schedulers.CosineAnnealingLR(o, 7, eta_min=0.01),
    "cosine-restarts": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 5),
    "cosine-restarts, longer each time": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 3, T_mult=2, eta_min=0.01),
    "polynomial": lambda o: schedulers.PolynomialLR(o, 12),
    "polynomial, power": lambda o: schedulers.PolynomialLR(o, 12, power=2.5),
    "cosine after warm-up": warm,
}

plateaus = {
    "min": (scores, {"patience": 2}),
    "min, cooldown and floor": (scores, {"patience": 1, "factor": 0.5, "cooldown": 3, "min_lr": 0.02}),
    "max, abs": (rising, {"mode": "max", "patience": 2, "threshold": 0.1, "threshold_mode": "abs", "factor": 0.5}),
    "max, rel": (rising, {"mode": "max", "patience": 0, "threshold": 0.1, "eps": 1e-3}),
    "min, abs": (scores, {"patience": 0, "threshold": 0.2, "threshold_mode": "abs"}),
}


def numbers(values):
    return [float(f"{float(v):.9g}") for v in values]


def trained(create, options):
    index = torch.arange(5, dtype=torch.float64)
    weights = torch.nn.Parameter(torch.cos(index))
    optimizer = create([weights], lr=0.1, **options)
    after = {}
    for t in range(12):
        weights.grad = torch.sin(1 + 0.7 * index + 1.3 * t)
        optimizer.step()
        if t + 1 in (1, 2, 3, 6, 12):
            after[t + 1] = numbers(weights.detach())
    return after


def rates(create, seen=None):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = create(optimizer)
    given = []
    for t in range(len(seen or range(30))):
        given.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(*([] if seen is None else [seen[t]]))
    return numbers(given)


goldens = {
    "optimizers": {name: trained(*golden) for name, golden in optimizers.items()},
    "curves": {name: rates(create) for name, create in curves.items()},
    "plateaus": {
        name: {"scores": seen, "rates": rates(lambda o, options=options: schedulers.ReduceLROnPlateau(o, **options), seen)}
        for name, (seen, options) in plateaus.items()
    },
}
lines = ",\n".join(f"{json.dumps(part)}: {{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in content.items()) + "\n}" for part, content in goldens.items())
Path(__file__).with_suffix(".json").write_text("{" + lines + "}\n")
