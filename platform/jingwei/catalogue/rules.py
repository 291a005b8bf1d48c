"""Rules that need the whole catalogue."""

from __future__ import annotations

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.not_yet import warn_about_what_is_not_yet_run
from jingwei.catalogue.rules_code_lists import check_code_lists
from jingwei.catalogue.rules_doubts import check_doubts
from jingwei.catalogue.rules_effects import check_effects
from jingwei.catalogue.rules_effects_meant import check_effects_meant
from jingwei.catalogue.rules_field import check_field, check_owners
from jingwei.catalogue.rules_form import check_form
from jingwei.catalogue.rules_made import check_made
from jingwei.catalogue.rules_measures import check_measures
from jingwei.catalogue.rules_organisation import check_organisation
from jingwei.catalogue.rules_output import check_files_are_used, check_output
from jingwei.catalogue.rules_rights import check_rights
from jingwei.catalogue.rules_standards import check_standards
from jingwei.catalogue.rules_workflow import check_subflows, check_workflow
from jingwei.problems import Problems


def check_fields(catalogue: Catalogue, problems: Problems) -> None:
    """What must hold of each field by itself, whatever stands around it."""
    for form in catalogue.forms.values():
        for outer in form.fields.values():
            for field in (outer, *outer.fields.values()):
                check_field(catalogue, form, field, problems)


def check_rules(catalogue: Catalogue, problems: Problems) -> None:
    """Adds a problem for everything that is well written and yet cannot work."""
    check_organisation(catalogue, problems)
    for form in catalogue.forms.values():
        check_form(catalogue, form, problems)
        check_rights(catalogue, form, problems)
    check_owners(catalogue, problems)
    check_code_lists(catalogue, problems)
    for workflow in catalogue.workflows.values():
        check_workflow(catalogue, workflow, problems)
    check_subflows(catalogue, problems)
    check_effects(catalogue, problems)
    check_effects_meant(catalogue, problems)
    check_made(catalogue, problems)
    check_measures(catalogue, problems)
    check_standards(catalogue, problems)
    check_output(catalogue, problems)
    check_files_are_used(catalogue, problems)
    check_doubts(catalogue, problems)
    warn_about_what_is_not_yet_run(catalogue, problems)
