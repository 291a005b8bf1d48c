"""What a record owes before it may be submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.refusals import Invalid
from jingwei.services import uniqueness, validation
from jingwei.services.commands import Work
from jingwei.services.found import told
from jingwei.services.plans import form_plan
from jingwei.services.validation import Occasion


def check_submission(work: Work, form: str, record: Mapping[str, Any]) -> None:
    """Everything a record owes at submit. Raises Invalid naming each field."""
    work = work.of(record.get("org"))
    plan = form_plan(work.store, work.catalogue, form)
    judged = validation.judge(
        work, plan, dict(record), record, Occasion(submitting=True, drafts=True), ()
    )
    uniqueness.judge_unique_fields(work, plan, dict(record), judged, None)
    if judged.refusals:
        raise Invalid("not-ready", fields=told(work, plan.form, record, judged.refusals))
