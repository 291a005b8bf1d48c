"""Every expression of every definition, typed in the scope of its place."""

from __future__ import annotations

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.check_files import Checked
from jingwei.catalogue.classified import type_classification
from jingwei.catalogue.formulas_form import type_code_list, type_form
from jingwei.catalogue.formulas_measures import (
    type_alert,
    type_dashboard,
    type_indicator,
    type_module,
    type_profile,
    type_report,
)
from jingwei.catalogue.formulas_scoring import type_scoring
from jingwei.catalogue.formulas_timing import type_scenario, type_schedule
from jingwei.catalogue.formulas_workflow import type_workflow
from jingwei.catalogue.typed import Typing
from jingwei.language.expressions.tree import Expression
from jingwei.language.values import Formula
from jingwei.problems import Problems


def type_formulas(
    catalogue: Catalogue, checked: Checked, problems: Problems
) -> dict[Formula, Expression]:
    """Formula → typed tree; what cannot be typed becomes a problem at the word."""
    texts = {path: file.text for path, file in checked.files.items()}
    typing = Typing(catalogue, texts, problems)
    for classification in catalogue.classifications.values():
        type_classification(typing, classification)
    for scoring in catalogue.scorings.values():
        type_scoring(typing, scoring)
    for form in catalogue.forms.values():
        type_form(typing, form)
    for code_list in catalogue.code_lists.values():
        type_code_list(typing, code_list)
    for workflow in catalogue.workflows.values():
        type_workflow(typing, workflow)
    for indicator in catalogue.indicators.values():
        type_indicator(typing, indicator)
    for profile in catalogue.profiles.values():
        type_profile(typing, profile)
    for alert in catalogue.alerts.values():
        type_alert(typing, alert)
    for report in catalogue.reports.values():
        type_report(typing, report)
    for dashboard in catalogue.dashboards.values():
        type_dashboard(typing, dashboard)
    for schedule in catalogue.schedules.values():
        type_schedule(typing, schedule)
    for scenario in catalogue.scenarios.values():
        type_scenario(typing, scenario)
    for module in catalogue.modules.values():
        type_module(typing, module)
    return typing.expressions
