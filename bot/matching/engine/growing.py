"""Arrays that grow without a halt, written one number at a time.

A new array is 64 times as large: zeros that nobody touched take no memory, and what is copied
is small as long as the array is.
"""

from collections.abc import Iterator
from math import prod
from mmap import mmap
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

_TIMES = 64
_PIECE = 1 << 17  # bytes
Number = TypeVar("Number", bound=np.generic)


def room(shape: tuple[int, ...], dtype: type[Number] | np.dtype[Number]) -> NDArray[Number]:
    """Zeros in pages of the usual size.

    Numpy asks for huge ones, and the first touch of one of these may take five milliseconds.
    """
    size = prod(shape) * np.dtype(dtype).itemsize
    return np.frombuffer(mmap(-1, max(size, 1)), dtype=dtype, count=prod(shape)).reshape(shape)


class Growing(Generic[Number]):
    """`array` is [capacity] or [capacity, width], zeros where nothing was written."""

    def __init__(self, array: NDArray[Number]) -> None:
        self.hold(array)

    def hold(self, array: NDArray[Number]) -> None:
        """Let *array* be it."""
        self.array = array
        self.cells = array.reshape(-1).data

    def reach(self, index: int) -> None:
        """Make room for `array[index]`."""
        size = len(self.array)
        if index >= size:
            more = room((max(_TIMES * size, index + 1), *self.array.shape[1:]), self.array.dtype)
            more[:size] = self.array
            self.hold(more)


def cleared(array: NDArray[Any]) -> Iterator[None]:
    """Write zeros in slices: of new memory the first touch takes long, and so all at once would."""
    flat = array.reshape(-1)
    step = _PIECE // array.itemsize
    for start in range(0, len(flat), step):
        flat[start : start + step] = 0
        yield
