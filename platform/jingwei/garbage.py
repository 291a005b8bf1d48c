"""When Python looks for garbage: not while much is made of which nothing is let go."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collecting_later() -> Iterator[None]:
    """What is made here is kept: looking for cycles meanwhile finds none, and takes as long as
    reading YAML does, a third of linking a catalogue, a fifth of writing a batch of records, a
    sixth of importing the modules of a start."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
