"""Effects that reach people: `notify` and `urge`."""

from __future__ import annotations

from collections.abc import Sequence

from jingwei.language.effects import Effect
from jingwei.language.expressions.environment import Environment
from jingwei.language.template import Template
from jingwei.services import tasks
from jingwei.services.effects.scene import Scene
from jingwei.services.messages import message_for
from jingwei.services.notices import Notice, notify
from jingwei.services.reader_world import as_reader
from jingwei.storage import tasks as task_rows
from jingwei.storage.flow_rows import TaskRow
from jingwei.texts import LOCALES, text


def tell(scene: Scene, effect: Effect, envs: Sequence[Environment]) -> None:
    """`notify`: a notice, a copy in the inbox (`cc`) or something to do (`todo`)."""
    kind: str = effect.args.get("kind", "info")
    for number, env in enumerate(envs):
        for login in scene.people(effect.args["who"], env):
            match kind:
                case "todo":
                    _ask(scene, effect, env, login, number)
                case "cc":
                    _copy(scene, effect, env, login, number)
                case _:
                    words = _said(scene, effect, env, login)
                    notify(scene.work, [_notice(scene, effect, login, words, "notice", number)])


def urge(scene: Scene, effect: Effect, envs: Sequence[Environment]) -> None:
    """`urge`: a word to people who owe something about the record, quiet hours or not."""
    for number, env in enumerate(envs):
        for login in scene.people(effect.args["who"], env):
            words = _said(scene, effect, env, login, "urge")
            notice = _notice(scene, effect, login, words, "task_urge", number, urgent=True)
            notify(scene.work, [notice])


def _said(scene: Scene, effect: Effect, env: Environment, login: str, kind: str = "notify") -> str:
    """The message in the person's language, as that person may see the record."""
    person = scene.work.people.find(scene.work.connection, login, scene.work.today)
    assert person is not None, login
    locale = person.locale or "zh"
    return _words(scene, effect, env, login, locale, kind)


def _words(
    scene: Scene, effect: Effect, env: Environment, login: str, locale: str, kind: str
) -> str:
    person = scene.work.people.find(scene.work.connection, login, scene.work.today)
    assert person is not None, login
    template: Template | None = effect.args.get("message")
    reader = as_reader(scene.work, person)
    said = {n: v for n, v in env.variables.items() if n not in ("today", "now", "row")}
    row = env.variables.get("row")
    if template is not None:
        return message_for(reader, template, scene.form, scene.record, locale, row, **said)
    title = scene.form.title(locale) if scene.form is not None else ""
    return text(f"effects.{kind}", locale, form=title, number=scene.record.get("number") or "")


def _notice(
    scene: Scene,
    effect: Effect,
    login: str,
    words: str,
    kind: str,
    number: int,
    *,
    urgent: bool = False,
) -> Notice:
    link = None
    if scene.form is not None and scene.record_id is not None:
        link = f"/f/{scene.form.name}/{scene.record_id}"
    return Notice(login, words, kind, link, urgent, _once(scene, effect, number))


def _once(scene: Scene, effect: Effect, number: int) -> str | None:
    if scene.trigger is None:
        return None
    return f"{scene.trigger}#{effect.path}:{number}"


def _ask(scene: Scene, effect: Effect, env: Environment, login: str, number: int) -> None:
    form, id_ = scene.the_form()
    once = _once(scene, effect, number)
    title = {word: _words(scene, effect, env, login, word, "notify") for word in LOCALES}
    key = None if once is None else f"{once}:{login}"
    tasks.open_todo(scene.work, login, form.name, id_, title, key=key)


def _copy(scene: Scene, effect: Effect, env: Environment, login: str, number: int) -> None:
    form, id_ = scene.the_form()
    work, books = scene.work, tasks.books(scene.work)
    once = _once(scene, effect, number)
    key = None if once is None else f"{once}:{login}"
    if key is not None and task_rows.find_task_by_key(work.connection, books, key) is not None:
        return
    title = {word: _words(scene, effect, env, login, word, "notify") for word in LOCALES}
    task = TaskRow(
        work.store.next_ids(work.connection, 1)[0],
        None,
        login,
        login,
        "cc",
        "told",
        work.now,
        title=title,
        form=form.name,
        record=id_,
        key=key,
    )
    task_rows.write_tasks(work.connection, books, [task], [])
    tasks.told(work, [task])
