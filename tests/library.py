"""A small library of papers made for tests: three days, mathematics in most of them, the odd cases among them."""

import json
from pathlib import Path
from typing import Any

DAYS = ["2026-06-29", "2026-06-30", "2026-07-01"]
PER_DAY = 24
FORMULAS = [
    r"$x^2 + y_1$",
    r"$\mathcal{O}(n \log n)$",
    r"\(\alpha \leq \beta\)",
    r"$$\sum_{i=1}^{n} a_i < \infty$$",
    r"$a_{ij} * b_{jk}$",
]
CATEGORIES = ["cs.AI cs.LG", "cs.LG", "cs.AI cs.CY", "math.PR", "cond-mat.mtrl-sci", "cs.CL 68T50"]


def records() -> list[dict[str, Any]]:
    """Records as arXiv's metadata snapshot has them, oldest first."""
    made = []
    for day, update_date in enumerate(DAYS):
        for number in range(PER_DAY):
            place = day * PER_DAY + number
            formula = FORMULAS[place % len(FORMULAS)]
            made.append(
                {
                    "id": f"2606.{place + 1:05}",
                    "authors_parsed": [["Noether", "Emmy", ""], [f"Author{place}", "A.", ""]],
                    "authors": f"Emmy Noether, A. Author{place}",
                    "title": f"Paper number {place} on {FORMULAS[0] if place % 7 == 0 else 'nothing'}",
                    "comments": "12 pages" if place % 3 == 0 else None,
                    "categories": CATEGORIES[place % len(CATEGORIES)],
                    "abstract": f"We prove that {formula} holds for case {place}. It costs $5 and $10, and "
                    f"\\emph{{nothing}} else; see also {formula} once more. Keyword{number}.",
                    "update_date": update_date,
                }
            )
    old = {
        "id": "math/0211159",
        "title": "The entropy formula",
        "abstract": "Old $R_{ij}$.",
        "categories": "math.DG",
    }
    many = {
        "id": "2606.09999",
        "title": 'Many <authors> & "quotes"',
        "abstract": "<script>alert(1)</script> and $a<b$.",
        "categories": "hep-ex",
        "authors_parsed": [[f"Name{n}", "X.", ""] for n in range(45)],
    }
    plain: dict[str, Any] = {"comments": None, "authors": "", "authors_parsed": [], "update_date": DAYS[0]}
    made += [plain | old, plain | many]
    return made


def write(path: Path) -> Path:
    """The records as a file of JSON lines."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records()), encoding="utf-8")
    return path
