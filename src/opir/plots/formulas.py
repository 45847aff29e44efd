"""Chemical formulas as they are printed: digits lowered, charges raised, arrows drawn.

Names of the library are plain letters (``Li2CO3``, ``PF6-``), so that they can be typed. What is no
formula stays as it is: an abbreviated name (``LEDC``, ``G2``), or a letter with a number (``S38``)
unless it is an element's molecule.
"""

from __future__ import annotations

import re

__all__ = ["pieces", "typeset"]

_ELEMENTS = "Al|As|Br|Ca|Cl|Co|Cu|Fe|Li|Mg|Mn|Na|Ni|Si|Ti|Zn|B|C|F|H|I|K|N|O|P|S"
_UNIT = rf"(?:{_ELEMENTS})\d*"
_FORMULA = re.compile(
    rf"(?<![A-Za-z0-9])((?:{_UNIT}|\((?:{_UNIT})+\)\d+)+)([+-]?)(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9-])(e)(-)(?![A-Za-z0-9])"
)
_LONE = re.compile(r"[A-Z][a-z]?\d+")
_MOLECULES = ("H2", "N2", "O2", "O3", "F2", "Cl2", "Br2", "I2")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_RAISED = str.maketrans("+-", "⁺⁻")


def pieces(text: str) -> list[tuple[str, str]]:
    """A text in pieces, each with its place: ``""``, ``"sub"`` (lowered) or ``"sup"`` (raised).

    ``->`` becomes an arrow; what is no formula is left as it is.

    Args:
        text: A name, an equation or a sentence: ``EC + 2 Li+ + 2 e- -> Li2CO3 + C2H4``.
    """
    text = text.replace("->", "→")
    found: list[tuple[str, str]] = []
    end = 0
    for match in _FORMULA.finditer(text):
        body, charge = match[1] or match[3], match[2] or match[4] or ""
        if not charge and (not re.search(r"\d", body) or _is_label(body)):
            continue
        found.append((text[end : match.start()], ""))
        found += [(part, "sub" if part.isdigit() else "") for part in re.split(r"(\d+)", body)]
        found.append((charge, "sup"))
        end = match.end()
    found.append((text[end:], ""))
    return [piece for piece in found if piece[0]]


def _is_label(body: str) -> bool:
    """Whether it is a letter and a number that name something else."""
    return _LONE.fullmatch(body) is not None and body not in _MOLECULES


def typeset(text: str) -> str:
    """A text with its formulas in letters that pictures can show: ``Li₂CO₃``, ``PF₆⁻``."""
    tables = {"": {}, "sub": _LOWERED, "sup": _RAISED}
    return "".join(part.translate(tables[place]) for part, place in pieces(text))
