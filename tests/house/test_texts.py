"""The words of the product: both languages say the same things."""

import re

from jingwei.texts import LOCALES, catalogue

HOLE = re.compile(r"\{([a-z_]+)(?::[^{}|]*\|[^{}|]*)?\}")


def test_every_text_exists_in_both_languages() -> None:
    zh, en = (set(catalogue(locale)) for locale in LOCALES)
    assert sorted(zh - en) == []
    assert sorted(en - zh) == []


def test_both_languages_fill_the_same_holes() -> None:
    differing = [
        key
        for key, words in catalogue("zh").items()
        if set(HOLE.findall(words)) != set(HOLE.findall(catalogue("en")[key]))
    ]
    assert differing == []


def test_every_problem_code_has_a_title_an_explanation_and_a_remedy() -> None:
    keys = catalogue("en")
    codes = {key.split(".")[1] for key in keys if key.startswith("problems.")}
    lacking = [
        f"{code}.{part}"
        for code in sorted(codes)
        for part in ("title", "explanation", "what", "fix")
        if f"problems.{code}.{part}" not in keys
    ]
    assert lacking == []


def test_what_is_counted_has_a_word_for_one() -> None:
    nouns = "rows|records|files|fields|entries|days|hours|people|facts|values|errors|warnings"
    counted = re.compile(rf"\{{(?!most|limit)[a-z_]+\}} ({nouns})\b(?! of\b)")
    assert [key for key, words in catalogue("en").items() if counted.search(words)] == []
