"""An application's folder, as commands name it."""

from __future__ import annotations

from jingwei.services.folder import Behind, Folder

__all__ = ["Behind", "Folder"]
