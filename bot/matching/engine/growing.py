"""Arrays that grow without a halt, written one number at a time.

A new array is 64 times as large: zeros that nobody touched take no memory, and what is copied
is small as long as the array is.
"""

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

_TIMES = 64
Number = TypeVar("Number", bound=np.generic)


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
            more = np.zeros(
                (max(_TIMES * size, index + 1), *self.array.shape[1:]), self.array.dtype
            )
            more[:size] = self.array
            self.hold(more)
