"""Drafts checked over the whole catalogue, as often as somebody types."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.rechecking import Rechecked, Rechecking
from jingwei.reading.decode import MOST_BYTES
from jingwei.refusals import Invalid
from jingwei.services.commands import Reading
from jingwei.services.studio.drafts import candidate, check_path
from jingwei.services.studio.reach import require

MOST_AUTHORS = 20  # whose last good catalogue is kept


class Checking:
    """What one process knows of drafts: files that were read, and by author the last catalogue that
    had no errors, for offering names while a text is broken."""

    def __init__(self) -> None:
        self._rechecking = Rechecking()
        self._good: OrderedDict[int, Catalogue] = OrderedDict()
        self._lock = Lock()

    def check(self, view: Reading, edits: Mapping[str, str | None]) -> Rechecked:
        """The reader's drafts, and `edits` (path → text; None: taken away) in their place."""
        require(view)
        files = candidate(view)
        for path, text in edits.items():
            check_path(path)
            if text is None:
                files.pop(path, None)
                continue
            content = text.replace("\r\n", "\n").encode("utf-8", "replace")
            if len(content) > MOST_BYTES:
                raise Invalid("studio-too-large", most=MOST_BYTES // 1024)
            files[path] = content
        found = self._rechecking.check(dict(sorted(files.items())))
        if found.catalogue is not None:
            self._keep(view.actor.id, found.catalogue)
        return found

    def good(self, view: Reading) -> Catalogue:
        """The reader's last catalogue without errors, else the one that runs."""
        with self._lock:
            return self._good.get(view.actor.id, view.catalogue)

    def _keep(self, author: int, catalogue: Catalogue) -> None:
        with self._lock:
            self._good[author] = catalogue
            self._good.move_to_end(author)
            if len(self._good) > MOST_AUTHORS:
                self._good.popitem(last=False)
