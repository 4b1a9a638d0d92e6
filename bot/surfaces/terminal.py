"""Reply -> terminal, by rich; plain text where the output is not a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from bot.messages import messages
from bot.reply import Reply, Step, Table

COLOURS = {"fits": "green", "tight": "yellow", "does_not_fit": "red", "needs": "cyan", "help": "cyan", "error": "red"}


def show(reply: Reply, console: Console | None = None) -> None:
    """Print everything that a person reads, most important first."""
    console = console or Console(soft_wrap=True, highlight=False)
    console.print(f"[bold {COLOURS[reply.verdict]}]{escape(reply.headline)}[/]")
    for table in reply.tables:
        console.print(_table(table))
    for fact in reply.facts:
        console.print(escape(f"• {fact}"))
    for note in reply.notes:
        console.print(f"[yellow]{escape(f'! {note}')}[/]")
    said = ""
    for step in reply.steps:
        _step(step, console, said=said)
        said = step.text
    for section in reply.sections:
        console.print(f"\n[bold]{escape(section.title)}[/]\n{escape(section.text)}")
    _small_print(reply, console)


def _table(table: Table) -> RichTable:
    drawn = RichTable(title=table.caption, title_justify="left", title_style="bold", header_style="dim")
    for index, column in enumerate(table.columns):
        drawn.add_column(column, justify="right" if index else "left")
    for row in table.rows:
        drawn.add_row(*(escape(cell.text) for cell in row))
    return drawn


def _step(step: Step, console: Console, *, said: str) -> None:
    if step.text != said:
        console.print(escape(f"→ {step.text}"))
    if step.command:
        console.print(f"    [cyan]{escape(step.command)}[/]")
    elif step.question:
        console.print(f'    [cyan]vram "{escape(step.question)}"[/]')


def _small_print(reply: Reply, console: Console) -> None:
    text = messages(reply.language)
    if reply.assumptions:
        console.print(f"[dim]{escape(text('label.assumed', assumptions='; '.join(reply.assumptions)))}[/]")
    if reply.source:
        console.print(f"[dim]{escape(reply.source)}[/]")
