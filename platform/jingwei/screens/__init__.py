"""Pages for people: server-rendered from the definitions; what they write goes through the API."""

from __future__ import annotations

from flask import Blueprint

from jingwei.screens import (
    choosing,
    dashboards,
    exchange,
    failures,
    flow_admin,
    flow_list,
    flow_statistics,
    forms,
    frame,
    guides,
    home,
    indicators,
    lists,
    options,
    people,
    records,
    reports,
    search,
    session,
    settings,
    shaping,
    static,
    studio,
    studio_preview,
    studio_publishing,
    tasks,
    versions,
)

blueprint = Blueprint("screens", __name__, template_folder="../templates")
for _module in (
    static,
    frame,
    session,
    failures,
    home,
    guides,
    lists,
    shaping,
    forms,
    options,
    people,
    choosing,
    exchange,
    records,
    versions,
    tasks,
    flow_list,
    flow_statistics,
    flow_admin,
    settings,
    indicators,
    dashboards,
    reports,
    search,
    studio,
    studio_preview,
    studio_publishing,
):
    _module.register(blueprint)

__all__ = ["blueprint"]
