"""A recording through the official `openai` client: its base URL is changed, and nothing else.

pip install openai
KEY=... python openai_client.py call.wav
"""

import os
import sys

from openai import OpenAI

client = OpenAI(
    api_key=os.environ["KEY"],
    base_url=os.environ.get("URL", "http://127.0.0.1:8000") + "/v1",
)

with open(sys.argv[1], "rb") as recording:
    heard = client.audio.transcriptions.create(
        file=recording,
        model="whisper-1",
        response_format="verbose_json",
        timestamp_granularities=["segment"],
    )

for segment in heard.segments or []:
    print(f"{segment.start:7.2f}  {segment.text}")
