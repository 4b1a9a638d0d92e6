"""Machines named whole, "p5.48xlarge" or "DGX H100": each is a card and how many of it the machine holds."""

from __future__ import annotations

from dataclasses import replace

from bot.parsing.items import Sentence


def bind_machines(sentence: Sentence) -> None:
    """Take every machine for its card; words for instances count machines beside one."""
    for _, item in sentence.of("machine"):
        machine = sentence.finder.find_machine(item.value).item
        sentence.machines.append((item, machine))
        sentence.extra["machine"] = item.value
        sentence.recast(item, "gpu", machine.gpu)
        item.vague = machine.vague
    for _, item in sentence.of("instances") if sentence.machines else ():
        sentence.recast(item, "nodes", item.value)


def bind_machine_counts(sentence: Sentence) -> None:
    """ "2x p5.48xlarge" and "p5.48xlarge, 2 nodes" are 16 cards; "4x HGX H100" is half of one board."""
    if not sentence.machines or len({machine.gpu for _, machine in sentence.machines}) > 1:
        return
    nodes = sentence.claims.pop("nodes", [])
    for item, machine in sentence.machines:
        counts = sentence.claims.setdefault("gpu_count", [])
        number = next((claim for claim in counts if claim.start <= item.start < claim.end), None)
        if number and not (machine.counts_cards and number.value <= machine.gpu_count):
            counts[counts.index(number)] = replace(number, value=number.value * machine.gpu_count)
        elif not counts or len(sentence.machines) > 1:
            many = nodes[0].value if len(nodes) == 1 else 1
            sentence.claim("gpu_count", float(machine.gpu_count * many), item)


def drop_machine_counts(sentence: Sentence) -> None:
    """ "how many p5.48xlarge": the cards of one machine are no answer that was given."""
    if not any(claim.value == "gpu_count" for claim in sentence.claims.get("solve_for", [])):
        return
    whole = {(item.start, item.end) for item, _ in sentence.machines}
    kept = [claim for claim in sentence.claims.get("gpu_count", []) if (claim.start, claim.end) not in whole]
    sentence.claims["gpu_count"] = kept
