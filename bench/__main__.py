"""`make bench`: every figure of docs/benchmarks.md, as a table on the terminal and as JSON.

python -m bench                 all of them
python -m bench overhead quiet  some of them
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from bench import live_call, overhead, quiet, speakers, startup
from bench.report import Section, as_json, as_markdown, machine, show

SECTIONS: dict[str, tuple[str, Section]] = {
    "live_call": ("The shipped call, embedded engine", live_call.run),
    "quiet": ("Where nothing is said", quiet.run),
    "overhead": ("The path without the engine", overhead.run),
    "speakers": ("Who spoke", speakers.run),
    "startup": ("Starting", startup.run),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="all where none is named")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--markdown", type=Path, help="write the tables there")
    options = parser.parse_args()
    console = Console(highlight=False)
    measured = {}
    for name in options.sections or SECTIONS:
        title, section = SECTIONS[name]
        measured[title] = section(console)
        show(title, measured[title], console)
    report = as_json(measured)
    if options.json:
        options.json.write_text(report + "\n")
    else:
        print(report)
    if options.markdown:
        on = ", ".join(f"{key} {value}" for key, value in machine().items())
        tables = "\n\n".join(f"## {title}\n\n{as_markdown(figures)}" for title, figures in measured.items())
        options.markdown.write_text(f"{tables}\n\nMeasured on: {on}.\n")
    return 0 if all(f.reached is not False for figures in measured.values() for f in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
