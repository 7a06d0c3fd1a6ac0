"""The transforms of stft.ts in PyTorch."""
import torch

from support import infer, read_array, report, sampled, timed, work

n_fft, samples = 2048, 60 * 44100
hop = int(work.split("-")[-1])
window = torch.hann_window(n_fft)
x, target = (read_array(name, (2, samples)) for name in ("x", "target"))


def halved(signal):
    s = torch.stft(signal, n_fft, hop, window=window, center=True, pad_mode="constant", return_complex=True)
    return s, torch.istft(s * 0.5, n_fft, hop, window=window, center=True, length=samples)


def derivative():
    signal = x.detach().requires_grad_()
    s, y = halved(signal)
    loss = torch.sqrt(s.real**2 + s.imag**2 + 1e-8).mean() + ((y - target) ** 2).mean()
    loss.backward()
    return signal.grad


if "forward" in work:
    infer(lambda: halved(x)[1])
else:
    report(sampled(derivative()), timed(derivative))
