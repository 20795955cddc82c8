"""Arrays that grow by doubling, written one number at a time."""

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)


class Growing(Generic[Number]):
    """`array` is [capacity] or [capacity, width], zeros where nothing was written."""

    def __init__(self, array: NDArray[Number]) -> None:
        self.hold(array)

    def hold(self, array: NDArray[Number]) -> None:
        """Let *array* be it."""
        self.array = array
        self.cells = memoryview(array.reshape(-1))

    def reach(self, index: int) -> None:
        """Make room for `array[index]`."""
        size = len(self.array)
        if index >= size:
            more = np.zeros((max(2 * size, index + 1), *self.array.shape[1:]), self.array.dtype)
            more[:size] = self.array
            self.hold(more)
