"""What one can press under an answer: another GPU, edit, explain, chart, post."""

from __future__ import annotations

from bot.followup import short
from bot.messages import Messages, messages
from bot.reply import Reply
from bot.surfaces.slack import elements as e
from bot.surfaces.slack.elements import Block
from bot.surfaces.slack.state import State, pack

GPU, EDIT, EXPLAIN, CHART = "vram_gpu", "vram_edit", "vram_explain", "vram_chart"
POST_CHANNEL, POST_THREAD = "vram_post_channel", "vram_post_thread"
FORM = "vram_form"
BLOCK_ID_UNITS = 255
"""A state that fits in the block's id, if need be in short, serves every element; a longer one needs a button."""
LARGEST_BUTTON_STATE = 1200
"""Two buttons with more than this would crowd out the answer."""

ANSWERED = ("fits", "tight", "does_not_fit", "needs")


def controls(reply: Reply, state: State, *, shared: bool) -> tuple[Block, ...]:
    """The row of controls of one card; none where the question is too long to travel."""
    said = messages(reply.language)
    if reply.verdict == "help":
        return (e.actions(e.button(FORM, said("slack.form_open"))),)
    if packed := pack(state, BLOCK_ID_UNITS) or pack(state.asking(short(state.question, 0)), BLOCK_ID_UNITS):
        return (e.actions(*_elements(reply, said, shared=shared), block_id=packed),)
    packed = pack(state, LARGEST_BUTTON_STATE)
    return (e.actions(*_long(reply, said, packed, shared=shared)),) if packed else ()


def _elements(reply: Reply, said: Messages, *, shared: bool) -> list[Block]:
    edit = e.button(EDIT, said("slack.edit"))
    if reply.verdict not in ANSWERED:
        return [edit]
    menu = e.typeahead(GPU, said("slack.gpu_menu"), initial=reply.answer.understood.gpu)
    looks = [e.button(EXPLAIN, said("slack.explain")), e.button(CHART, said("slack.chart"))]
    posts = [e.button(POST_CHANNEL, said("slack.post_channel")), e.button(POST_THREAD, said("slack.post_thread"))]
    return [menu, edit, *looks, *([] if shared else posts)]


def _long(reply: Reply, said: Messages, packed: str, *, shared: bool) -> list[Block]:
    """The two that a long question needs most, each with the state as its value."""
    edit = e.button(EDIT, said("slack.edit"), value=packed)
    if reply.verdict not in ANSWERED or shared:
        return [edit]
    return [edit, e.button(POST_THREAD, said("slack.post_thread"), value=packed)]
