"""Authors write at the same time: nobody overwrites anybody; nothing runs before its time."""

from __future__ import annotations

from api_house import code

from conftest import FORM, WITH_REMARK, Enter

REMARK = f"{WITH_REMARK}  remark: {{type: text, title: 备注}}\n"
CLAUSE = f"{WITH_REMARK}  clause: {{type: text, title: 条款}}\n"


def test_a_draft_is_its_authors_own_and_runs_only_when_it_is_published(studio: Enter) -> None:
    ann, bob = studio("ann"), studio("bob")
    ann.change(WITH_REMARK, REMARK)
    assert "remark" in ann.file()["text"]
    assert "remark" not in bob.file()["text"]
    listed = {one["path"]: one for one in bob.ask("GET", "").get_json()["items"]}
    assert (listed[FORM]["state"], listed[FORM]["others"]) == ("", ["ann"])

    plan = ann.plan()
    assert [one["path"] for one in plan["files"]] == [FORM]
    done = ann.apply(plan, comment="备注")
    assert done.status_code == 201, done.get_data(as_text=True)
    assert "remark" in bob.file()["text"]
    assert ann.file()["draft"] is None
    made = ann.house.make("li.na", "contract", name="桥", amount=1, remark="急")
    assert made["remark"] == "急"


def test_a_second_author_sees_both_texts_and_overwrites_nobody(studio: Enter) -> None:
    ann, bob = studio("ann"), studio("bob")
    bob.change(WITH_REMARK, CLAUSE)
    ann.change(WITH_REMARK, REMARK)
    assert ann.apply().status_code == 201

    refused = bob.ask("POST", "/plan")
    assert code(refused) == (409, "studio-conflict")
    (file,) = refused.get_json()["error"]["detail"]["files"]
    assert (file["path"], file["by"]) == (FORM, "ann")
    assert "remark" in file["theirs"] and "clause" not in file["theirs"]
    assert "clause" in file["mine"] and "remark" not in file["mine"]
    assert "clause" not in file["base"] and "remark" not in file["base"]
    assert file["merged"] is None, "both wrote in the same place"

    both = file["theirs"].replace("备注}\n", "备注}\n  clause: {type: text, title: 条款}\n")
    merged = {"how": "merge", "theirs_hash": file["theirs_hash"], "text": both}
    assert bob.ask("POST", f"/conflicts/{FORM}", merged).status_code == 200
    assert bob.apply().status_code == 201
    runs = bob.house.platform.active.current.catalogue.forms["contract"]
    assert {"remark", "clause"} <= set(runs.fields)


def test_changes_apart_from_each_other_are_offered_merged(studio: Enter) -> None:
    ann, bob = studio("ann"), studio("bob")
    bob.change("title: 合同\n", "title: 合同书\n")
    ann.change(WITH_REMARK, REMARK)
    assert ann.apply().status_code == 201
    (file,) = bob.ask("GET", "/conflicts").get_json()["items"]
    assert "title: 合同书\n" in file["merged"] and REMARK in file["merged"]


def test_taking_theirs_forgets_mine_and_what_was_not_seen_cannot_be_taken(studio: Enter) -> None:
    ann, bob = studio("ann"), studio("bob")
    bob.change(WITH_REMARK, CLAUSE)
    ann.change(WITH_REMARK, REMARK)
    ann.apply()
    unseen = bob.ask("POST", f"/conflicts/{FORM}", {"how": "mine", "theirs_hash": "0" * 64})
    assert code(unseen) == (409, "studio-conflict")
    (file,) = bob.ask("GET", "/conflicts").get_json()["items"]
    taken = {"how": "theirs", "theirs_hash": file["theirs_hash"]}
    assert bob.ask("POST", f"/conflicts/{FORM}", taken).status_code == 200
    assert bob.file()["text"] == file["theirs"] and bob.file()["draft"] is None


def test_a_plan_that_others_overtook_is_refused(studio: Enter) -> None:
    ann, bob = studio("ann"), studio("bob")
    ann.change(WITH_REMARK, REMARK)
    plan = ann.plan()
    bob.change("title: 集团运营", "title: 集团运营部", "definitions/roles/group_ops.yaml")
    assert bob.apply().status_code == 201
    assert code(ann.apply(plan)) == (409, "plan-outdated")
    assert ann.apply().status_code == 201, "the same drafts, planned again"


def test_two_windows_of_one_author_do_not_overwrite_each_other(studio: Enter) -> None:
    ann = studio("ann")
    text = ann.file()["text"]
    ann.change("title: 合同\n", "title: 合同书\n")
    stale = ann.put(FORM, text + "# other window\n", revision=0)
    assert code(stale) == (409, "studio-draft-moved")
    assert "合同书" in stale.get_json()["error"]["detail"]["text"]


def test_a_draft_like_what_runs_is_none(studio: Enter) -> None:
    ann = studio("ann")
    text = ann.file()["text"]
    ann.change("title: 合同\n", "title: 合同书\n")
    assert ann.put(FORM, text).get_json() == {"revision": 0, "draft": None}
    assert code(ann.ask("POST", "/plan")) == (422, "studio-nothing")


def test_a_file_is_added_taken_away_and_brought_back(studio: Enter) -> None:
    ann = studio("ann")
    path = "definitions/roles/new_role.yaml"
    assert ann.put(path, "kind: role\ntitle: 新角色\n").status_code == 200
    assert ann.apply().status_code == 201
    assert ann.put(path, None).status_code == 200
    plan = ann.plan()
    assert plan["files"] == [{"path": path, "change": "removed"}]
    assert ann.apply(plan).status_code == 201
    assert ann.ask("GET", f"/files/{path}").status_code == 404

    releases = ann.ask("GET", "/releases").get_json()["items"]
    before = releases[1]["release"]
    back = ann.ask("POST", "/rollback", {"release": before, "base": releases[0]["release"]})
    assert back.status_code == 201, back.get_data(as_text=True)
    assert ann.file(path)["text"].startswith("kind: role")
    diff = ann.ask("GET", f"/releases/{releases[0]['release']}/diff?to={before}").get_json()
    assert [(one["path"], one["change"]) for one in diff["items"]] == [(path, "added")]


def test_what_is_hidden_is_published_only_when_that_is_accepted(studio: Enter) -> None:
    ann = studio("ann")
    ann.change("  secret: {type: text, title: 底价}\n", "")
    ann.change("hide: [secret]", "hide: []")
    ann.change("mask: [secret]", "mask: []")
    ann.house.make("li.na", "contract", name="渡槽", amount=1)
    plan = ann.plan()
    assert any(step["group"] == "destructive" for step in plan["steps"])
    assert code(ann.apply(plan)) == (409, "studio-accept")
    assert ann.apply(plan, accepted=True).status_code == 201


def test_a_draft_with_errors_is_not_planned_and_says_where(studio: Enter) -> None:
    ann = studio("ann")
    ann.change("required: true, max: 40", "requird: true, max: 40")
    refused = ann.ask("POST", "/plan")
    assert code(refused) == (422, "studio-problems")
    (problem,) = refused.get_json()["error"]["detail"]["problems"]
    assert (problem["file"], problem["code"], problem["suggestion"]) == (
        FORM,
        "unknown-key",
        "required",
    )


def test_in_demo_mode_the_folder_gets_what_was_published_and_keeps_what_was_edited_there(
    studio: Enter,
) -> None:
    ann = studio("ann")
    root = ann.house.root
    edited = "kind: role\ntitle: 在文件夹里改过\n"
    (root / "definitions/roles/group_ops.yaml").write_text(edited, encoding="utf-8")
    ann.change(WITH_REMARK, f"{REMARK}  # 注释留着\n")
    ann.change("title: 集团运营", "title: 集团运营部", "definitions/roles/group_ops.yaml")
    done = ann.apply().get_json()
    assert done["written"] == [FORM]
    assert done["left"] == ["definitions/roles/group_ops.yaml"]
    assert "# 注释留着" in (root / FORM).read_text(encoding="utf-8")
    assert (root / "definitions/roles/group_ops.yaml").read_text(encoding="utf-8") == edited
