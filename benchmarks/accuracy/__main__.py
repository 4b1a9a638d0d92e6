"""Write docs/accuracy.md and its picture."""

from __future__ import annotations

from benchmarks.accuracy import page

if __name__ == "__main__":
    page.TARGET.write_text(page.page(), encoding="utf-8")
    page.PICTURE.write_text(page.image(), encoding="utf-8")
    for goal in page.goals():
        print(f"{'met    ' if goal.met else 'not met'}  {goal.title}: {goal.now} (target {goal.target})")
