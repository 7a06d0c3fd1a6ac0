#!/usr/bin/env python3
"""BSS Eval and the scale-invariant ratios, stated again in numpy, for test/evaluation/bss-eval.test.ts and scale-invariant.test.ts.

    /usr/bin/python3 test/goldens/bss_eval.py

Straight from the definitions: delayed copies of the references are the columns of a matrix, projections come from its singular value decomposition.
No correlations, no Fourier transforms, no normal equations: nothing is shared with what is tested. Sources are chirps, sin(a i^2 + b), whose samples are
as good as noise; the tests make the same ones.
"""
import json
from pathlib import Path

import numpy as np


def source(length, a, b):
    i = np.arange(length)
    return np.sin(np.mod(a * i * i + b, 2 * np.pi))


def stereo(length, j):
    """Source j: two channels with something in common."""
    left, right = source(length, 0.31 + 0.17 * j, j), source(length, 0.47 + 0.11 * j, 2 * j)
    return np.array([left, 0.5 * left + 0.4 * right])


def delayed(x, taps):
    """Columns are x delayed by 0 ... taps - 1, with room for all of it: (n, ) -> (n + taps - 1, taps)."""
    made = np.zeros((len(x) + taps - 1, taps))
    for lag in range(taps):
        made[lag : lag + len(x), lag] = x
    return made


def filters(references, estimate, taps):
    """Least-squares filters from all channels of the references to each channel of the estimate."""
    matrix = np.hstack([delayed(x, taps) for reference in references for x in reference])
    padded = np.pad(estimate, ((0, 0), (0, taps - 1)))
    return np.linalg.lstsq(matrix, padded.T, rcond=1e-9)[0]


def apply(references, taps, solution):
    return (np.hstack([delayed(x, taps) for reference in references for x in reference]) @ solution).T


def ratios(references, estimate, j, taps, all_filters, own_filters, kind):
    s = np.pad(references[j], ((0, 0), (0, taps - 1)))
    e = np.pad(estimate, ((0, 0), (0, taps - 1)))
    own = apply([references[j]], taps, own_filters)
    every = apply(references, taps, all_filters)
    db = lambda a, b: 10 * np.log10(np.sum(a**2) / np.sum(b**2))
    if kind == "images":
        return [db(s, e - s), db(s, own - s), db(own, every - own), db(every, e - every)]
    return [db(own, e - own), np.nan, db(own, every - own), db(every, e - every)]


def bss_eval(references, estimates, taps, kind="images", version=4, window=None, hop=None):
    """[ratio][source][frame], ratios in the order SDR, ISR, SIR, SAR; estimates in the order of the references."""
    length = references.shape[-1]
    window, hop = window or length, hop or window or length
    count = (length - window) // hop + 1
    result = np.full((4, len(references), count), np.nan)
    for frame in range(count):
        part = slice(frame * hop, frame * hop + window)
        cut = [references[:, :, part], estimates[:, :, part]]
        if any(not np.any(signal) for signals in cut for signal in signals):
            continue
        for j in range(len(references)):
            basis = cut if version == 3 else [references, estimates]
            every = filters(basis[0], basis[1][j], taps)
            own = filters(basis[0][j : j + 1], basis[1][j], taps)
            result[:, j, frame] = ratios(cut[0], cut[1][j], j, taps, every, own, kind)
    return result


def blend(references):
    """Estimates: a filtered version of the source, some of the next one, and something new."""
    n, length = len(references), references.shape[-1]
    made = []
    for j in range(n):
        echo = np.roll(references[j], 3, axis=-1)
        echo[:, :3] = 0
        new = np.array([source(length, 0.83 + 0.05 * j + 0.2 * c, 1) for c in range(references.shape[1])])
        made.append(0.9 * references[j] + 0.2 * echo + 0.15 * references[(j + 1) % n][::-1] + 0.05 * new)
    return np.array(made)


def scale_invariant(references, estimate, j):
    flat = [r.ravel() for r in references]
    e = estimate.ravel()
    target = (e @ flat[j]) / (flat[j] @ flat[j]) * flat[j]
    rest = e - target
    interference = np.array(flat).T @ np.linalg.lstsq(np.array(flat).T, rest, rcond=None)[0]
    db = lambda a, b: 10 * np.log10((a @ a) / (b @ b))
    return [db(target, rest), db(target, interference), db(target, rest - interference), db(target, e - flat[j])]


def rounded(values):
    if isinstance(values, (list, np.ndarray)):
        return [rounded(value) for value in values]
    return None if np.isnan(values) else float(f"{values:.10g}")


def main():
    images = np.array([stereo(4000, j) for j in range(2)])
    images[1, :, 1200:2300] = 0  # the second source pauses
    made = blend(images)
    mono = np.array([stereo(3000, j)[1:] for j in range(3)])
    three = blend(mono)
    golden = {
        "v4": bss_eval(images, made, 512, window=1000, hop=600),
        "v4 one frame": bss_eval(images, made, 512, window=3900, hop=3900),
        "whole": bss_eval(images, made, 512),
        "v3": bss_eval(images, made, 100, version=3, window=1500, hop=1000),
        "sources": bss_eval(mono, three, 512, kind="sources"),
        "v3 sources": bss_eval(mono, three, 64, kind="sources", version=3, window=1000, hop=700),
        "scale-invariant": np.array([scale_invariant(images, made[j], j) for j in range(2)]),
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({name: rounded(values) for name, values in golden.items()}) + "\n")


main()
