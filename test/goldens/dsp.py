"""Golden values of signal functions: librosa's definitions restated with numpy and scipy (librosa itself is not needed), and PyTorch's transform.

    /usr/bin/python3 test/goldens/dsp.py

Inputs are made by a formula that the test shares: x[i] = sin(1 + 0.7 i) + 0.5 cos(0.3 + 0.011 i²).
"""
import json
import os

import numpy as np
import scipy.fft
import scipy.signal
import torch


def signal(n):
    i = np.arange(n, dtype=np.float64)
    return np.sin(1 + 0.7 * i) + 0.5 * np.cos(0.3 + 0.011 * i * i)


def hz_to_mel(hz, htk):
    hz = np.asarray(hz, dtype=np.float64)
    if htk:
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    return np.where(hz >= 1000.0, 15.0 + 27.0 * np.log(np.maximum(hz, 1e-9) / 1000.0) / np.log(6.4), 3.0 * hz / 200.0)


def mel_to_hz(mel, htk):
    mel = np.asarray(mel, dtype=np.float64)
    if htk:
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    return np.where(mel >= 15.0, 1000.0 * 6.4 ** ((mel - 15.0) / 27.0), 200.0 * mel / 3.0)


def mel_bank(sr, n_fft, bands, fmin, fmax, htk, norm):
    edges = mel_to_hz(np.linspace(hz_to_mel(fmin, htk), hz_to_mel(fmax, htk), bands + 2), htk)
    bins = np.fft.rfftfreq(n_fft, 1.0 / sr)
    # A triangle is the interpolation between its three corners.
    rows = [np.interp(bins, edges[b : b + 3], [0.0, 1.0, 0.0], left=0.0, right=0.0) for b in range(bands)]
    bank = np.array(rows)
    return bank * (2.0 / (edges[2:] - edges[:-2]))[:, None] if norm == 'slaney' else bank


def spectrum(x, n_fft, hop, window, pad_mode='constant', center=True):
    if center:
        x = np.pad(x, n_fft // 2, mode=pad_mode)
    w = scipy.signal.get_window(window, n_fft, fftbins=True)
    starts = range(0, len(x) - n_fft + 1, hop)
    return np.array([np.fft.rfft(w * x[s : s + n_fft]) for s in starts])


def power_to_db(s, ref=1.0, amin=1e-10, top_db=80.0):
    db = 10.0 * np.log10(np.maximum(amin, s)) - 10.0 * np.log10(np.maximum(amin, abs(ref)))
    return db if top_db is None else np.maximum(db, db.max() - top_db)


def rounded(values):
    return [float(f'{v:.9g}') for v in np.asarray(values, dtype=np.float64).ravel()]


def nonzero(bank):
    """Few of a filter bank's numbers are not 0: place and value."""
    flat = bank.ravel()
    places = np.flatnonzero(flat)
    return {'shape': list(bank.shape), 'at': places.tolist(), 'values': rounded(flat[places])}


def main():
    golden = {}
    names = {'hann': 'hann', 'hamming': 'hamming', 'blackman': 'blackman', 'rectangular': 'boxcar', 'kaiser': ('kaiser', 8.6)}
    golden['windows'] = {
        name: {kind: rounded(scipy.signal.get_window(spec, 9, fftbins=kind == 'periodic')) for kind in ('periodic', 'symmetric')}
        for name, spec in names.items()
    }

    x = signal(30)
    window = torch.hann_window(8, dtype=torch.float64)
    transform = torch.stft(torch.from_numpy(x), 8, 3, 8, window, center=True, pad_mode='reflect', return_complex=True)
    torch_spectrum = transform.numpy().T
    golden['reflect'] = {'re': rounded(torch_spectrum.real), 'im': rounded(torch_spectrum.imag)}
    uncentred = spectrum(x, 8, 3, ('kaiser', 8.6), center=False)
    golden['uncentred'] = {'re': rounded(uncentred.real), 'im': rounded(uncentred.imag)}

    banks = [
        dict(sr=8000, n_fft=64, bands=6, fmin=0.0, fmax=4000.0, htk=htk, norm=norm)
        for htk in (False, True)
        for norm in ('slaney', 'none')
    ] + [dict(sr=22050, n_fft=128, bands=6, fmin=200.0, fmax=8000.0, htk=False, norm='slaney')]
    golden['melBanks'] = [{**bank, **nonzero(mel_bank(**bank))} for bank in banks]

    y = signal(200)
    power = np.abs(spectrum(y, 64, 40, 'hann')) ** 2
    mel = power @ mel_bank(8000, 64, 8, 0.0, 4000.0, False, 'slaney').T
    log_mel = power_to_db(mel)
    golden['melSpectrogram'] = rounded(mel)
    golden['logMel'] = rounded(log_mel)
    golden['amplitudeToDb'] = rounded(power_to_db(mel**2, ref=(mel**2).max(), amin=1e-10, top_db=20.0))
    coefficients = scipy.fft.dct(log_mel, type=2, norm='ortho', axis=-1)[:, :6]
    golden['mfcc'] = rounded(coefficients)
    golden['mfccLiftered'] = rounded(coefficients * (1 + 22 / 2 * np.sin(np.pi * np.arange(1, 7) / 22)))

    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, 'dsp.json'), 'w') as file:
        json.dump(golden, file, separators=(',', ':'))
        file.write('\n')


main()
