"""The terminal: `vram "question"`, `vram --json "question"`, `vram --json -`, `vram explain "..."`, `vram slack`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from typing import TextIO

ANSWERED, UNANSWERED = 0, 2
"""Exit status: "does not fit" is an answer."""

SWITCHES = ("--json", "--socket", "--")
"""Everything else on the command line is the question, flags of a pasted command included."""

USAGE = """examples:
  vram "qwen3-32b fp8 batch 20 seq 12k on h100"
  vram "how many users at 8k for gpt-oss-120b on h200"
  vram explain "qwen3-32b fp8 batch 20 seq 12k on h100"
  vram "... as sglang"  the command for that engine: vllm, sglang, tgi, trt-llm, llama.cpp; as k8s: a specification
  vram --json "..."     one JSON object
  vram --json -         one question per line in, one JSON object per line out
  vram < file           the question is the whole file
  vram slack            the Slack app for development; --socket for Socket Mode
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer and return the exit status; a reader that closes the pipe early is no error."""
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ANSWERED


def _run(arguments: list[str]) -> int:
    parser = _parser()
    options, _ = parser.parse_known_args(arguments)
    words = [word for word in arguments if word not in SWITCHES]
    if words[:1] == ["slack"]:
        return _slack(socket=options.socket)
    if problem := _connected():
        print(problem, file=sys.stderr)
        return UNANSWERED
    if not words and sys.stdin.isatty():
        parser.print_help()
        return ANSWERED
    _accept_any_bytes(sys.stdin)
    if words == ["-"] and options.json:
        return _json_lines(sys.stdin, sys.stdout)
    return _text(sys.stdin.read() if words in ([], ["-"]) else " ".join(words), as_json=options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vram",
        description="Does a language model fit on a GPU, and how much can it serve?",
        epilog=USAGE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("question", nargs="*", help="a question, in any order of words; - reads it from standard input")
    parser.add_argument("--json", action="store_true", help="the machine-readable answer")
    parser.add_argument("--socket", action="store_true", help="with slack: Socket Mode, no public URL needed")
    return parser


def _connected() -> str | None:
    """Read the settings and connect; what is wrong with them, if anything."""
    from bot.settings import SettingsError, load
    from bot.startup import connect

    try:
        connect(load(), reads_files=True)
    except SettingsError as error:
        return str(error)
    return None


def _accept_any_bytes(stream: TextIO) -> None:
    """Bytes that are no UTF-8 become replacement characters, so that one bad line does not end a batch."""
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="replace")


def _text(question: str, *, as_json: bool) -> int:
    from bot.answer import answer

    reply = answer(question)
    if as_json:
        print(reply.answer.model_dump_json())
    else:
        from bot.surfaces.terminal import show

        show(reply)
    return UNANSWERED if reply.answer.error else ANSWERED


def _json_lines(lines: Iterable[str], out: TextIO) -> int:
    from bot.answer import answer

    status = ANSWERED
    for line in lines:
        reply = answer(_decoded(line.rstrip("\n")))
        out.write(reply.answer.model_dump_json() + "\n")
        out.flush()
        if reply.answer.error:
            status = UNANSWERED
    return status


def _decoded(line: str) -> str:
    """A line that is a JSON string stands for its value, so that a paste with line breaks fits on one line."""
    if line.startswith('"'):
        try:
            value = json.loads(line)
        except ValueError:
            return line
        return value if isinstance(value, str) else line
    return line


def _slack(*, socket: bool) -> int:
    from bot.surfaces.slack.__main__ import main as slack

    return slack(["--socket"] if socket else [])


if __name__ == "__main__":
    sys.exit(main())
