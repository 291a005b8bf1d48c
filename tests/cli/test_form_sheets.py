"""`export-form`, `import-form`: a form as a sheet with one row a field."""

from __future__ import annotations

from shell import Shell

from jingwei.gateways.sheets import read_sheet

FORM = "forms/purchase_request.yaml"


def test_a_form_goes_out_and_in_unchanged(office: Shell) -> None:
    before = (office.root / FORM).read_text(encoding="utf-8")
    sheet = office.root / "purchase_request.xlsx"
    assert office.json("export-form", "purchase_request", "--out", str(sheet))["rows"] == 12
    told = office.json("import-form", str(sheet), "--update")
    assert (told["fields"], told["problems"]) == (7, [])
    assert (office.root / FORM).read_text(encoding="utf-8") == before


def test_the_columns_are_those_of_xlsform(office: Shell) -> None:
    sheet = office.root / "out.xlsx"
    office.json("export-form", "purchase_request", "--out", str(sheet))
    rows = read_sheet(sheet)
    assert rows[2] == {
        "type": "choice",
        "name": "category",
        "label::zh": "类别",
        "label::en": "Category",
        "required": "yes",
        "choices": "purchase_category",
    }
    assert [(r["type"], r["name"]) for r in rows[4:10]] == [
        ("begin table", "lines"),
        ("text", "thing"),
        ("number", "quantity"),
        ("money", "price"),
        ("money", "amount"),
        ("end table", "lines"),
    ]
    assert rows[4]["check"] == "total > 0"
    assert rows[6]["more"] == "{min: 0, precision: 0, default: 1}"
    assert rows[11]["required"] == "total >= 10000"


def test_one_cell_changed_is_one_change_of_the_form(office: Shell) -> None:
    sheet = office.write(
        "purchase_request.csv",
        "type,name,label::zh,label::en,more\n"
        'org,org,单位,Organisation,"{required: true, default: =me.org}"\n'
        'text,subject,标题,Subject,"{required: true, max: 80}"\n',
    )
    office.json("import-form", str(sheet), "--update")
    text = (office.root / FORM).read_text(encoding="utf-8")
    assert (
        "  subject: {type: text, title: {zh: 标题, en: Subject}, required: true, max: 80}" in text
    )
    assert "  something_to_buy:" in text  # the rest of the form stays


def test_a_new_form_comes_from_a_sheet_of_another_tool(office: Shell) -> None:
    sheet = office.write(
        "visit.csv",
        "type,name,label,required,relevant,constraint,constraint_message,choices,hint\n"
        "text,who,姓名,yes,,,,,填全名\n"
        "select_one purchase_category,cat,类别,,,,,,\n"
        'decimal,size,大小,no,"cat == ""office""",size > 0,要大于零,,\n'
        "choice,how,方式,,,,,cash: 现金 | Cash; bank: 转账 | Transfer,\n"
        "begin repeat,people,人员,,,,,,\n"
        "person,one,人,yes,,,,,\n"
        "end repeat,,,,,,,,\n",
    )
    told = office.json("import-form", str(sheet))
    assert (told["file"], told["fields"]) == ("forms/visit.yaml", 5)
    assert [problem["code"] for problem in told["problems"]] == ["in-no-menu"]
    lines = (office.root / "forms/visit.yaml").read_text(encoding="utf-8").split("\n")
    assert lines[1:16] == [
        "kind: form",
        "title: Visit",
        "submit: {cancel: true}",
        "fields:",
        "  who: {type: text, title: 姓名, required: true, help: 填全名}",
        "  cat: {type: choice, title: 类别, choices: purchase_category}",
        '  size: {type: number, title: 大小, visible_if: cat == "office"}',
        "  how: {type: choice, title: 方式, choices: {cash: {zh: 现金, en: Cash}, "
        "bank: {zh: 转账, en: Transfer}}}",
        "  people:",
        "    type: table",
        "    title: 人员",
        "    fields:",
        "      one: {type: person, title: 人, required: true}",
        "rules:",
        "  size_check: {check: size > 0, at: size, message: 要大于零}",
    ]
    assert office.say("check") == (
        0,
        "forms/visit.yaml:2:7: no menu shows the form 'visit'. Add 'form/visit' to the menu of a "
        "module. [in-no-menu]\nErrors: 0, warnings: 1.",
    )


def test_every_bad_cell_is_named_and_nothing_is_written(office: Shell) -> None:
    sheet = office.write(
        "bad.csv",
        "type,name,more,colour\n"
        "numbr,a,,\n"
        "text,,,\n"
        "text,b,not a map,red\n"
        "text,b,,\n"
        "end table,,,\n"
        "begin table,c,,\n",
    )
    told = office.json("import-form", str(sheet))["error"]
    assert (told["code"], [(f["path"], f["code"]) for f in told["fields"]]) == (
        "form-sheet",
        [
            ("2.type", "unknown-field-type-meant"),
            ("3.name", "required"),
            ("4.colour", "unknown-column"),
            ("4.more", "not-yaml-map"),
            ("5.name", "field-named-twice"),
            ("6.type", "table-not-begun"),
            ("7.type", "table-not-ended"),
        ],
    )
    assert not (office.root / "forms/bad.yaml").exists()


def test_one_run_names_every_cell_by_the_row_of_the_sheet(office: Shell) -> None:
    sheet = office.write(
        "bad.csv",
        "type,name,visible_if,check,more\n"
        "date,开始,,,\n"
        ",,,,\n"
        "txt,subject,,subject ==,no map\n"
        "text,subject,,,\n"
        "whatever,c,c is not,,\n",
    )
    assert office.say("import-form", str(sheet))[1] == (
        "The sheet has cells to correct; nothing was written. [form-sheet]\n"
        "  2.name: '开始' is not a name. Use a–z, 0–9 and _, beginning with a letter, at most 60 "
        "characters. [bad-name]\n"
        "  4.type: 'txt' is not a field type. Did you mean 'text'? [unknown-field-type-meant]\n"
        "  4.more: Write KEY: VALUE pairs in braces, such as {unit: CNY, min: 0}. [not-yaml-map]\n"
        "  4.check: the expression stops after '=='. Complete it. [expression-unfinished]\n"
        "  5.name: There is a field 'subject' already. [field-named-twice]\n"
        "  6.type: 'whatever' is not a field type. See `jingwei explain form.fields.type`. "
        "[unknown-field-type]\n"
        "  6.visible_if: the expression stops after 'not'. Complete it. [expression-unfinished]"
    )
    assert office.say("import-form", str(sheet), lang="zh")[1] == (
        "表中有需要改正的单元格；没有写入任何内容。 [form-sheet]\n"
        "  2.name: “开始”不是合格的名称。请用 a–z、0–9、_，字母开头，最多 60 个字符。 [bad-name]\n"
        "  4.type: “txt”不是字段类型。是否想写“text”？ [unknown-field-type-meant]\n"
        "  4.more: 请写成花括号里的 键: 值，如 {unit: CNY, min: 0}。 [not-yaml-map]\n"
        "  4.check: 表达式在“==”之后中断。请写完。 [expression-unfinished]\n"
        "  5.name: 已有字段“subject”。 [field-named-twice]\n"
        "  6.type: “whatever”不是字段类型。见 `jingwei explain form.fields.type`。 "
        "[unknown-field-type]\n"
        "  6.visible_if: 表达式在“not”之后中断。请写完。 [expression-unfinished]"
    )
    assert not (office.root / "forms/bad.yaml").exists()


def test_a_form_that_is_there_is_only_changed_when_asked(office: Shell) -> None:
    sheet = office.write("purchase_request.csv", "type,name\ntext,a\n")
    assert office.json("import-form", str(sheet))["error"]["code"] == "definition-exists"
    told = office.json("export-form", "nothing", "--out", str(office.root / "x.xlsx"))
    assert told["error"]["code"] == "no-such-definition"


def test_a_file_that_cannot_be_written_is_a_sentence(office: Shell) -> None:
    out = office.root / "nowhere" / "x.xlsx"
    assert office.say("export-form", "purchase_request", "--out", str(out)) == (
        1,
        f"{out} cannot be read or written: No such file or directory. [file-trouble]",
    )
