"""`make up`: the stack, left running until Ctrl-C or SIGTERM."""

from __future__ import annotations

import sys
import time

from environs import EnvError

from ambient import conf
from ambient.stack.errors import StackError
from ambient.stack.signals import interruptible, undisturbed
from ambient.stack.stack import Stack

WATCH_INTERVAL_S = 0.3


def say(line: str) -> None:
    print(f"· {line}", file=sys.stderr, flush=True)


def main() -> int:
    try:
        stack = Stack(conf.load(), say=say)
    except EnvError as error:
        print(f"Configuration: {error}", file=sys.stderr)
        return 1
    try:
        with interruptible():
            stack.start()
            print(f"READY {stack.address} key={stack.key}", flush=True)
            if stack.sign_in_path:
                print(f"Sign in, once and within 15 minutes: {stack.address}{stack.sign_in_path}", flush=True)
            while True:
                stack.watch()
                time.sleep(WATCH_INTERVAL_S)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        with undisturbed():
            say("stopping")
            stack.stop()


if __name__ == "__main__":
    sys.exit(main())
