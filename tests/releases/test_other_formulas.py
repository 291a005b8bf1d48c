"""A value that is kept is what the formula of today gives, whatever it was when it was saved."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from backends import on_sqlite
from services_house import House
from test_rolling_back import back, changed, planned

from jingwei.catalogue.compile import compile_texts
from jingwei.services.releases.computed import Computed
from jingwei.storage.apply import apply
from jingwei.storage.publication import Publication

LAYER = """kind: layer
for: B
patches: form/contract
set:
  fields.tax.compute: {override: amount * 0.5}
"""


def publish_computing(house: House, files: Mapping[str, str]) -> None:
    """Publish with these files changed, as the command line and the studio do."""
    texts = {path: text.encode() for path, text in files.items()}
    catalogue = compile_texts({**house.commands.active.current.catalogue.files, **texts})
    publication = Publication(
        "test",
        house.clock.now(),
        house.clock.today(),
        computer=Computed(house.database, catalogue, "Asia/Shanghai"),
    )
    house.commands.active.follow(apply(house.database, catalogue, publication).id)


@on_sqlite
def test_another_formula_is_worked_out_for_the_records_that_are_there(house: House) -> None:
    def publish(factor: int) -> None:
        twice = f"  twice: {{type: money, unit: CNY, title: 倍, compute: amount * {factor}}}\n"
        more = "  more: {type: money, unit: CNY, title: 再倍, compute: twice + 1}\n  secret:"
        publish_computing(house, changed(("  secret:", twice + more)))

    def values(record: int) -> tuple[Decimal, Decimal]:
        found = house.show("li.na", "contract", record)
        return found["twice"], found["more"]

    publish(2)
    record = house.create("li.na", "contract", name="a", amount=3)["id"]
    publish(5)
    assert values(record) == (Decimal(15), Decimal(16))
    house.update("li.na", "contract", record, 1, amount=4)

    told = sorted(step.message("en") for step in planned(house, 2).steps)
    assert told == [
        "contract.more: the formula is another one; worked out anew for 1 value",
        "contract.twice: the formula is another one; worked out anew for 1 value",
    ]
    back(house, 2)
    assert values(record) == (Decimal(8), Decimal(9))


@on_sqlite
def test_a_formula_that_a_layer_changes_is_worked_out_for_the_records_of_its_orgs(
    house: House,
) -> None:
    house.publish(changed(("fields:", "layering: {fields.tax.compute: open}\nfields:")))
    ours = house.create("li.na", "contract", name="a", amount=100)["id"]
    theirs = house.create("wang.wu", "contract", name="b", amount=100)["id"]

    publish_computing(house, {"definitions/layers/B/contract.yaml": LAYER})
    assert house.show("li.na", "contract", ours)["tax"] == Decimal(13)
    assert house.show("wang.wu", "contract", theirs)["tax"] == Decimal(50)
    assert house.list("wang.wu", "contract", filter="tax == 50").total == 1
