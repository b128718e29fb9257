"""Hostile texts on pages without a policy to save them: no script runs, nothing is asked of another host."""

from collections.abc import Callable

import pytest

from tests.browser.opened import Opened

OpenPage = Callable[..., Opened]

HTML_VECTORS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<img src="https://evil.example/a.png" srcset="https://evil.example/b.png 2x">',
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<math><a href='javascript:alert(1)'>x</a></math>",
    "<iframe src='https://evil.example/'></iframe><iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='https://evil.example/x'></object><embed src='https://evil.example/x'>",
    "<video src='https://evil.example/v' poster='https://evil.example/p' autoplay></video>",
    "<audio src='https://evil.example/a' autoplay onerror=alert(1)></audio>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<style>@import 'https://evil.example/x.css'; * { background: url(https://evil.example/x) }</style>",
    "<p style='background:url(https://evil.example/x);position:fixed;inset:0'>x</p>",
    "<form action='https://evil.example/'><button formaction='javascript:alert(1)'>x</button>",
    "<input autofocus onfocus=alert(1)><select autofocus onfocus=alert(1)>",
    "<a href='java&#x09;script:alert(1)'>x</a><a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x' xlink:href='javascript:alert(1)' ping='https://evil.example/'>x</a>",
    "<details open ontoggle=alert(1)>x</details><body onload=alert(1)>",
    "<template><script>alert(1)</script></template><noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<math-text format=markdown>$x$</math-text><b is=math-text id=main name=body class=notranslate>x</b>",
    "<table background='https://evil.example/t'><td background='https://evil.example/d'>x</table>",
    "<x-a onclick=alert(1) style=animation:x onanimationstart=alert(1)>x</x-a>",
    "<input type=image src='https://evil.example/i'><input type=checkbox checked onclick=alert(1)>",
    "<base href='https://evil.example/'><a href='relative'>x</a>",
    "]]><!--><img src=x onerror=alert(1)>--><![CDATA[<img src=x onerror=alert(1)>]]>",
]
MARKDOWN_VECTORS = [
    "[x](javascript:alert(1))",
    "[x](java$a$script:alert(1))",
    "[x]($javascript:alert(1)$)",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "![x](https://evil.example/x.png)",
    '![x](https://evil.example/$a$.png "$b$")',
    "![$a$][r]\n\n[r]: https://evil.example/r.png",
    "<javascript:alert(1)>",
    "[x](\\\\(//evil.example\\\\))",
    "`<img src=x onerror=alert(1)>` $`<img src=x onerror=alert(1)>`$",
    "\ue0000\ue001 <img src=x onerror=alert(1) title='\ue0000\ue001'> $a$",
]
TEX_VECTORS = [
    r"\href{javascript:alert(1)}{x}",
    r"\href{https://evil.example/}{x}",
    r"\unicode{x3c}img src=x onerror=alert(1)>",
    r"\class{paper}{x}\cssId{main}{y}\data{a=b}{z}",
    r"\style{position:fixed;inset:0;background:url(https://evil.example/x)}{x}",
    r"\bbox[background:url(https://evil.example/x),border:9000px solid red]{x}",
    r"\mmlToken{mi}[style='background:url(https://evil.example/x)' href='javascript:alert(1)' onclick='alert(1)']{x}",
    r"\text{<img src=x onerror=alert(1)>}",
    r"x <img src=x onerror=alert(1)> y",
    r"\require{mhchem}\ce{H2O}",
    r"\require{../../../../evil}x",
    r"\toggle{a}{b}\endtoggle \mathtip{x}{y} \texttip{x}{<img src=x onerror=alert(1)>}",
    r"\includegraphics{https://evil.example/x.png}",
    r"\texHTML{<img src=x onerror=alert(1)>}<tex-html><img src=x onerror=alert(1)></tex-html>",
    r"\begingroupSandbox \renewcommand{\alpha}{EVIL} \global\def\beta{EVIL} x",
    r"\mathbb{\color{url(https://evil.example/x)}x}\color[named]{evil}",
    r"\enclose{circle}[mathcolor='red' style='background:url(https://evil.example/x)']{x}",
]
CONTEXTS = [
    "{}",
    "# {}",
    "- {}",
    "> {}",
    "| a |\n|---|\n| {} |",
    "**{}**",
    "[{}](https://example.org)",
    "<b>{}",
    "a {} $b$ c",
    "1. x\n\n   {}",
]

EVIL = r"""() => {
    const found = [];
    for (const text of document.querySelectorAll('math-text')) for (const element of text.querySelectorAll('*')) {
        if (/^(script|style|iframe|object|embed|img|video|audio|form|input|button|link|meta|base|svg|template|x-a)$/i
            .test(element.localName)) found.push(element.outerHTML.slice(0, 200));
        if (element.localName === 'math' && !element.closest('mjx-assistive-mml')) found.push('math');
        for (const {name, value} of element.attributes)
            if (/^on/i.test(name) || /^(srcset|src|action|formaction|ping|background|poster|is|name)$/.test(name)
                || (name === 'style' && (!element.closest('mjx-container') || /url|fixed/.test(value)))
                || (/href$/.test(name) && !/^(https?|mailto):$/.test(element.protocol ?? '')))
                found.push(`${name}=${value}`);
        if (element.id && !element.id.startsWith('mjx-')) found.push('#' + element.id);
    }
    return found;
}"""


def assert_harmless(opened: Opened) -> None:
    opened.page.wait_for_timeout(150)
    assert opened.dialogs == []
    assert opened.foreign_requests == []
    assert opened.page.evaluate(EVIL) == []
    assert opened.page.url.startswith(opened.address + "/lax/")


def show_all(opened: Opened, sources: list[str], format: str) -> None:
    opened.page.evaluate(
        """([sources, format]) => document.querySelector('main').replaceChildren(...sources.map((source) => {
            const text = document.createElement('math-text');
            text.setAttribute('format', format);
            text.source = source;
            return text;
        }))""",
        [sources, format],
    )
    opened.typeset_all()


@pytest.mark.parametrize("context", CONTEXTS)
def test_no_script_runs_and_no_request_leaves_in_any_context_of_markdown(
    open_page: OpenPage, context: str
) -> None:
    opened = open_page("", strict=False)
    vectors = HTML_VECTORS + MARKDOWN_VECTORS + [f"${tex}$" for tex in TEX_VECTORS]
    show_all(opened, [context.replace("{}", vector) for vector in vectors], "markdown")
    assert_harmless(opened)


def test_nothing_comes_of_hostile_latex(open_page: OpenPage) -> None:
    opened = open_page("", strict=False)
    vectors = HTML_VECTORS + [f"${tex}$ and $${tex}$$" for tex in TEX_VECTORS]
    vectors += [
        r"\href{javascript:alert(1)}{x} \url{javascript:alert(1)} \emph{<img src=x onerror=alert(1)>}"
    ]
    show_all(opened, vectors, "latex")
    assert_harmless(opened)


def test_a_formula_redefines_nothing_for_those_after_it(open_page: OpenPage) -> None:
    opened = open_page("", strict=False)
    hostile = [
        r"$\def\alpha{EVIL}$",
        r"$\newcommand{\beta}{EVIL}$",
        r"$\let\gamma\delta$",
        r"$\DeclareMathOperator{\sin}{EVIL}$",
        r"$\DeclarePairedDelimiter{\ln}{EVIL}{EVIL}$",
        r"$\definecolor{red}{RGB}{1,2,3}$",
        r"$\Newextarrow{\to}{1,2}{0x21C0}$",
        r"$\newenvironment{cases}{EVIL}{EVIL}$",
        r"$\mathtoolsset{showonlyrefs}$",
    ]
    show_all(opened, [*hostile, r"$\alpha \beta \gamma \sin \ln \to \begin{cases} 1 \end{cases}$"], "latex")
    last = opened.page.evaluate("document.querySelector('math-text:last-child math').textContent")
    assert last == "αβγsin\u2061ln→{1"


def test_links_keep_their_address_and_give_nothing_away(open_page: OpenPage) -> None:
    opened = open_page("", strict=False)
    opened.show(
        "[a](https://example.org/?q=$x$&b=1) and ![pic $y$](https://evil.example/p.png) <https://example.org/b>"
    )
    links = opened.page.evaluate(
        "() => [...document.querySelectorAll('math-text a')].map((a) => [a.textContent, a.href, a.rel])"
    )
    assert [link[1] for link in links] == [
        "https://example.org/?q=$x$&b=1",
        "https://evil.example/p.png",
        "https://example.org/b",
    ]
    assert links[1][0] == "pic $y$"
    assert all("noopener" in link[2] for link in links)
    assert opened.foreign_requests == []


def test_a_text_of_nothing_but_delimiters_is_shown_as_it_was_written(open_page: OpenPage) -> None:
    opened = open_page("", strict=False)
    source = "$" * 100_000 + "\x00\x01\x0b\x1f\ufeff\u202e\ue000\ue001\ue0007\ue001 end"
    opened.show(source, "latex")
    shown = opened.page.evaluate("document.querySelector('math-text').textContent")
    assert shown == source
