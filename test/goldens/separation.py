#!/usr/bin/env python3
"""Griffin–Lim with momentum and multichannel Wiener EM, stated again in numpy, for test/dsp/phase.test.ts and test/dsp/wiener.test.ts.

    /usr/bin/python3 test/goldens/separation.py

Griffin–Lim follows librosa's `griffinlim` (momentum m: the phases of rebuilt - m/(1+m) * rebuilt of the step before), expectation–maximisation
follows norbert's formulas with the inverse of numpy. Numbers are sin(phase + 0.7 i) by index i; the tests make the same.
"""
import json
from pathlib import Path

import numpy as np


def filled(shape, phase):
    return np.sin(phase + 0.7 * np.arange(int(np.prod(shape)))).reshape(shape)


def numbers(values):
    return [float(f"{v:.9g}") for v in np.asarray(values).ravel()]


def stft(x, n_fft, hop):
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    padded = np.pad(x, (n_fft // 2, n_fft))
    frames = [padded[t * hop : t * hop + n_fft] * window for t in range(len(x) // hop + 1)]
    return np.fft.rfft(np.array(frames), axis=-1)


def istft(z, samples, n_fft, hop):
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    out, weight = np.zeros(samples + 2 * n_fft), np.zeros(samples + 2 * n_fft)
    for t, frame in enumerate(np.fft.irfft(z, n_fft, axis=-1)):
        out[t * hop : t * hop + n_fft] += frame * window
        weight[t * hop : t * hop + n_fft] += window**2
    inside = slice(n_fft // 2, n_fft // 2 + samples)
    return out[inside] / weight[inside]


def griffin_lim(momentum, iterations, samples=30, n_fft=8, hop=2):
    magnitude = 1.2 + filled((samples // hop + 1, n_fft // 2 + 1), 0.5)
    # Over all n_fft bins: those that rfft leaves out mirror the others.
    norm = lambda y: np.linalg.norm(np.concatenate([y, y[:, 1:-1]], axis=1))
    phase, before, errors = np.ones(magnitude.shape, complex), 0, []
    for _ in range(iterations):
        rebuilt = stft(istft(magnitude * phase, samples, n_fft, hop), n_fft, hop)
        ahead = rebuilt - momentum / (1 + momentum) * before
        phase, before = ahead / np.abs(ahead), rebuilt
        errors.append(norm(np.abs(rebuilt) - magnitude) / norm(magnitude))
    return {"signal": numbers(istft(magnitude * phase, samples, n_fft, hop)), "errors": numbers(errors)}


def wiener(iterations, noise, s=2, c=2, t=5, f=3):
    y = filled((s, c, t, f), 0.5) + 1j * filled((s, c, t, f), 1)
    x = filled((c, t, f), 2) + 1j * filled((c, t, f), 3)
    for _ in range(iterations):
        v = np.mean(np.abs(y) ** 2, axis=1)
        place = np.einsum("sitf,sjtf->sfij", y, np.conj(y)) / v.sum(1)[..., None, None]
        model = np.einsum("stf,sfij->stfij", v, place)
        floor = noise * np.trace(model.sum(0), axis1=-2, axis2=-1).real / c
        model = model + (floor / s)[..., None, None] * np.eye(c)
        gain = model @ np.linalg.inv(model.sum(0))
        y = np.einsum("stfij,jtf->sitf", gain, x)
    return {"re": numbers(y.real), "im": numbers(y.imag)}


golden = {
    "made by": f"separation.py, numpy {np.__version__}",
    "griffin-lim": {"0": griffin_lim(0, 6), "0.99": griffin_lim(0.99, 6)},
    "wiener": {"2 channels": wiener(2, 0.01), "3 channels": wiener(2, 0.01, s=4, c=3)},
}
Path(__file__).with_suffix(".json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
