"""Pastes that nobody means well by: each must be answered with a sentence, and soon."""

from __future__ import annotations

MEGABYTE = 10**6
FLAGS = 10_000
SERVE = "vllm serve Qwen/Qwen3-8B"
READ = 15_990
"""Characters that fit below the limit of what is read."""

HOSTILE = {
    "1 MB of one letter": "a" * MEGABYTE,
    "1 MB of flags": SERVE + " --max-model-len 32768" * (MEGABYTE // 22),
    "10,000 unknown flags": f"{SERVE} " + " ".join(f"--flag-{number} {number}" for number in range(FLAGS)),
    "flags that are nearly right": (f"{SERVE} " + " ".join(f"--max-model-lenx{n} {n}" for n in range(FLAGS)))[:READ],
    "NUL bytes": SERVE + "\0--max-model-len\0 8192 on h100",
    "nested quotes": ('vllm serve "' * READ)[:READ],
    "command substitution": f"{SERVE} $(rm -rf /) --max-model-len $(cat /etc/passwd) `reboot` on h100",
    "variables in variables": "\n".join(f"A{n}=" + f"$A{n + 1}" * 6 for n in range(10)) + f"\nA10=x\n{SERVE} $A0",
    "open defaults": (f"{SERVE} " + "${A:-" * READ)[:READ],
    "private keys": "-----BEGIN PRIVATE KEY-----" * (MEGABYTE // 27),
}
