"""What words beside a command change in it: "when I set --max-model-len 8192 it works". The question is of the command
as it stands; what else was tried is kept beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice

from bot.commands import reader_named
from bot.commands.command import Command
from bot.commands.reader import Reader
from bot.commands.shell import Token
from bot.parsing.items import Claim, Sentence, Tried
from bot.parsing.pasted import claim_settings, is_own
from bot.parsing.pasted_cards import in_comment
from bot.query import REQUEST_TOKENS, REQUESTS
from bot.words import fold, languages

MOST_FLAGS = 40
"""Words outside of a command that are looked at as flags."""
LONGEST_CLAUSE = 100
"""Characters before a flag that may say what was done with it."""
OF_REQUEST = frozenset({"each", "requests", "prompts", "users", "tokens", "input", "output", "quantile"})
"""Roles of words beside a length of one request."""
_END = re.compile(r"[.;!?](?=\s)|\n")
_AND = re.compile(r"[\s,&+\"']*(?:(?:and|with|plus|v[àa]|v[ớo]i)\s[\s\"']*)?", re.I)
"""What stands between two flags that were tried together."""


@cache
def _flag() -> re.Pattern[str]:
    """A flag and its value, with the small words between them: --max-model-len from 32768 down to 8192."""
    tables = languages().values()
    goal = "|".join(sorted((re.escape(word) for table in tables for word in table["changes_to"]), key=len)[::-1])
    start = "|".join(re.escape(word) for table in tables for word in table["changes_from"])
    return re.compile(
        r"(?i)(?<![\w./:-])(?P<flag>--?[a-z][\w-]*|[a-z]+(?:[-_][a-z]+)+)[\"']?(?![\w./])"
        rf"(?:[ \t]*[=:][ \t]*|[ \t]+(?:(?:{start})[ \t]+\S+[ \t]+)?(?:(?:{goal})[ \t]+){{0,2}})?"
        r"(?P<value>[\w.][\w.%-]*)?"
    )


@cache
def _tries() -> re.Pattern[str]:
    words = sorted({fold(word) for table in languages().values() for word in table["tries"]}, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])")


def find_tries(text: str, command: Command) -> list[Command]:
    """The changes of a command that the words around it name, each read as its engine reads its flags."""
    reader = reader_named(command.table)
    if reader is None or command.is_map or command.is_code:
        return []
    found: list[Command] = []
    for flag in islice(_flags(text, command, reader), MOST_FLAGS):
        last = found[-1] if found else None
        together = last and _AND.fullmatch(text, last.end, flag.start) and not _names(last) & _names(flag)
        if last and together:
            _join(last, flag)
        else:
            found.append(flag)
    return [each for each in found if _changes(each, command) or (_adds(each, command) and _is_tried(text, each.start))]


def _flags(text: str, command: Command, reader: Reader) -> Iterator[Command]:
    """Each flag outside of the command, with its value."""
    taken = [(command.start, command.end), *command.spans]
    for match in islice(_flag().finditer(text), MOST_FLAGS * 10):
        if any(start <= match.start() < end for start, end in taken) or in_comment(text, match.start()):
            continue
        written, value = match["flag"], (match["value"] or "").rstrip(".")
        name = written if written.startswith("-") else f"--{written}"
        if not reader.table.knows(name) or not (written.startswith("-") or value[:1].isdigit()):
            continue
        words = [Token(name, match.start("flag"), match.end("flag"))]
        words += [Token(value, match.start("value"), match.start("value") + len(value))] if value else []
        one = reader.begin(match.start(), match.end("flag"))
        used = reader.flag(one, words, 0)
        one.end = words[used - 1].end
        if _names(one) and not one.states("model"):
            yield one


def _names(command: Command) -> set[str]:
    return {*command.settings, *command.extra}


def _join(command: Command, other: Command) -> None:
    command.settings |= other.settings
    command.extra |= other.extra
    command.flags |= other.flags
    command.end = other.end


def _changes(one: Command, command: Command) -> bool:
    """Whether it says another value for something that the command states."""
    slots = any(
        command.states(slot) and command.settings[slot].value != each.value for slot, each in one.settings.items()
    )
    return slots or any(name in command.extra and command.extra[name] != value for name, value in one.extra.items())


def _adds(one: Command, command: Command) -> bool:
    """Whether the command says nothing of what it says."""
    return not _names(one) & (command.settings.keys() | command.extra.keys())


def _is_tried(text: str, place: int) -> bool:
    """Whether words before a place, in the same sentence, say that something was changed there."""
    before = text[max(place - LONGEST_CLAUSE, 0) : place]
    ends = [match.end() for match in _END.finditer(before)]
    return _tries().search(fold(before[ends[-1] if ends else 0 :])) is not None


def claim_tries(sentence: Sentence, tries: list[Command]) -> None:
    """Keep the changes that flags state."""
    for each in tries:
        aside = Sentence(sentence.text, sentence.finder, [], sentence.language)
        claim_settings(aside, each)
        claims = {slot: claims[0] for slot, claims in aside.claims.items() if claims}
        written = " ".join(filter(None, (part for pair in each.flags.values() for part in pair)))
        sentence.tried.append(Tried(written, claims, each.extra))


def bind_requests(sentence: Sentence) -> None:
    """ "20 users at 8k each" beside a command with a longer limit: what its requests are, which is no limit."""
    command, claims = sentence.command, sentence.claims.get("sequence_tokens", [])
    own = [claim for claim in claims if command and is_own(claim, command)]
    others = [claim for claim in claims if claim not in own and not in_comment(sentence.text, claim.start)]
    if len(own) != 1 or len(others) != 1 or not _is_of_request(sentence, others[0]) or others[0].value >= own[0].value:
        return
    claims.remove(others[0])
    sentence.extra[REQUEST_TOKENS] = int(others[0].value)
    batches = sentence.claims.get("batch", [])
    if len(batches) == 1 and command and not is_own(batches[0], command):
        sentence.extra[REQUESTS] = int(sentence.claims.pop("batch")[0].value)


def _is_of_request(sentence: Sentence, claim: Claim) -> bool:
    """Whether the words of a length, or those beside it, say that it is of one request."""
    first, behind = sentence.places(claim.start, claim.end)
    roles = {item.role for item in sentence.items[max(first - 1, 0) : behind + 1]}
    return bool(roles & OF_REQUEST) and "sequence" not in roles


def bind_tries(sentence: Sentence) -> None:
    """ "reducing the context to 8k works": a value that words set against the command's own, where they say so."""
    command = sentence.command
    for slot, claims in sentence.claims.items() if command else ():
        own = [claim for claim in claims if is_own(claim, command)] if command else []
        for claim in [claim for claim in claims if own and claim not in own]:
            is_said = claim.value != own[0].value and not in_comment(sentence.text, claim.start)
            if is_said and _is_tried(sentence.text, claim.start):
                claims.remove(claim)
                sentence.tried.append(Tried(sentence.text[claim.start : claim.end], {slot: claim}, {}))
