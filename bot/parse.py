"""parse(text) -> Query: fold the words of every language to one vocabulary, then bind numbers and names to slots."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from bot.carried import LANGUAGE, LOGGED_AT, SETTINGS, read_carried
from bot.commands import find_command
from bot.commands.other_servers import find_other_server
from bot.commands.shell import blanked
from bot.logs.observation import Observation
from bot.logs.readings import read_words
from bot.parsing.additions import bind_additions, bind_per_card, bind_rate_times_seconds, bind_rates
from bot.parsing.asks import bind_asks
from bot.parsing.cards import bind_cards, bind_count_behind, bind_nodes, bind_sizes
from bot.parsing.check import WHOLE, check
from bot.parsing.clean import LONGEST_TEXT, clean
from bot.parsing.counts import bind_counts, bind_ranges
from bot.parsing.form import claim_form, split_form
from bot.parsing.formats import bind_formats
from bot.parsing.items import Claim, Item, Sentence, Tried, said_of
from bot.parsing.lengths import bind_counted_mix, bind_durations, bind_mix, bind_products
from bot.parsing.listed_cards import blank_listing, claim_listing
from bot.parsing.loads import bind_images, settle_loads
from bot.parsing.logged import NOWHERE, bind_log, split_log
from bot.parsing.machines import bind_machine_counts, bind_machines, drop_machine_counts
from bot.parsing.named import bind_card_states, bind_models, bind_settings, bind_switches, bind_verb
from bot.parsing.names import Finder, default_finder
from bot.parsing.nouns import join_nouns, settle_in_and_out
from bot.parsing.pasted import blank, claim_command, claim_other, yield_to_command
from bot.parsing.quantiles import bind_quantiles, settle_quantiles
from bot.parsing.scattered import bind_scattered
from bot.parsing.shapes import bind_shapes
from bot.parsing.sums import bind_input_and_output, bind_part_pairs, bind_ratio, bind_sums
from bot.parsing.tag import tag
from bot.parsing.tries import bind_requests, bind_tries, claim_tries, find_tries
from bot.parsing.typos import settle_typos
from bot.parsing.unknown import find_unknown_names, require_model
from bot.parsing.versus import bind_versus
from bot.query import Attempt, Problem, Query

STEPS = (
    bind_settings,
    bind_additions,
    bind_rates,
    bind_machines,
    bind_cards,
    bind_durations,
    bind_quantiles,
    bind_mix,
    bind_ranges,
    bind_products,
    bind_part_pairs,
    bind_ratio,
    bind_counts,
    bind_rate_times_seconds,
    bind_images,
    settle_loads,
    bind_switches,
    bind_card_states,
    bind_sums,
    settle_quantiles,
    bind_input_and_output,
    bind_machine_counts,
    bind_nodes,
    bind_count_behind,
    bind_versus,
    bind_sizes,
    bind_per_card,
    bind_shapes,
    bind_counted_mix,
    bind_formats,
    bind_asks,
    drop_machine_counts,
    bind_scattered,
    bind_models,
    bind_log,
    find_unknown_names,
    bind_verb,
    require_model,
    bind_tries,
    bind_requests,
    yield_to_command,
    check,
)
"""In order; each claims what it understands and leaves the rest to those after it."""

SLOTS = frozenset(field.name for field in fields(Query)) - {
    "text",
    "language",
    "verb",
    "command",
    "unread",
    "problems",
    "inherited",
    "extra",
    "paste",
    "log",
    "tried",
}

NEEDS_READING = frozenset({"unknown", "number", "release", "model", "gpu", "format", "engine", "machine", "quantile"})
"""Roles that are nothing by themselves: what no step used is unread."""


def parse(text: str, finder: Finder | None = None) -> Query:
    """What a person asked, each value with the words that said it. Never raises: problems say what forbids it."""
    log, words = split_log(text)
    carried, words = read_carried(words)
    measured, words = read_words(words)
    cleaned = clean(words[:LONGEST_TEXT] if log else words)
    if not cleaned.strip() and log is None:
        return Query(text=text, problems=(Problem("empty", None, ()),))
    sentence = read(cleaned, finder or default_finder(), log)
    if measured:
        sentence.claims["measured"] = [Claim(measured, *NOWHERE)]
    if LOGGED_AT in carried:
        sentence.claims[LOGGED_AT] = [Claim(carried[LOGGED_AT], *NOWHERE)]
    sentence.language = carried.get(LANGUAGE, sentence.language)
    sentence.extra = {**carried.get(SETTINGS, {}), **sentence.extra}
    if len(words) > LONGEST_TEXT and not log:
        sentence.problems.insert(0, Problem("out_of_range", None, (f"{len(words):,} > {LONGEST_TEXT:,}",)))
    return _query(text, sentence)


def read(cleaned: str, finder: Finder, log: Observation | None = None) -> Sentence:
    """A cleaned text with every claim that it makes."""
    cleaned, form = split_form(cleaned)
    command = find_command(cleaned)
    other = None if command else find_other_server(cleaned)
    words = blank(cleaned, command or other)
    words, listed = blank_listing(words)
    tries = find_tries(cleaned, command) if command else []
    words = blanked(words, [(each.start, each.end) for each in tries])
    items, language = tag(words, finder)
    typos = () if command or log else settle_typos(items, words)
    settle_in_and_out(items)
    sentence = Sentence(cleaned, finder, join_nouns(items, cleaned), language, command=command, log=log)
    if typos:
        sentence.extra["typos"] = typos
    if command:
        claim_command(sentence, command)
        claim_tries(sentence, tries)
    elif other:
        claim_other(sentence, other)
    claim_listing(sentence, listed)
    for step in STEPS:
        step(sentence)
    claim_form(sentence, form)
    return sentence


def _query(text: str, sentence: Sentence) -> Query:
    said: dict[str, Any] = {
        slot: said_of(claims[0], sentence.text, slot in WHOLE)
        for slot, claims in sentence.claims.items()
        if claims and slot in SLOTS
    }
    verb = sentence.claims.get("verb")
    return Query(
        text=text,
        language=sentence.language,
        verb=verb[0].value if verb else "size",
        unread=_unread(sentence),
        problems=tuple(sentence.problems),
        extra=sentence.extra,
        command=sentence.command is not None or sentence.log is not None,
        paste=sentence.command,
        tried=tuple(_attempt(sentence, each) for each in sentence.tried),
        log=sentence.log,
        **said,
    )


def _attempt(sentence: Sentence, tried: Tried) -> Attempt:
    said = {slot: said_of(claim, sentence.text, slot in WHOLE) for slot, claim in tried.claims.items() if slot in SLOTS}
    return Attempt(tried.words, said, tried.extra)


def _unread(sentence: Sentence) -> tuple[str, ...]:
    flags = [(flag.start, flag.text) for flag in sentence.command.unread] if sentence.command else []
    words = [(item.start, sentence.words(item)) for item in sentence.items if _is_unread(item)]
    return tuple(text for _, text in sorted(flags + words))


def _is_unread(item: Item) -> bool:
    return not item.used and item.role in NEEDS_READING
