"""GPTQ of one layer in PyTorch, as published (arXiv 2210.17323, algorithm 1), for comparison with Lathe's.

    lathe-benchmarks gptq --size 4096 --threads 2        # Lathe
    python3 examples/gptq-speed.py --size 4096 --threads 2   # PyTorch

Both quantise a random square layer to 4 bits in groups of 128 with zero points, given the Gram matrix of random
inputs; neither the inputs nor the Gram matrix are part of the time. The loop below is the published one: damping
0.01, blocks of 128 columns, Cholesky factor of the inverse, one column after the other, the errors of a block
propagated to the columns behind it by one product. It needs PyTorch and fetches nothing.

With --lathe PATH it runs both in turn, the pairs given by --pairs, and prints the ratios. Each is the median of three
runs in one process, so that neither pays for its first touch of memory.
"""

import argparse
import json
import subprocess
import time

import torch


def grid(weights, levels):
    """Scale and zero of each row, with 0 inside the range."""
    low = torch.clamp(weights.min(1).values, max=0)
    high = torch.clamp(weights.max(1).values, min=0)
    empty = (low == 0) & (high == 0)
    low[empty] = -1
    high[empty] = 1
    scale = (high - low) / levels
    return scale.unsqueeze(1), torch.round(-low / scale).unsqueeze(1)


def quantise(column, scale, zero, levels):
    codes = torch.clamp(torch.round(column / scale) + zero, 0, levels)
    return scale * (codes - zero)


def gptq(weights, gram, bits=4, group_size=128, block=128, damping=0.01):
    levels = 2**bits - 1
    w = weights.clone()
    h = gram.clone()
    columns = w.shape[1]
    dead = torch.diag(h) == 0
    h[dead, dead] = 1
    w[:, dead] = 0
    index = torch.arange(columns)
    h[index, index] += damping * torch.mean(torch.diag(h))
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(h))
    inverse = torch.linalg.cholesky(inverse, upper=True)

    result = torch.zeros_like(w)
    losses = torch.zeros_like(w)
    scale = zero = None
    for first in range(0, columns, block):
        last = min(first + block, columns)
        own = w[:, first:last].clone()
        rounded = torch.zeros_like(own)
        errors = torch.zeros_like(own)
        own_losses = torch.zeros_like(own)
        own_inverse = inverse[first:last, first:last]
        for i in range(last - first):
            column = own[:, i]
            d = own_inverse[i, i]
            if (first + i) % group_size == 0:
                scale, zero = grid(w[:, first + i : first + i + group_size], levels)
            q = quantise(column.unsqueeze(1), scale, zero, levels).flatten()
            rounded[:, i] = q
            own_losses[:, i] = (column - q) ** 2 / d**2
            error = (column - q) / d
            own[:, i:] -= error.unsqueeze(1).matmul(own_inverse[i, i:].unsqueeze(0))
            errors[:, i] = error
        result[:, first:last] = rounded
        losses[:, first:last] = own_losses / 2
        w[:, last:] -= errors.matmul(inverse[first:last, last:])
    return result, losses.sum().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--tokens", type=int, default=32768)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--lathe", help="path of lathe-benchmarks; runs it after each PyTorch run")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(7)
    n = arguments.size
    weights = torch.rand(n, n) - 0.5
    gram = torch.zeros(n, n)
    for _ in range(0, arguments.tokens, 2048):
        x = torch.rand(2048, n) - 0.5
        gram += x.T @ x
    ratios = []
    for _ in range(arguments.pairs):
        runs = []
        for _ in range(3):
            start, processor = time.perf_counter(), time.process_time()
            gptq(weights, gram)
            runs.append((time.perf_counter() - start, time.process_time() - processor))
        seconds, processor = sorted(runs)[1]
        line = f"PyTorch {torch.__version__}, {arguments.threads} threads, {n}: {seconds:.2f} s ({processor:.2f} s of processors)"
        if arguments.lathe:
            command = [arguments.lathe, "gptq", "--size", str(n), "--repetitions", "3"]
            command += ["--threads", str(arguments.threads)]
            answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            own, busy = answer["results"][0]["seconds"], answer["results"][0]["processorSeconds"]
            ratios.append(seconds / own)
            line += f"; Lathe {own:.2f} s ({busy:.2f} s)"
            line += f"; ratio {ratios[-1]:.1f}, of processor time {processor / busy:.1f}"
        print(line, flush=True)
    if ratios:
        print(f"median ratio {sorted(ratios)[len(ratios) // 2]:.1f}")


if __name__ == "__main__":
    main()
