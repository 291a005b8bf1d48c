"""Text for people: a plain string or `{zh: …, en: …}`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A title, help or message. A plain string in YAML fills both languages."""

    zh: str
    en: str

    def __call__(self, locale: str) -> str:
        return self.en if locale == "en" else self.zh

    @classmethod
    def plain(cls, words: str) -> Text:
        return cls(words, words)
