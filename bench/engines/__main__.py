"""`make bench-engines`: how long the engines on torch and Whisper take for an hour of talk, on CPU and GPU.

python -m bench.engines                    all of them, on what there is
python -m bench.engines entities summary   those whose names begin so
python -m bench.engines --quick            short talks, one run, the product's own batch sizes: for a look

The models have the shapes of the real ones and random weights: what they say means nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.engines import plan, tables
from bench.engines.measure import Extent, Row
from bench.engines.subjects import DEVICES, Subject, subjects

QUICK = Extent(lengths_s=(60.0,), shorter_s=(), warm_up_s=15.0, repeats=1)
LIMIT_S = {True: 300.0, False: 1800.0}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=__doc__)
    parser.add_argument("engines", nargs="*", help="beginnings of names; all where none is given")
    parser.add_argument("--device", choices=("cpu", "cuda", "both"), default="both")
    parser.add_argument("--quick", action="store_true", help="a part of it")
    parser.add_argument("--limit", type=float, help="seconds for all; what does not fit gets shorter talks")
    parser.add_argument("--json", type=Path, help="write the rows there, after every engine")
    parser.add_argument("--markdown", type=Path, help="write the tables there, after every engine")
    options = parser.parse_args()
    wanted = _wanted(options.engines, quick=options.quick)
    if not wanted:
        parser.error(f"there are: {'; '.join(subjects())}")
    devices = DEVICES if options.device == "both" else (options.device,)
    if options.device == "both" and tables.gpu() == "none":
        print("No GPU is seen: the CPU alone is timed.", flush=True)
        devices = ("cpu",)
    todo = plan.jobs(wanted, devices, sweep=not options.quick)
    own_batch = {subject.name: subject.batch_sizes[0] for subject in wanted}
    limit_s = options.limit or LIMIT_S[options.quick]
    rows: list[Row] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-engines-") as models:
        for job, found in zip(
            todo,
            plan.run(todo, Path(models), QUICK if options.quick else Extent(), limit_s=limit_s),
            strict=True,
        ):
            rows += found
            _say(time.monotonic() - began, job, found)
            if options.json:
                options.json.write_text(tables.as_json(rows) + "\n")
            if options.markdown:
                options.markdown.write_text(tables.as_markdown(rows, own_batch))
    print(tables.as_markdown(rows, own_batch), flush=True)
    return 0 if any(not row.left_out for row in rows) else 1


def _wanted(beginnings: Sequence[str], *, quick: bool) -> list[Subject]:
    small = [
        one for one in subjects().values() if not quick or not one.name.startswith(("speech s", "speech l"))
    ]
    return [one for one in small if not beginnings or one.name.startswith(tuple(beginnings))]


def _say(at_s: float, job: plan.Job, rows: Sequence[Row]) -> None:
    for row in rows:
        what = row.left_out or (
            f"{row.talk_s / 60:g} min of talk in {row.work_s:.2f} s: {row.s_per_hour:.1f} s for an hour"
        )
        print(f"· {at_s:4.0f} s  {job.subject}, {job.device}, batch {row.batch_size}: {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
