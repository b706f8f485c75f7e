"""An index of texts by their token shingles: finds those that are almost the same, and grows.

MinHash with banded locality-sensitive hashing (Broder 1997; Indyk and Motwani 1998) names
candidates, the exact Jaccard index of the shingle sets decides. What a text costs depends on its
length and its candidates, never on how many texts the index holds.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

TOKEN = re.compile(r"\w+|[^\w\s]")
# The constants of splitmix64 (Steele, Lea and Flood 2014).
MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
SEED = 42

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Shape:
    """How texts are compared.

    Attributes:
        jaccard: shared part of two shingle sets from which on they are near duplicates.
        shingle: tokens in a row that make one shingle.
        permutations: length of a MinHash signature; the estimate's standard error is at most
            1 / (2 sqrt(permutations)).
        recall: chance at which a pair that just reaches `jaccard` is to become a candidate.
    """

    jaccard: float = 0.9
    shingle: int = 3
    permutations: int = 64
    recall: float = 0.98

    @property
    def rows(self) -> int:
        """Signature places in a band: as many as the recall allows, so that few others meet.

        A pair of Jaccard index j shares one of b bands of r places with 1 - (1 - j^r)^b.
        """
        fits = (
            r
            for r in range(self.permutations, 1, -1)
            if 1 - (1 - self.jaccard**r) ** (self.permutations // r) >= self.recall
        )
        return next(fits, 1)

    @property
    def bands(self) -> int:
        """Bands of a signature; places that are left over are not used."""
        return self.permutations // self.rows


@dataclass(frozen=True)
class Prints:
    """The fingerprints of some texts.

    Attributes:
        shingles: hashes of all texts' shingles, one text after the other.
        ends: where each text's shingles end in `shingles`, `(texts,)`.
        bands: hashes of the signatures' bands, signed as databases keep them, `(texts, bands)`.
    """

    shingles: Hashes
    ends: NDArray[np.int64]
    bands: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends)

    def of(self, text: int) -> Hashes:
        """The shingles of one text; a repeated one stands there again."""
        return self.shingles[int(self.ends[text - 1]) if text else 0 : int(self.ends[text])]


class Shelf(Protocol):
    """Where an index keeps its texts; `dict`s in memory, or tables on disk."""

    def candidates(self, bands: Sequence[int]) -> Iterable[int]:
        """Numbers of the texts that share a band."""
        ...

    def shingles(self, number: int) -> frozenset[int]:
        """The shingles of a text."""
        ...

    def add(self, bands: Sequence[int], shingles: Hashes) -> None:
        """Keeps one text more."""
        ...


class Memory:
    """A shelf that lasts as long as its process."""

    def __init__(self) -> None:
        # most bands belong to one text: its number then stands there without a list around it
        self._buckets: dict[int, int | list[int]] = {}
        self._texts: list[Hashes | frozenset[int]] = []

    def candidates(self, bands: Sequence[int]) -> set[int]:
        """Numbers of the texts that share a band."""
        found: set[int] = set()
        for band in bands:
            bucket = self._buckets.get(band)
            if isinstance(bucket, int):
                found.add(bucket)
            elif bucket is not None:
                found.update(bucket)
        return found

    def shingles(self, number: int) -> frozenset[int]:
        """The shingles of a text; made a set when they are first asked for."""
        own = self._texts[number]
        if not isinstance(own, frozenset):
            own = frozenset(own.tolist())
            self._texts[number] = own
        return own

    def add(self, bands: Sequence[int], shingles: Hashes) -> None:
        """Keeps one text more."""
        number = len(self._texts)
        self._texts.append(shingles)
        for band in bands:
            bucket = self._buckets.setdefault(band, number)
            if isinstance(bucket, list):
                bucket.append(number)
            elif bucket != number:
                self._buckets[band] = [bucket, number]


class _Vocabulary(dict[str, int]):
    """Token -> 64 bits that are the same in every process."""

    def __missing__(self, token: str) -> int:
        digest = hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        number = self[token] = int.from_bytes(digest, "little")
        return number


class NearIndex:
    """Texts that can be asked for near duplicates; texts of different kinds never meet."""

    def __init__(self, shape: Shape, shelf: Shelf | None = None) -> None:
        self.shape = shape
        self._shelf: Shelf = Memory() if shelf is None else shelf
        self._vocabulary = _Vocabulary()

    def prints(self, texts: Sequence[str], kinds: Sequence[str]) -> Prints:
        """The fingerprints of texts, all at once. `kinds` names the group of each."""
        shingles, ends = self._shingles(texts)
        signatures = self._signatures(shingles, ends)
        return Prints(shingles, ends, self._bands(signatures, kinds).view(np.int64))

    def signatures(self, texts: Sequence[str]) -> Hashes:
        """MinHash signatures, `(texts, permutations)`; two share about their Jaccard index."""
        return self._signatures(*self._shingles(texts))

    def _signatures(self, shingles: Hashes, ends: NDArray[np.int64]) -> Hashes:
        rensa: Any = import_module("rensa")  # compiled, without type stubs
        offsets = np.concatenate([np.zeros(1, np.uint64), ends.astype(np.uint64)])
        matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
            shingles, offsets, self.shape.permutations, SEED
        )
        return np.array(matrix.to_rows(), dtype=np.uint64).reshape(
            len(ends), self.shape.permutations
        )

    def add(self, prints: Prints) -> list[bool]:
        """Adds texts in their order, except those that are near duplicates; says which are."""
        found: list[bool] = []
        for number, bands in enumerate(prints.bands.tolist()):
            own = prints.of(number)
            found.append(self._is_near(bands, own))
            if not found[-1]:
                self._shelf.add(bands, own)
        return found

    def known(self, prints: Prints) -> list[bool]:
        """Which of the texts have a near duplicate in the index; nothing is added."""
        return [
            self._is_near(bands, prints.of(number))
            for number, bands in enumerate(prints.bands.tolist())
        ]

    def _is_near(self, bands: Sequence[int], shingles: Hashes) -> bool:
        candidates = self._shelf.candidates(bands)
        if not candidates:
            return False
        own = frozenset(shingles.tolist())
        return any(_overlap(own, self._shelf.shingles(n)) >= self.shape.jaccard for n in candidates)

    def _bands(self, signatures: Hashes, kinds: Sequence[str]) -> Hashes:
        """Hashes of the bands, `(texts, bands)`, salted with the place and the kind."""
        count, rows = self.shape.bands, self.shape.rows
        columns = signatures[:, : count * rows].reshape(-1, count, rows)
        places = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(MIX[1])
        salts = np.array([self._vocabulary[kind] for kind in kinds], dtype=np.uint64)
        bands = places[None, :] + salts[:, None]
        for column in range(rows):
            bands = _scrambled(bands ^ columns[:, :, column])
        return bands

    def _shingles(self, texts: Sequence[str]) -> tuple[Hashes, NDArray[np.int64]]:
        """Hashes of the token n-grams of all texts, and where those of each text end."""
        size, flat, counts = self.shape.shingle, list[int](), list[int]()
        numbered = self._vocabulary.__getitem__
        for text in texts:
            tokens = TOKEN.findall(text)
            tokens += [""] * (size - len(tokens))  # so that a short text has one shingle
            flat.extend(map(numbered, tokens))
            counts.append(len(tokens))
        tokens_at = np.array(flat, dtype=np.uint64)
        lengths = np.array(counts, dtype=np.int64)
        if not len(tokens_at):
            return tokens_at, lengths
        grams = np.zeros(len(tokens_at) - size + 1, dtype=np.uint64)
        for place in range(size):
            grams = _scrambled(grams ^ tokens_at[place : len(tokens_at) - size + 1 + place])
        inside = np.ones(len(tokens_at), dtype=bool)
        for back in range(1, size):  # an n-gram that would reach into the next text
            inside[np.cumsum(lengths) - back] = False
        return grams[inside[: len(grams)]], np.cumsum(lengths - size + 1)


def _scrambled(values: Hashes) -> Hashes:
    """A bijection of 64 bits that spreads every bit (the finaliser of splitmix64)."""
    values = values + np.uint64(MIX[0])
    values = (values ^ (values >> np.uint64(30))) * np.uint64(MIX[1])
    values = (values ^ (values >> np.uint64(27))) * np.uint64(MIX[2])
    return values ^ (values >> np.uint64(31))


def _overlap(a: frozenset[int], b: frozenset[int]) -> float:
    both = len(a & b)
    return both / (len(a) + len(b) - both) if both else 0.0
