"""`python -m transcription.analysis.examples`: make the vectors anew, from the texts as they are now."""

from __future__ import annotations

from transcription.analysis.examples.vectors import FILE, texts, write_vectors
from transcription.analysis.meaning.encoder import SentenceEncoder, load_encoder


def main() -> None:
    lines = texts()
    encoder: SentenceEncoder = load_encoder()
    write_vectors(
        encoder.encode(lines, lambda done: print(f"\r{done:4.0%} of {len(lines)} sentences", end=""))
    )
    print(f"\n{FILE.name}: {FILE.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
