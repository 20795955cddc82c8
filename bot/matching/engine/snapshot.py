"""The whole index as bytes, and back: magic, version, checksum, then a header and plain arrays.

    "DATELINE" | version u32 | header's length u32 | header (JSON) | arrays … | xxh3 of it all u64

What cannot be trusted to be whole, ours and of this version is `Unusable`.
"""

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64

from bot.matching.engine.growing import Growing
from bot.matching.engine.keytable import KeyTable
from bot.matching.engine.queries import Queries

# Also to be raised when words fold differently or queries compile to other literals.
VERSION: Final = 2
_HEAD: Final = struct.Struct("<8sII")
_MAGIC: Final = b"DATELINE"
_MOST: Final = 1 << 33  # bytes of one array


class Unusable(Exception):  # noqa: N818 - it says what the file is, like the other refusals here
    """The snapshot is damaged, cut short, or another version's."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An index as it was after the change *number*; `rough` holds queries by slot."""

    queries: Queries
    rough: dict[int, str]
    number: int


class _Hashed(Protocol):
    def update(self, data: Any, /) -> None: ...


def write(file: BinaryIO, snapshot: Snapshot) -> None:
    queries = snapshot.queries
    arrays = [np.ascontiguousarray(array) for array in _arrays(queries, snapshot.rough)]
    header = json.dumps(
        {
            "number": snapshot.number,
            "seed": queries.literals.hashing.seed.hex(),
            "counts": _counts(queries),
            "kinds": queries.literals.gates.kinds,
            "arrays": [(array.dtype.str, array.shape) for array in arrays],
        }
    ).encode()
    checksum = xxh3_64()
    head = _HEAD.pack(_MAGIC, VERSION, len(header))
    parts: list[bytes | memoryview] = [head, header]
    parts += [array.reshape(-1).view(np.uint8).data for array in arrays]
    for part in parts:
        checksum.update(part)
        file.write(part)
    file.write(checksum.intdigest().to_bytes(8, "little"))


def read(file: BinaryIO) -> Snapshot:
    """Raise `Unusable` for whatever is not exactly what `write` wrote."""
    try:
        return _read(file)
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, MemoryError) as error:
        raise Unusable(str(error)) from error


def _read(file: BinaryIO) -> Snapshot:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise Unusable("it is cut short")
    magic, version, length = _HEAD.unpack(head)
    if (magic, version) != (_MAGIC, VERSION):
        raise Unusable("it is another version's")
    described = file.read(length)
    checksum = xxh3_64(head)
    checksum.update(described)
    header = json.loads(described)
    arrays = [_array(file, dtype, shape, checksum) for dtype, shape in header["arrays"]]
    if file.read() != checksum.intdigest().to_bytes(8, "little"):
        raise Unusable("its checksum is wrong")
    return _restored(header, arrays)


def _array(
    file: BinaryIO, dtype: str, shape: Sequence[int], checksum: _Hashed
) -> NDArray[np.generic]:
    kind = np.dtype(dtype)
    if not 0 <= kind.itemsize * int(np.prod(shape, dtype=object)) <= _MOST:
        raise Unusable("it holds an array of impossible size")
    array = np.empty(shape, dtype=kind)
    data = array.reshape(-1).view(np.uint8).data
    if file.readinto(data) != data.nbytes:  # type: ignore[attr-defined]  # buffered files have it
        raise Unusable("it is cut short")
    checksum.update(data)
    return array


def _counts(queries: Queries) -> list[int]:
    literals, slots = queries.literals, queries.slots
    counts = [literals.count, literals.frequencies.articles, literals.table.count]
    return [*counts, slots.count, slots.live, slots.table.count, queries.delta.count]


def _arrays(queries: Queries, rough: dict[int, str]) -> Iterator[NDArray[np.generic]]:
    """All arrays, in the order in which `_restored` takes them."""
    for table in (queries.literals.table, queries.slots.table):
        yield from (table.keys, table.values)
        yield np.array(list(table.overflow), dtype=np.uint64)
        yield np.array(list(table.overflow.values()), dtype=np.int32)
    for grown, count in _grown(queries):
        yield grown.array[:count]
    for free in (queries.literals.free, queries.slots.free, queries.slots.gone):
        yield np.array(free, dtype=np.int32)
    for columns in queries.columns:
        yield from (columns.starts, columns.slots, columns.others)
    yield np.array(list(rough), dtype=np.int32)
    yield np.frombuffer("\0".join(rough.values()).encode(), dtype=np.uint8)


def _grown(queries: Queries) -> Iterator[tuple[Growing[Any], int | None]]:
    """What grows, and how much of it is in use."""
    literals, slots = queries.literals, queries.slots
    yield from ((each, None) for each in (literals.gates.phrases, literals.gates.prefixes))
    yield literals.frequencies.counts, None
    yield literals.seen, literals.count + 1
    yield from ((each, slots.count + 1) for each in (slots.ids, slots.states))
    heads, *rows = queries.delta.grown
    yield heads, literals.count + 1
    yield from ((each, queries.delta.count + 1) for each in rows)


def _restored(header: dict[str, Any], arrays: list[NDArray[Any]]) -> Snapshot:
    queries = Queries(bytes.fromhex(header["seed"]))
    given = iter(arrays)
    literals, slots = queries.literals, queries.slots
    literals.gates.kinds = header["kinds"]
    literals.count, literals.frequencies.articles, literals.table.count = header["counts"][:3]
    slots.count, slots.live, slots.table.count, queries.delta.count = header["counts"][3:]
    for table in (literals.table, slots.table):
        _restore(table, given)
    for grown, count in _grown(queries):
        grown.hold(next(given))
        if count is not None:
            grown.reach(count)
    literals.presence.reach(literals.count)
    literals.free, slots.free, slots.gone = (next(given).tolist() for _ in range(3))
    queries.columns = tuple(
        type(each)(*(next(given) for _ in range(3))) for each in queries.columns
    )
    numbers, texts = next(given).tolist(), next(given).tobytes().decode()
    rough = dict(zip(numbers, texts.split("\0") if numbers else (), strict=True))
    return Snapshot(queries, rough, header["number"])


def _restore(table: KeyTable, given: Iterator[NDArray[Any]]) -> None:
    table.hold(next(given), next(given))
    table.overflow = dict(zip(next(given).tolist(), next(given).tolist(), strict=True))
