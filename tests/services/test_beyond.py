"""What expressions ask of the floors above is handed in: readings share nothing of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from backends import on_sqlite
from services_house import House

from jingwei.services.beyond import NOTHING, Beyond
from jingwei.services.world import environment


@on_sqlite
def test_readings_at_the_same_time_are_answered_each_by_their_own(house: House) -> None:
    with house.read("li.na") as view:

        def asks(number: int) -> bool:
            own = Beyond(
                {"fact": lambda *_: number}, {"receipts": lambda _view, _record: {"of": number}}
            )
            for _ in range(100):
                env = environment(replace(view, beyond=own), {"id": 1})
                told = env.world.call("fact", (), env)
                if (told, env.variables["receipts"]["of"]) != (number, number):
                    return False
            return True

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(asks, range(32)))
        bare = environment(replace(view, beyond=NOTHING), {"id": 1})
        assert "receipts" not in bare.variables
        with pytest.raises(LookupError):
            bare.world.call("fact", (), bare)
