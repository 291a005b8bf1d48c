"""What may be done with a request as it stands is what is offered, and nothing else is: each
operation is tried on a copy, as each person who has to do with it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any

from approvals_house import Approvals

from jingwei.refusals import Invalid, Refused
from jingwei.services.flows import actions, flow_actions, runtime
from jingwei.services.flows.actions import Wish
from jingwei.services.flows.operations import offered
from jingwei.services.flows.walk import Walk
from jingwei.services.people import SYSTEM

ADMINISTRATOR = "admin"
TOLD = Wish("x")
MOST = 12  # tasks, the newest
# what an operation leads to may still be refused: then nothing is wrong with the offer
BEYOND = frozenset({"flow-nobody", "flow-self-approval", "flow-runs-in-circles"})
UNTOLD = frozenset({"drop_sign"})  # asks whom first, and only then finds that there is nobody


def misled(house: Approvals, state: Any) -> list[str]:
    """Sentences on what is offered and refused, or accepted and not offered; empty: all is well."""
    with house.api.platform.commands.read(SYSTEM) as reading:
        found = runtime.of_state(reading, state, though_it_fits_no_more=True)
        if not found.fits:
            return []
        found.asks.next_id = itertools.count(10**12).__next__  # type: ignore[method-assign]
        return [*_of_tasks(found.walk, state), *_of_flow(found.walk, state)]


def _of_tasks(copy: Callable[[], Walk], state: Any) -> Iterator[str]:
    for task in list(state.tasks.values())[-MOST:]:
        for login in sorted({task.person, task.acting, state.flow.initiator, ADMINISTRATOR}):
            by = login == ADMINISTRATOR
            shown = offered(copy(), task, login, administrator=by)
            for action in actions.ACTIONS:
                deed = partial(actions.act, _as(copy(), login), task.id, action, TOLD)
                if _differs(partial(deed, administrator=by), action, shown):
                    yield f"{login} {action} {task.id} ({task.state}): {shown}"


def _of_flow(copy: Callable[[], Walk], state: Any) -> Iterator[str]:
    for login in (state.flow.initiator, ADMINISTRATOR, "u1"):
        by = login == ADMINISTRATOR
        shown = flow_actions.offered_on_flow(copy(), login, administrator=by)
        for action in flow_actions.ACTIONS:
            deed = partial(flow_actions.act_on_flow, _as(copy(), login), action, TOLD)
            if _differs(partial(deed, administrator=by), action, shown):
                yield f"{login} {action}: {shown}"


def _as(walk: Walk, login: str) -> Walk:
    walk.actor = login
    return walk


def _differs(deed: Callable[[], object], action: str, shown: Collection[str]) -> bool:
    """Whether it is refused though it is shown, or accepted though it is not."""
    try:
        deed()
    except Invalid:  # it only has not been told enough
        return action not in shown and action not in UNTOLD
    except Refused as refused:
        return action in shown and refused.code not in BEYOND
    return action not in shown
