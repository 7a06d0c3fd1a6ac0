#!/usr/bin/env python3
"""The encoder-decoder restated in PyTorch, step by step, for test/models/seq2seq.test.ts.

    /usr/bin/python3 test/goldens/seq2seq.py

Weights are 1.5 sin(j + 1 + 0.7 i²) by index i, in float64, for the j-th entry of the list of names; the row of the pad symbol is no exception. The test
makes the same numbers. Nothing here is batched or shared with what is tested: each sequence is read alone, and said symbol by symbol.
"""
import json
from pathlib import Path

import torch
from torch import nn

SYMBOLS, EMBEDDING, HIDDEN = 7, 3, 4
START_OF_DECODING = END = 3
SOURCES = [[4, 5, 6, 4], [6, 5]]
TARGETS = [[5, 4, 6, END], [4, END]]


def numbers(y):
    return [float(f"{v:.9g}") for v in y.detach().ravel().tolist()]


class Restated:
    def __init__(self, cell, score, layers, bidirectional):
        kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.cell, self.score, self.layers, self.bidirectional = cell, score, layers, bidirectional
        self.tables = nn.Embedding(SYMBOLS, EMBEDDING), nn.Embedding(SYMBOLS, EMBEDDING)
        self.encoder = kind(EMBEDDING, HIDDEN // 2 if bidirectional else HIDDEN, layers, bidirectional=bidirectional)
        self.decoder = kind(EMBEDDING, HIDDEN, layers)
        self.combine = nn.Linear(HIDDEN if score == "none" else 2 * HIDDEN, HIDDEN)
        self.head = nn.Linear(HIDDEN, SYMBOLS)
        self.W, self.U, self.v = nn.Linear(HIDDEN, HIDDEN, bias=False), nn.Linear(HIDDEN, HIDDEN, bias=False), torch.zeros(HIDDEN)
        named = [("sourceEmbedding.weight", self.tables[0].weight), ("targetEmbedding.weight", self.tables[1].weight)]
        for name, module in (("encoder", self.encoder), ("decoder", self.decoder)):
            named += [(f"{name}.{n}", p) for n, p in module.named_parameters()]
        if score == "general":
            named += [("attention.general.weight", self.W.weight)]
        if score == "additive":
            named += [("attention.additive.W.weight", self.W.weight), ("attention.additive.U.weight", self.U.weight)]
            named += [("attention.additive.v", self.v)]
        named += [("combine.weight", self.combine.weight), ("combine.bias", self.combine.bias)]
        named += [("head.weight", self.head.weight), ("head.bias", self.head.bias)]
        self.state = [[name, list(p.shape)] for name, p in named]
        for j, (_, p) in enumerate(named):
            p.data = (1.5 * torch.sin(j + 1 + 0.7 * torch.arange(p.numel(), dtype=torch.float64) ** 2)).reshape(p.shape)

    def read(self, ids):
        outputs, last = self.encoder(self.tables[0](torch.tensor(ids)).unsqueeze(1))
        states = last if self.cell == "lstm" else (last,)
        joined = []
        for state in states:
            if self.bidirectional:
                state = torch.stack([torch.cat([state[2 * l], state[2 * l + 1]], 1) for l in range(self.layers)])
            joined.append(state)
        return outputs[:, 0], joined[0] if self.cell != "lstm" else tuple(joined)

    def say(self, token, state, heard):
        """One step: log-probabilities of the next symbol, weights over what was heard, the state after."""
        outputs, state = self.decoder(self.tables[1](torch.tensor([[token]])), state)
        h = outputs[0, 0]
        if self.score == "none":
            joint, weights = h, None
        else:
            if self.score == "dot":
                scores = torch.stack([h @ a for a in heard])
            elif self.score == "general":
                scores = torch.stack([h @ self.W.weight @ a for a in heard])
            else:
                scores = torch.stack([self.v @ torch.tanh(self.W(h) + self.U(a)) for a in heard])
            weights = torch.softmax(scores, 0)
            joint = torch.cat([sum(w * a for w, a in zip(weights, heard)), h])
        logits = self.head(torch.tanh(self.combine(joint)))
        return logits, weights, state

    def forced(self, source, target):
        heard, state = self.read(source)
        logits, before = [], START_OF_DECODING
        for token in target:
            step, _, state = self.say(before, state, heard)
            logits.append(step)
            before = token
        return torch.stack(logits)

    def greedy(self, source, longest=5):
        heard, state = self.read(source)
        tokens, rows, total, before = [], [], 0.0, START_OF_DECODING
        while len(tokens) < longest and (not tokens or tokens[-1] != END):
            logits, weights, state = self.say(before, state, heard)
            log_p = torch.log_softmax(logits, 0)
            # Padding (0) and start (2) are never said.
            before = max((i for i in range(SYMBOLS) if i not in (0, 2)), key=lambda i: log_p[i].item())
            tokens.append(before)
            total += log_p[before].item()
            if weights is not None:
                rows.append(numbers(weights))
        return {"tokens": tokens, "logProbability": float(f"{total:.9g}"), "attention": rows}


def case(cell, score, layers=1, bidirectional=False):
    model = Restated(cell, score, layers, bidirectional)
    forced = [model.forced(s, t) for s, t in zip(SOURCES, TARGETS)]
    losses = torch.cat([nn.functional.cross_entropy(y, torch.tensor(t), reduction="none") for y, t in zip(forced, TARGETS)])
    return {
        "cell": cell,
        "attention": score,
        "layers": layers,
        "bidirectional": bidirectional,
        "state": model.state,
        "logits": [numbers(y) for y in forced],
        "loss": float(f"{losses.mean().item():.9g}"),
        "greedy": [model.greedy(s) for s in SOURCES],
    }


CASES = [
    case("gru", "additive"),
    case("gru", "none", layers=2),
    case("lstm", "general", layers=2, bidirectional=True),
    case("rnn", "dot"),
    case("lstm", "none", bidirectional=True),
]

path = Path(__file__).with_suffix(".json")
sizes = {"embedding": EMBEDDING, "hidden": HIDDEN, "sources": SOURCES, "targets": TARGETS}
path.write_text(json.dumps({**sizes, "cases": CASES}) + "\n")
