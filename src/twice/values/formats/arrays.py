"""NumPy's own file format."""

from __future__ import annotations

import io
from typing import Any

from twice.values.formats.reading import Reading
from twice.values.kind import library


def npy(name: str, data: memoryview, reading: Reading) -> Any:
    """The array in an ``.npy`` file; of objects, what they are by the pickle protocol, without making any."""
    np = library("numpy")

    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = reader(file)
    if dtype.hasobject:
        from twice.values.formats.pickles import pickled

        return {"shape": shape, "type": str(dtype), "items": pickled(name, data[file.tell() :], reading)}
    file.seek(0)
    return np.load(file, allow_pickle=False)
