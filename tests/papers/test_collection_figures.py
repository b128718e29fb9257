"""The numbers in the built-in collection are true: each is computed here and looked for in the text.

So neither the text nor the figure can change alone. The proofs around them are not tested.
"""

import itertools
import math
import re
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.papers.test_collection import NOTES

Vector = NDArray[np.float64]


def rows(body: str) -> dict[str, list[str]]:
    """The cells of every table row, by the row's first cell."""
    lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in body.splitlines() if line.startswith("|")]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


def vector(numbers: Vector, digits: int = 3) -> str:
    return "$(" + ",\\ ".join(f"{number:.{digits}f}" for number in numbers) + ")$"


# 0001


def test_scores_of_the_four_segmentations_of_the() -> None:
    body = NOTES["0001"]["body"]
    cells = rows(body)
    counts = dict(zip(("t", "h", "e", "th", "he", "the"), map(int, cells["$N(u)$"]), strict=True))
    for shown, count in zip(cells["$\\log N(u)/N$"], counts.values(), strict=True):
        assert shown == f"${math.log(count / 1000):.3f}$"
    for segmentation in ("the", "th|e", "t|he", "t|h|e"):
        score = sum(math.log(counts[piece] / 1000) for piece in segmentation.split("|"))
        assert re.search(r"\\texttt\{" + re.escape(segmentation) + r"\} &: [^&]*" + f"{score:.3f}", body)


# 0002


def segmentations(text: str, pieces: set[str]) -> Iterator[tuple[str, ...]]:
    if not text:
        yield ()
    for end in range(1, len(text) + 1):
        if text[:end] in pieces:
            yield from ((text[:end], *rest) for rest in segmentations(text[end:], pieces))


def test_probabilities_of_the_segmentations_of_abab() -> None:
    cells = rows(NOTES["0002"]["body"])
    names = ("a", "b", "ab", "ba", "aba")
    pieces = dict(zip(names, map(float, cells["$p(w)$"]), strict=True))
    assert sum(pieces.values()) == pytest.approx(1)
    weight = {s: math.prod(pieces[piece] for piece in s) for s in segmentations("abab", set(pieces))}
    total = {alpha: sum(w**alpha for w in weight.values()) for alpha in (0, 0.5, 1, 2)}
    for segmentation, w in weight.items():
        shown = cells["`" + "\\|".join(segmentation) + "`"]
        assert shown == [f"{w:.4f}", *(f"{w**alpha / total[alpha]:.4f}" for alpha in (0.5, 1, 2))]
    mean = [f"${sum(len(s) * w**alpha for s, w in weight.items()) / total[alpha]:.2f}$" for alpha in total]
    assert "{}, {}, {} and {}".format(*mean) in NOTES["0002"]["body"]


def test_forward_sums_and_expected_count_of_ab() -> None:
    body = NOTES["0002"]["body"]
    pieces = {"a": 0.2, "b": 0.2, "ab": 0.3, "ba": 0.1, "aba": 0.2}

    def forward(text: str, p: dict[str, float]) -> list[float]:
        sums = [1.0]
        for t in range(1, len(text) + 1):
            sums.append(sum(sums[s] * p.get(text[s:t], 0) for s in range(t)))
        return sums

    sums = forward("abab", pieces)
    assert [round(x, 6) for x in sums] == [1, 0.2, 0.34, 0.288, 0.1596]
    assert f"{sums[4]:.4f}" in body
    assert f"0.102/0.1596={sums[2] * pieces['ab'] / sums[4]:.3f}" in body
    assert f"0.34\\cdot0.34/0.1596={sums[2] ** 2 / sums[4]:.3f}" in body
    step = 1e-6
    more, less = ({**pieces, "ab": 0.3 * math.exp(sign * step)} for sign in (1, -1))
    derivative = math.log(forward("abab", more)[4] / forward("abab", less)[4]) / (2 * step)
    assert f"2\\cdot0.5639+2\\cdot0.0752={derivative:.3f}" in body


# 0003


def softmax(z: Vector) -> Vector:
    weights = np.exp(z - z.max())
    p: Vector = weights / weights.sum()
    return p


def entmax(z: Vector, alpha: float) -> Vector:
    scaled = (alpha - 1) * z
    low, high = scaled.max() - 1, scaled.max()
    for _ in range(80):
        middle = (low + high) / 2
        enough = np.sum(np.maximum(scaled - middle, 0) ** (1 / (alpha - 1))) >= 1
        low, high = (middle, high) if enough else (low, middle)
    p: Vector = np.maximum(scaled - low, 0) ** (1 / (alpha - 1))
    return p


def test_maps_of_the_simplex() -> None:
    body = NOTES["0003"]["body"]
    cells = rows(body)
    z = np.array([1, 0.6, -0.2])
    assert cells["softmax"] == [vector(softmax(z)), vector(softmax(2 * z))]
    for alpha in (1.25, 1.5):
        shown = [cell.replace(" 0)", " 0.000)") for cell in cells[f"entmax, $\\alpha={alpha}$"]]
        assert shown == [vector(entmax(z, alpha)), vector(entmax(2 * z, alpha))]
    np.testing.assert_allclose(entmax(z, 2), [0.7, 0.3, 0], atol=1e-12)
    np.testing.assert_allclose(entmax(2 * z, 2), [0.9, 0.1, 0], atol=1e-12)
    assert cells["sparsemax"] == ["$(0.7,\\ 0.3,\\ 0)$", "$(0.9,\\ 0.1,\\ 0)$"]


@pytest.mark.parametrize("alpha", [1.25, 1.5, 2])
def test_jacobian_of_entmax(alpha: float) -> None:
    z = np.array([1, 0.6, -0.2])
    p = entmax(z, alpha)
    s = np.where(p > 0, np.maximum(p, 1e-300) ** (2 - alpha), 0)
    stated = np.diag(s) - np.outer(s, s) / s.sum()
    step = 1e-5
    measured = [(entmax(z + step * e, alpha) - entmax(z - step * e, alpha)) / (2 * step) for e in np.eye(3)]
    np.testing.assert_allclose(stated, measured, atol=1e-8)
    if alpha == 1.5:
        matrix = r"\\ ".join("&".join(f"{x:.3f}" for x in row) for row in stated)
        assert f"{{pmatrix}} {matrix}\\end" in NOTES["0003"]["body"]


# 0004


def test_four_smooth_versions_of_top_two() -> None:
    cells = rows(NOTES["0004"]["body"])
    z = np.array([2.0, 1, 0, -1])
    for column, t in enumerate((1.0, 0.25)):
        logistic = 1 / (1 + np.exp(-(z - 0.5) / t))
        assert logistic.sum() == pytest.approx(2)
        assert cells["logistic $\\eqref{eq:logistic}$"][column] == vector(logistic)
        weights = np.exp(z / t)
        pairs = {pair: weights[pair[0]] * weights[pair[1]] for pair in itertools.combinations(range(4), 2)}
        inside = [sum(w for pair, w in pairs.items() if i in pair) for i in range(4)]
        assert cells["subsets $\\eqref{eq:esp}$"][column] == vector(np.array(inside) / sum(pairs.values()))
        q = weights / weights.sum()
        drawn = [q[i] + sum(q[j] * q[i] / (1 - q[j]) for j in range(4) if j != i) for i in range(4)]
        assert cells["Gumbel $\\eqref{eq:gumbel}$"][column] == vector(np.array(drawn))


# 0005 and 0006


def test_log_sum_exp_of_a_thousand_and_more() -> None:
    body = NOTES["0005"]["body"]
    inner = math.exp(-2) + math.exp(-1) + 1
    assert f"1002+\\log {inner:.6f}={1002 + math.log(inner):.6f}" in body
    first = 1 + math.exp(-1)
    assert f"(1001,\\,{first:.6f})\\oplus(1002,\\,1)=(1002,\\,{first * math.exp(-1) + 1:.6f})" in body
    assert ",\\,".join(f"{x:.3f}" for x in softmax(np.array([1000.0, 1001, 1002]))) in body.replace(
        ",\\ ", ",\\,"
    )
    assert math.log1p(math.exp(-50)) == pytest.approx(1.93e-22, rel=1e-2)
    assert f"${math.log(-math.expm1(-1e-10)):.9f}$" in body
    assert f"${math.log1p(-math.exp(-1e-10)):.9f}$" in body


def test_weight_of_one_key_among_many() -> None:
    cells = rows(NOTES["0006"]["body"])
    d, c = 128, 0.7
    for n in (512, 4096, 32768):

        def weight(beta: float, n: int = n) -> float:
            return 1 / (1 + (n - 1) * math.exp(beta**2 / (2 * d) - beta * c))

        half = d * c - math.sqrt((d * c) ** 2 - 2 * d * math.log(n - 1))
        assert weight(half) == pytest.approx(0.5)
        scaled = weight(12 * math.log(n) / math.log(512))
        expected = [f"{math.log(n) / c:.2f}", f"{half:.2f}", f"{weight(12):.3f}", f"{scaled:.3f}"]
        assert cells[f"{n:,}"] == expected


# 0007 and 0008


def test_frequencies_of_rotary_positions() -> None:
    body = NOTES["0007"]["body"]
    d, length, kappa = 128, 4096, 8
    pair = np.arange(d // 2)
    theta = 10_000.0 ** (-2 * pair / d)
    turns = length * theta / (2 * math.pi)
    ramp = np.clip((turns - 1) / 31, 0, 1)
    factors = np.stack([np.full(64, 1 / kappa), kappa ** (-2 * pair / (d - 2)), (1 - ramp) / kappa + ramp])
    cells = rows(body)
    for i in (0, 16, 32, 46, 63):
        assert cells[str(i)][2:] == [f"{x:.3f}" for x in factors[:, i]]
        assert float(cells[str(i)][0].replace(",", "")) == pytest.approx(2 * math.pi / theta[i], rel=1e-3)
        assert float(cells[str(i)][1]) == pytest.approx(turns[i], rel=6e-3)
    assert (int(np.sum(turns > 32)), int(np.sum(turns < 1)), int(np.argmax(turns < 1))) == (21, 18, 46)
    assert "21 and 18 of the 64 here, with 25 on the ramp" in body
    assert f"{round(10_000 * kappa ** (d / (d - 2))):,}".replace(",", "\\,") in body


def test_uniform_causal_attention_favours_the_beginning() -> None:
    body = NOTES["0008"]["body"]
    mean = np.tril(np.ones((4, 4))) / np.arange(1, 5)[:, None]
    stated = np.array([[48, 0, 0, 0], [36, 12, 0, 0], [88 / 3, 40 / 3, 16 / 3, 0], [25, 13, 7, 3]]) / 48
    np.testing.assert_allclose(mean @ mean, stated)
    assert "48&0&0&0\\\\ 36&12&0&0\\\\ \\tfrac{88}{3}&\\tfrac{40}{3}&\\tfrac{16}{3}&0\\\\ 25&13&7&3" in body
    for t in (10, 100, 1000):
        scores = -(t**2 * math.log(2)) / np.arange(1, t + 1)
        shown = [f"{t * t * math.log(2):,.0f}", f"{softmax(scores)[-1]:.3f}"]
        assert rows(body)[f"{t:,}"] == shown


# 0009, 0010 and 0011


def test_margin_and_speed_of_lazy_typesetting() -> None:
    cells = rows(NOTES["0009"]["body"])
    for label, cost in (
        ("$0.5\\,\\mathrm{ms}$, typesetting alone", 0.0005),
        ("$23\\,\\mathrm{ms}$, with speech strings", 0.023),
    ):
        margin, speed = 3000 * (0.1 + 8 * 2.5 * cost), 0.5 * 250 / (2.5 * cost)
        assert cells[label] == [f"{margin:,.0f} px", f"{speed:,.0f} px/s"]


def test_readings_of_dollar_signs() -> None:
    body = NOTES["0010"]["body"]
    readings = [1, 1]
    while len(readings) <= 20:
        readings.append(readings[-1] + readings[-2])
    assert f"{readings[6]} readings for six dollars and {readings[20]:,} for twenty" in body
    formula = {2: -3, 3: -3, 4: 2}
    best = [0, -1]
    for i in range(2, 5):
        best.append(max(best[i - 1] - 1, best[i - 2] + formula[i]))
    assert best == [0, -1, -2, -3, 0]


def test_figures_on_compression() -> None:
    cells = rows(NOTES["0011"]["body"])
    for name in ("model A", "model B"):
        ratio, loss = map(float, cells[name][:2])
        assert cells[name][2:] == [f"{math.exp(loss):.1f}", f"{loss / (ratio * math.log(2)):.3f}"]
    counts = {"a": 300, "b": 250, "c": 248, "bc": 200, "abc": 2}
    for power, label in ((1, "$1$"), (0.5, "$\\tfrac12$"), (0.25, "$\\tfrac14$")):
        total = sum(count**power for count in counts.values())
        scores = [
            sum(power * math.log(counts[piece]) - math.log(total) for piece in pieces)
            for pieces in (("abc",), ("a", "bc"), ("a", "b", "c"))
        ]
        shown = [re.sub(r"\\mathbf\{(.*?)\}", r"\1", cell) for cell in cells[label][1:]]
        assert shown == [f"${score:.3f}$" for score in scores]
        assert "mathbf" in cells[label][1 + int(np.argmax(scores))]
    r1 = 0.9 / math.log(4)
    r0 = 3.9 - r1 * math.log(32000)
    for parameters, width, size in ((1e8, 768, 27_000), (1e9, 2048, 82_000)):
        cost = {v: (parameters + width * v) / (r0 + r1 * math.log(v)) for v in range(5000, 200_000, 500)}
        assert min(cost, key=cost.__getitem__) == pytest.approx(size, rel=0.02)


# 0012 and 0013


def test_double_array_of_the_example() -> None:
    cells = rows(NOTES["0012"]["body"])
    base = [int(cell.replace("–", "-9")) for cell in cells["$\\mathrm{base}$"]]
    check = [int(cell.replace("–", "-9")) for cell in cells["$\\mathrm{check}$"]]
    prefixes = [cell.strip("`") for cell in cells["prefix"]]
    found = {"": 0}
    for word in map("".join, itertools.chain(*(itertools.product("ab", repeat=n) for n in (1, 2, 3, 4)))):
        slot = found.get(word[:-1], -1)
        following = base[slot] + "ab".index(word[-1]) + 1 if slot >= 0 else -1
        if 0 <= following < len(check) and check[following] == slot:
            found[word] = following
    assert found == {"": 0, **{prefix: slot for slot, prefix in enumerate(prefixes) if slot}}


def test_figures_of_bm25_and_of_preferences() -> None:
    body = NOTES["0013"]["body"]
    cells = rows(body)
    rarity = [math.log(1 + (20_000 - n + 0.5) / (n + 0.5)) for n in (12, 3000)]
    assert f"\\mathrm{{idf}}={rarity[0]:.3f}$ and ${rarity[1]:.3f}$" in body

    def frequency(f: float, length: float) -> float:
        return f * 2.2 / (f + 1.2 * (0.25 + 0.75 * length))

    for f in (1, 2, 5, 20):
        assert cells[str(f)] == [f"{frequency(f, length):.3f}" for length in (0.5, 1, 2)]
    assert f"={sum(rarity):.3f}$" in body
    assert f"={rarity[1] * frequency(20, 1):.3f}$" in body
    for word in ("tokenizer", "attention", "galaxy"):
        starred, others = (int(cell.replace(",", "")) + 0.5 for cell in cells[word][:2])
        delta = math.log(starred / (2000 + 5000)) - math.log(others / (200_000 + 5000))
        z = delta / math.sqrt(1 / starred + 1 / others)
        assert cells[word][2:] == [f"${delta:.3f}$", f"${z:.2f}$"]


def test_gain_of_an_order() -> None:
    def gain(order: list[int]) -> float:
        return math.fsum((2**g - 1) / math.log2(place + 1) for place, g in enumerate(order, 1))

    best = gain([2, 2, 1, 0, 0])
    assert f"={gain([2, 0, 1, 0, 2]):.3f},\\\\" in NOTES["0013"]["body"]
    assert f"={best:.3f},\\qquad \\mathrm{{nDCG}}={gain([2, 0, 1, 0, 2]) / best:.3f}" in NOTES["0013"]["body"]
