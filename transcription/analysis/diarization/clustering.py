"""How many speakers there are, and what each sounds like: agglomerative clustering of window embeddings.

Average linkage over cosine distance, cut at a threshold (as in Sell and Garcia-Romero, Speaker diarization
with PLDA i-vector scoring and unsupervised calibration, SLT 2014, with cosine for PLDA); clusters that hold
too little speech to be a person are dissolved.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from transcription.analysis.diarization.embedder import Embeddings, unit_length

MAX_SPEAKERS = 6
# Mean cosine similarity of two clusters under which they are two people. Measured with these weights on 1.6 s
# windows: the last merge inside one voice came at 0.72 or above (12 voices, synthetic and real), the last
# merge of the two most alike voices at 0.69.
SAME_SPEAKER_SIMILARITY = 0.70
_LEAST_SPEECH_S = 2.0  # a speaker who said less over a whole recording cannot be told from an outlier …
_LEAST_SHARE = 0.15  # … unless it is a large part of a short one …
# … or unlike everybody else. In 36 made conversations single sentences of another voice lay at a similarity
# of 0.55 to 0.65 to the nearest speaker (one at 0.73), odd pieces of the speakers themselves at 0.72 to 0.82.
_DISTINCT_SPEECH_S, _DISTINCT_SIMILARITY = 1.2, 0.68
_MOST_CLUSTERED = 2_500  # windows that are compared pair by pair (25 MB of distances)

Labels = npt.NDArray[np.intp]
_Floats = npt.NDArray[np.float64]


def speaker_centroids(
    embeddings: Embeddings,
    weights_s: _Floats,
    *,
    num_speakers: int | None = None,
    similarity: float = SAME_SPEAKER_SIMILARITY,
) -> Embeddings:
    """One unit vector for each speaker, (speakers, embedding), heaviest first; at least one.

    `embeddings`: (n, embedding), n ≥ 1; `weights_s`: the seconds of speech that each stands for, (n,).
    `num_speakers` None: as many as the threshold finds, at most MAX_SPEAKERS; else that many, where the
    recording has as many different windows.
    """
    stride = -(-len(embeddings) // _MOST_CLUSTERED)
    embeddings, weights_s = embeddings[::stride], weights_s[::stride] * stride
    if len(embeddings) == 1 or num_speakers == 1:
        return _centroids(embeddings, np.zeros(len(embeddings), np.intp), weights_s, [0])
    distances = np.nan_to_num(pdist(embeddings, "cosine"), nan=1.0)
    tree = linkage(np.clip(distances, 0.0, None), method="average")
    labels, kept = _cut(tree, 1.0 - similarity, weights_s)
    kept += _distinct(embeddings, labels, weights_s, kept)
    wanted = num_speakers or min(len(kept), MAX_SPEAKERS)
    if len(kept) != wanted:
        labels, kept = _cut_into(tree, wanted, weights_s)
    return _centroids(embeddings, labels, weights_s, kept)


def _cut(tree: _Floats, distance: float, weights_s: _Floats) -> tuple[Labels, list[int]]:
    """Labels at a height of the tree, and those of them that hold enough speech, heaviest first."""
    labels: Labels = fcluster(tree, distance, criterion="distance").astype(np.intp) - 1
    speech_s = np.bincount(labels, weights=weights_s)
    least_s = min(_LEAST_SPEECH_S, _LEAST_SHARE * float(weights_s.sum()))
    order = np.argsort(-speech_s, kind="stable")
    kept = [int(label) for label in order if speech_s[label] >= least_s]
    return labels, kept or [int(order[0])]


def _distinct(embeddings: Embeddings, labels: Labels, weights_s: _Floats, kept: list[int]) -> list[int]:
    """The labels beside those kept that hold little speech, and a voice that is like none of the others."""
    speech_s = np.bincount(labels, weights=weights_s)
    found: list[int] = []
    for label in np.argsort(-speech_s, kind="stable").tolist():
        if label in kept or speech_s[label] < _DISTINCT_SPEECH_S:
            continue
        *others, voice = _centroids(embeddings, labels, weights_s, [*kept, *found, label])
        if max(float(other @ voice) for other in others) < _DISTINCT_SIMILARITY:
            found.append(label)
    return found


def _cut_into(tree: _Floats, wanted: int, weights_s: _Floats) -> tuple[Labels, list[int]]:
    """The cut with `wanted` speakers that leaves the least speech out; else `wanted` branches of the tree."""
    best: tuple[float, Labels, list[int]] | None = None
    for height in np.unique(tree[:, 2])[::-1]:
        labels, kept = _cut(tree, float(height), weights_s)
        if len(kept) == wanted:
            held_s = float(weights_s[np.isin(labels, kept)].sum())
            if best is None or held_s > best[0]:
                best = (held_s, labels, kept)
    if best is not None:
        return best[1], best[2]
    labels = fcluster(tree, wanted, criterion="maxclust").astype(np.intp) - 1
    order = np.argsort(-np.bincount(labels, weights=weights_s), kind="stable")
    return labels, [int(label) for label in order]


def _centroids(embeddings: Embeddings, labels: Labels, weights_s: _Floats, kept: list[int]) -> Embeddings:
    weighted = embeddings * weights_s[:, None]
    sums = np.stack([weighted[labels == label].sum(axis=0) for label in kept])
    return unit_length(sums.astype(np.float32))
