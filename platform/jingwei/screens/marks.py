"""Small drawings that stand beside a value and say nothing that its text does not say: stars, a
colour, the bars of a bar code. Drawn as SVG, since pages allow no style of their own."""

from __future__ import annotations

from decimal import Decimal

from markupsafe import Markup

from jingwei.language.form import Field
from jingwei.language.values import Literal_

MOST_STARS = 10  # more are a number
_STAR = "M8 1.3l2 4.3 4.7.6-3.5 3.2.9 4.7L8 11.8l-4.1 2.3.9-4.7L1.3 6.2 6 5.6z"


def most_stars(f: Field) -> int:
    """How many stars a rating has, as far as the definition says it in figures."""
    most = f.max.value if isinstance(f.max, Literal_) else None
    return min(int(most), MOST_STARS) if isinstance(most, Decimal | int) else 5


def stars(number: Decimal, most: int) -> Markup:
    """Full ones up to the number, rounded to halves."""
    halves = max(0, min(round(number * 2), most * 2))
    drawn = Markup("").join(_star(place, halves - 2 * place) for place in range(most))
    return Markup('<svg class="mark-stars" viewBox="0 0 {} 16" aria-hidden="true">{}</svg>').format(
        16 * most, drawn
    )


def _star(place: int, halves: int) -> Markup:
    kind = "full" if halves >= 2 else "half" if halves == 1 else "none"
    shape = Markup('<path class="star-{}" transform="translate({} 0)" d="{}"></path>')
    outline = shape.format("none" if kind == "half" else kind, 16 * place, _STAR)
    if kind != "half":
        return outline
    return outline + shape.format("full", 16 * place, "M8 1.3v10.5l-4.1 2.3.9-4.7L1.3 6.2 6 5.6z")


def swatch(color: str) -> Markup:
    """A field of this colour."""
    return Markup(
        '<svg class="mark-swatch" viewBox="0 0 16 16" aria-hidden="true">'
        '<rect width="16" height="16" rx="3" fill="{}"></rect></svg>'
    ).format(color)


# --- Code 128, character set B: what a reader at a till or a store reads --------------------------

# widths of bars and gaps by value; 104 starts, 106 ends
_WRITTEN = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 "
    "122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 "
    "321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 "
    "211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 "
    "213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 "
    "121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 "
    "241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 "
    "412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 "
    "211214 211232 2331112"
)
_WIDTHS = tuple(_WRITTEN.split())
_START, _STOP = 104, 106
_QUIET = 10  # modules of white on either side
MOST_BARS = 48  # letters


def bars(code: str) -> Markup | None:
    """The bars of a code; None for one with other letters than a till's, or too many of them."""
    if not 0 < len(code) <= MOST_BARS or not all(" " <= letter <= "~" for letter in code):
        return None
    values = [_START, *(ord(letter) - 32 for letter in code)]
    check = (values[0] + sum(at * value for at, value in enumerate(values[1:], 1))) % 103
    at, path = _QUIET, []
    for value in (*values, check, _STOP):
        for place, width in enumerate(map(int, _WIDTHS[value])):
            if place % 2 == 0:
                path.append(f"M{at} 0h{width}v40h-{width}z")
            at += width
    return Markup(
        '<svg class="mark-bars" viewBox="0 -4 {0} 48" aria-hidden="true">'
        '<rect y="-4" width="{0}" height="48" fill="#fff"></rect><path d="{1}"></path></svg>'
    ).format(at + _QUIET, "".join(path))
