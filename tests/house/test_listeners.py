"""The literal tables of `app.py` name what is there, and nothing else."""

from __future__ import annotations

import pytest

from jingwei import app


def test_every_name_in_the_tables_is_there() -> None:
    tables = (*app.CHANGED, *app.EXTRA.values(), *app.SWEEPS, *app.OPENERS, *app.CLOSERS)
    after = [name for names in app.AFTER.values() for name in names]

    found = app._there([*tables, *after])

    assert all(callable(one) for one in found)
    assert len(found) == len(tables) + len(after)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("jingwei.services.recipts:on_changed", ModuleNotFoundError),
        ("jingwei.services.receipts:on_chagned", AttributeError),
    ],
)
def test_a_misspelt_listener_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, error: type[Exception]
) -> None:
    monkeypatch.setattr(app, "CHANGED", (*app.CHANGED, name))
    with pytest.raises(error):
        app.changed_listeners()
