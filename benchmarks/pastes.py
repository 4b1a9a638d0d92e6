"""Pastes that nobody means well by: each must be answered with a sentence, and soon."""

from __future__ import annotations

MEGABYTE = 10**6
FLAGS = 10_000
SERVE = "vllm serve Qwen/Qwen3-8B"
READ = 15_990
"""Characters that fit below the limit of what is read."""
NO_MEMORY = (
    "ERROR 01-20 09:14:21 [core.py:708] torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 50.00 MiB.\n"
)


def _megabyte(text: str) -> str:
    return text * (MEGABYTE // len(text))


HOSTILE = {
    "1 MB of one letter": "a" * MEGABYTE,
    "1 MB of flags": SERVE + _megabyte(" --max-model-len 32768"),
    "10,000 unknown flags": f"{SERVE} " + " ".join(f"--flag-{number} {number}" for number in range(FLAGS)),
    "flags that are nearly right": (f"{SERVE} " + " ".join(f"--max-model-lenx{n} {n}" for n in range(FLAGS)))[:READ],
    "NUL bytes": SERVE + "\0--max-model-len\0 8192 on h100",
    "nested quotes": ('vllm serve "' * READ)[:READ],
    "command substitution": f"{SERVE} $(rm -rf /) --max-model-len $(cat /etc/passwd) `reboot` on h100",
    "variables in variables": "\n".join(f"A{n}=" + f"$A{n + 1}" * 6 for n in range(10)) + f"\nA10=x\n{SERVE} $A0",
    "open defaults": (f"{SERVE} " + "${A:-" * READ)[:READ],
    "private keys": _megabyte("-----BEGIN PRIVATE KEY-----"),
    "1 MB of NUL bytes": "\0" * MEGABYTE,
    "1 MB of quotes": _megabyte('vllm serve "'),
    "1 MB of command substitution": _megabyte("vllm serve $("),
    "1 MB of words behind NUL bytes": _megabyte("vllm serve x\0"),
    "1 MB of images": _megabyte("vllm/vllm-openai "),
    "1 MB of assignments": _megabyte("A=1\n"),
    "1 MB of names": "".join(f"org{number}/model-{number} " for number in range(MEGABYTE // 20)),
    "1 MB of numbers": _megabyte("12345 "),
    "1 MB of brackets": _megabyte("measured["),
    "80,000 lines nearly alike": "\n".join(f"INFO {number:x}" for number in range(80_000)),
    "500,000 lines of a letter": _megabyte("a\n"),
    "1 MB of lines of an error": _megabyte("CUDA out of memory\n"),
    "1 MB of whole errors": _megabyte(NO_MEMORY),
    "1 MB of the error in one line": _megabyte("CUDA out of memory. "),
    "1 MB of traceback": _megabyte('  File "/srv/x.py", line 3, in load_model\n'),
    "1 MB of colours": _megabyte("\x1b[32mINFO\x1b[0m hello\n"),
    "1 MB of progress bars": _megabyte("\rLoading safetensors checkpoint shards:  50% Completed | 1/2 [00:01<00:01]"),
    "1 MB of NCCL": "".join(f"host:{n}:{n} [{n % 8}] NCCL INFO Channel {n} via P2P\n" for n in range(MEGABYTE // 52)),
    "1 MB of NCCL connections": "".join(
        f"node1:{n}:{n + 7} [{n % 8}] NCCL INFO Channel {n % 32:02d}/0 : {n % 8}[{n % 8}] -> 1[1] via P2P/CUMEM/read\n"
        for n in range(MEGABYTE // 80)
    ),
    "1 MB of ids that are words": _megabyte("a/b "),
    "1 MB of lines of ids that are words": _megabyte("a/b\n"),
    "1 MB of joined words": "".join(f"a{number}-b{number} " for number in range(MEGABYTE // 12)),
    "1 MB of one card": _megabyte("h100 "),
    "1 MB of nvidia-smi": _megabyte("|   0  NVIDIA H100 80GB HBM3   On  | 00000000:18:00.0 Off |  0 |\n"),
    "1 MB of loads with slips": _megabyte("10 concurent usres "),
    "1 MB of commented commands": _megabyte(f"# {SERVE}\n"),
    "1 MB of programs": _megabyte("llama-server\nollama run\nsglang\nvllm serve\ntrtllm-serve\nlmdeploy\n"),
    "1 MB of addresses": "".join(f"https://huggingface.co/org{n}/m{n} " for n in range(MEGABYTE // 40)),
    "1 MB of a running server": "".join(
        f"INFO 01-20 [loggers.py:116] Engine 000: Avg prompt throughput: {n}.0 tokens/s, GPU KV cache usage: 9.1%\n"
        for n in range(MEGABYTE // 110)
    ),
    "1 MB of other scripts": _megabyte("Ô hổ 模型 🤖\n"),
}
