"""A sweep without a store: the same chunks, kept in arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rzqiskit.schema import make_dataset
from rzqiskit.sweeps.chunks import chunk_regions, from_the_end
from rzqiskit.sweeps.encoding import FAILURE, failure_texts
from rzqiskit.sweeps.solve import BlockResult
from rzqiskit.sweeps.specification import SweepSpecification

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SweepMemory"]


class SweepMemory:
    """What a `SweepStore` is, in memory.

    Attributes:
        specification: what is swept.
        regions: of the chunks.
    """

    def __init__(self, specification: SweepSpecification, chunk_shape: tuple[int, ...]) -> None:
        self.specification = specification
        self.regions = list(chunk_regions(specification.shape, chunk_shape))
        self._values: dict[str, npt.NDArray[Any]] = {}
        for name in specification.quantities:
            _, full, dtype, empty = specification.layout(name)
            self._values[name] = np.full(full, empty, dtype=dtype)
        self._failures = np.full(specification.shape, "", dtype=object)

    def missing(self) -> Iterator[tuple[int, tuple[slice, ...]]]:
        """Yield number and region of every chunk, in the order of `SweepStore.missing`."""
        return from_the_end(self.regions)

    def write(self, chunk: int, result: BlockResult) -> None:
        """Keep the numbers of a chunk.

        Args:
            chunk: its number.
            result: its numbers.
        """
        region = self.regions[chunk]
        for name, values in result.values.items():
            # Counts have further dims, of which narrow batteries fill the beginning.
            further = (slice(0, length) for length in values.shape[len(region) :])
            self._values[name][(*region, *further)] = values
        shape = tuple(part.stop - part.start for part in region)
        self._failures[region] = failure_texts(shape, result)

    def dataset(self, attrs: dict[str, Any]) -> xr.Dataset:
        """Return the Dataset that a store of the same sweep would give.

        Args:
            attrs: its attributes.
        """
        import xarray as xr

        specification = self.specification
        variables = {
            name: (specification.layout(name)[0], array) for name, array in self._values.items()
        }
        data = make_dataset(variables, specification.coords, attrs)
        data[FAILURE] = xr.Variable(
            specification.dims, self._failures, {"long_name": "why the point failed"}
        )
        return data
