"""Measured beside predicted bytes, as rows in a file; without a GPU by shapes alone, without PyTorch none."""

from __future__ import annotations

import argparse
import importlib.util
import json
from pathlib import Path
from typing import Any

from benchmarks.gpu.cases import Case, cases
from benchmarks.gpu.measure import GPU, SHAPES_ALONE, card, measure
from formulas.units import MIB

ROWS = Path(__file__).with_name("measured.json")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="shapes alone, even where there is a GPU")
    parser.add_argument("--out", type=Path, default=ROWS, help="file of the measured rows")
    options = parser.parse_args()
    device = SHAPES_ALONE if options.dry_run else best_device()
    rows = [row(case, device) for case in cases()]
    if device == GPU:
        options.out.write_text(json.dumps({"card": card(), "rows": rows}, indent=2) + "\n", encoding="utf-8")


def best_device() -> str:
    """cuda where a GPU is seen, else meta; says what is missing."""
    if installed():
        import torch

        if torch.cuda.is_available():
            return GPU
        print("No GPU is seen here: weights and caches are those of shapes, and no peak is measured.")
    return SHAPES_ALONE


def installed() -> bool:
    """Whether PyTorch and transformers are here."""
    return all(importlib.util.find_spec(name) for name in ("torch", "transformers"))


def row(case: Case, device: str) -> dict[str, Any]:
    """One row, printed as it comes."""
    found = measure(case, device) if installed() else {}
    seen = shown(found) if found else "nothing, for PyTorch or transformers is not installed"
    print(
        f"{case.id}, {case.depth} layers, {case.batch} x {case.tokens}: predicted {shown(case.predicted)}; found {seen}"
    )
    said = {"model": case.id, "depth": case.depth, "batch": case.batch, "tokens": case.tokens}
    return said | {"predicted": case.predicted, "measured": found}


def shown(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name} {size / MIB:,.1f} MiB" for name, size in sizes.items())


if __name__ == "__main__":
    main()
