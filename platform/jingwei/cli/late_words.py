"""What search finds, read for an engine that looks in more than the one before."""

from __future__ import annotations

from jingwei.problems import DefinitionErrors
from jingwei.storage.late_words import read_late
from jingwei.storage.locks import active_release_id
from jingwei.storage.runtime import ActiveInstallation


def read_words(active: ActiveInstallation) -> None:
    """Read what is missing, of the definitions that run. Where this engine refuses them, they are
    published anew first, which reads it, too."""
    if active_release_id(active.database) is None:
        return
    try:
        running = active.current
    except DefinitionErrors:
        return
    read_late(active.database, running.catalogue, running.names)
