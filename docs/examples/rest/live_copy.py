"""The live page as one file, and the two tokens that it asks for: what a server does for a page of its own.

KEY=... python live_copy.py live.html
"""

import json
import os
import sys
from pathlib import Path
from urllib.request import Request, urlopen

URL = os.environ.get("URL", "http://127.0.0.1:8000")
HEADERS = {"Authorization": f"Bearer {os.environ['KEY']}", "Content-Type": "application/json"}

with urlopen(f"{URL}/live-copy") as page:  # noqa: S310 - the address is ours
    Path(sys.argv[1]).write_bytes(page.read())

for scope in ("live", "read"):
    wanted = json.dumps({"scope": scope, "ttl": 3600}).encode()
    with urlopen(Request(f"{URL}/api/v1/tokens", wanted, HEADERS)) as answer:  # noqa: S310
        print(scope, json.load(answer)["token"])
