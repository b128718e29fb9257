"""Colours that an author gave a formula can be read on a dark page, and are the author's own on a light one."""

from collections.abc import Callable

from tests.browser.opened import Opened

OpenPage = Callable[..., Opened]

SHOWN = r"""() => {
    const brush = document.createElement('canvas').getContext('2d');
    const parts = (colour) => {
        brush.fillStyle = colour;
        brush.fillRect(0, 0, 1, 1);
        return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (colour) => parts(colour)
        .map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
    const ground = (element) => {
        const { backgroundColor } = getComputedStyle(element);
        return backgroundColor === 'rgba(0, 0, 0, 0)' ? ground(element.parentElement) : backgroundColor;
    };
    return [...document.querySelectorAll('.math')].map((formula) => {
        const letter = formula.querySelector('mjx-math mjx-c');
        const { color } = getComputedStyle(letter);
        const [more, less] = [light(color), light(ground(letter))].sort((a, b) => b - a);
        return [formula.dataset.tex, parts(color).join(' '), (more + 0.05) / (less + 0.05)];
    });
}"""
COLOURED = [
    r"\color{blue} x",
    r"\color{black} x",
    r"\textcolor{green}{x}",
    r"\textcolor{red}{x + y}",
    r"\color{#800080} \frac{a}{b}",
    r"\colorbox{yellow}{x}",
    r"\fcolorbox{red}{white}{x}",
    r"\bbox[yellow]{x}",
]


def shown(open_page: OpenPage, scheme: str) -> dict[str, tuple[str, float]]:
    """The colour of each formula's letters, and its contrast with what is behind them."""
    opened = open_page("")
    opened.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    opened.show(" ".join(f"${tex}$" for tex in ["x", *COLOURED]))
    return {tex: (colour, contrast) for tex, colour, contrast in opened.page.evaluate(SHOWN)}


def test_coloured_formulas_can_be_read_on_a_dark_page(open_page: OpenPage) -> None:
    found = shown(open_page, "dark")
    assert {tex: contrast for tex, (_, contrast) in found.items() if contrast < 4.5} == {}
    assert len(found) == len(COLOURED) + 1


def test_formulas_have_the_colour_of_their_text_or_their_author(open_page: OpenPage) -> None:
    found = shown(open_page, "light")
    assert found["x"][0] == "29 31 33"
    assert found[r"\color{blue} x"][0] == "0 0 255"
    assert found[r"\colorbox{yellow}{x}"][0] == "29 31 33"
