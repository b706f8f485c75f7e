"""The header of a safetensors file, checked as data before a library maps the file.

Format: 8 bytes with the header's length (little-endian), the header as JSON, then the tensors'
bytes without gaps. (huggingface/safetensors, README, section Format)
"""

import math
from pathlib import Path
from typing import Any

from forgemind_assets.errors import UnsafeArtefact
from forgemind_assets.forge.safe_json import parse_json

HEADER_LIMIT = 100_000_000
"""Bytes; the limit of the safetensors library itself."""

BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip
WEIGHTS = frozenset({"F32", "F16", "BF16", "F64"})


def check_tensors(path: Path, dtypes: frozenset[str] = frozenset(BITS)) -> dict[str, Any]:
    """Checks the header of a safetensors file and returns its entries by tensor name.

    Args:
        path: the file.
        dtypes: kinds of numbers that may occur.

    Raises:
        UnsafeArtefact: the header is too long, is no JSON, names a dtype or shape that cannot be,
            or its tensors overlap, leave gaps, or reach beyond the file.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, HEADER_LIMIT):
            raise UnsafeArtefact(
                f"{path}: refused, the header says it has {length:,} bytes, the file has {size:,}"
            )
        header = parse_json(stream.read(length), f"{path} (header)")
    if not isinstance(header, dict):
        raise UnsafeArtefact(f"{path}: refused, expected an object as header")
    notes = header.pop("__metadata__", {})
    if not isinstance(notes, dict) or not all(isinstance(v, str) for v in notes.values()):
        raise UnsafeArtefact(f"{path}: refused, expected texts as metadata")
    end = 0
    for name, entry in sorted(header.items(), key=lambda item: _order(path, *item)):
        end = _check_entry(path, name, entry, end, dtypes)
    if end != size - 8 - length:
        raise UnsafeArtefact(
            f"{path}: refused, its tensors take {end:,} bytes, the file has {size - 8 - length:,}"
        )
    return header


def _order(path: Path, name: str, entry: Any) -> tuple[int, int]:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not (isinstance(offsets, list) and len(offsets) == 2 and all(map(_is_count, offsets))):
        raise UnsafeArtefact(f"{path}: refused, {name[:80]!r} has no two data_offsets")
    return offsets[0], offsets[1]


def _check_entry(path: Path, name: str, entry: Any, begin: int, dtypes: frozenset[str]) -> int:
    """Checks one tensor that must begin at `begin`. Returns where it ends."""
    where = f"{path}: refused, tensor {name[:80]!r}"
    dtype, shape, (first, last) = entry.get("dtype"), entry.get("shape"), entry["data_offsets"]
    if dtype not in BITS or dtype not in dtypes:
        raise UnsafeArtefact(f"{where}: expected a dtype of {', '.join(sorted(dtypes))}")
    if not isinstance(shape, list) or not all(map(_is_count, shape)):
        raise UnsafeArtefact(f"{where}: expected a shape of whole numbers from 0")
    if first != begin:
        kind = "overlaps the one before it" if first < begin else "leaves a gap"
        raise UnsafeArtefact(f"{where}: expected offset {begin}, found {first}: it {kind}")
    needed = math.prod(shape) * BITS[dtype] // 8
    if last - first != needed:
        raise UnsafeArtefact(
            f"{where}: its shape needs {needed:,} bytes, its offsets give {last - first:,}"
        )
    return last


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53
