"""`make up`: the stack, left running until Ctrl-C or SIGTERM."""

from __future__ import annotations

import sys
import time

from environs import EnvError

from ambient import conf
from ambient.stack.errors import StackError
from ambient.stack.stack import Stack, stop_signals


def main() -> int:
    try:
        stack = Stack(conf.load(), say=lambda line: print(f"· {line}", file=sys.stderr, flush=True))
    except EnvError as error:
        print(f"Configuration: {error}", file=sys.stderr)
        return 1
    with stop_signals() as stopping:
        try:
            stack.start()
        except StackError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"READY {stack.address} key={stack.key}", flush=True)
        try:
            while not stopping():
                stack.watch()
                time.sleep(0.3)
        finally:
            print("· stopping", file=sys.stderr, flush=True)
            stack.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
