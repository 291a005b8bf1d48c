"""What passes a vote: the word after `pass:`, read and applied."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from unicodedata import normalize

_NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,6})?"
_WRITTEN = re.compile(
    r"(?:(?P<word>share|weight)\s*(?=[>≥]))?(?P<than>>=|≥|>)?\s*"
    rf"(?P<number>{_NUMBER})\s*(?:(?P<percent>%)|/\s*(?P<whole>[0-9]{{1,6}}))?",
    re.ASCII,
)
# what people write at first → how it is written
_MEANT = {
    "half": "50%",
    "majority": "share>50%",
    "all": "100%",
    "半数": "50%",
    "过半": "share>50%",
    "过半数": "share>50%",
    "全部": "100%",
}


@dataclass(frozen=True, slots=True)
class Passing:
    """How much must say yes. `of_all`: a share of every weight of the step (a seat without a weight
    weighs 1), otherwise a sum of weights. `more`: exactly as much is not enough."""

    amount: Fraction
    of_all: bool
    more: bool = False

    def reached(self, yes: int, total: int) -> bool:
        """Whether these weights pass; without a single vote nothing does."""
        needed = self.amount * total if self.of_all else self.amount
        return yes > 0 and (yes > needed if self.more else yes >= needed)


@lru_cache(maxsize=256)
def passing(written: str) -> Passing | None:
    """`50%`, `2/3`, `0.5`, `share>50%`: a share. `3`, `weight>50`, `weight>=51`: votes, or their
    weights. None for anything else."""
    found = _WRITTEN.fullmatch(written.strip())
    if found is None:
        return None
    number, more = Fraction(found["number"]), found["than"] == ">"
    if found["percent"] or found["whole"]:
        whole = 100 if found["percent"] else int(found["whole"])
        of_all = True
    else:
        whole, of_all = 1, found["word"] == "share" or (not found["word"] and number < 1)
    if whole == 0 or (of_all and found["word"] == "weight"):
        return None
    if not of_all and ("." in found["number"] or (found["than"] and not found["word"])):
        return None  # `1.0` may mean all or one; `>50` may mean votes or a share
    amount = number / whole
    least = amount > 0 or (more and amount == 0)
    most = amount < 1 or (amount == 1 and not more)
    return Passing(amount, of_all, more) if least and (most or not of_all) else None


def meant(written: str) -> str | None:
    """What somebody wanted who wrote something that is no way to pass a vote."""
    words = normalize("NFKC", written).strip()
    if words != written.strip() and passing(words) is not None:
        return words
    if words.lower() in _MEANT:
        return _MEANT[words.lower()]
    bare = re.fullmatch(rf"(weight)?\s*(>=|≥|>)\s*({_NUMBER})(%?)", words, re.ASCII)
    if bare is not None:
        word = "share" if bare[4] else "weight"
        guess = f"{word}{bare[2]}{bare[3].split('.')[0]}{bare[4]}"
        return guess if passing(guess) is not None else None
    whole = re.fullmatch(r"([0-9]{1,6})\.0+", words, re.ASCII)
    if whole is not None:
        return "100%" if whole[1] == "1" else whole[1]
    return None
