"""An application's folder, as commands name it."""

from __future__ import annotations

from jingwei.services.folder import Folder

__all__ = ["Folder"]
