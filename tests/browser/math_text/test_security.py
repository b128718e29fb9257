"""Hostile texts on pages without a policy to save them: no script runs, nothing is asked of another host."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.opened import Opened

OpenPage = Callable[..., Opened]

PUBLISHED_VECTORS: list[str] = json.loads(
    (Path(__file__).parent / "vectors/dompurify.json").read_text(encoding="utf-8")
)["vectors"]
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
    # Texts that change their meaning when what was parsed is written and parsed again.
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    "<math></p><style><!--</style><img src/onerror=alert(1)>",
    '<a><svg><style><a title="</style><img src onerror=alert(1)>">',
    "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></annotation-xml></math>",
    "<svg><desc><noscript><p title='</noscript><img src=x onerror=alert(1)>'></svg>",
    "<option><style></option></select><b><img src=xx: onerror=alert(1)></style></option>",
    "<select><template><img src=x onerror=alert(1)></template><xmp></select><img src=x onerror=alert(1)>",
    "<noembed><img title='</noembed><img src=x onerror=alert(1)>'></noembed>",
    "<noframes><p title='</noframes><img src=x onerror=alert(1)>'></noframes>",
    "<listing>&lt;img src=x onerror=alert(1)&gt;</listing><xmp><img src=x onerror=alert(1)></xmp>",
    "<b title='<!--</b><img src=x onerror=alert(1)>-->'>x<!--><img src=x onerror=alert(1)>",
    "<table><caption><svg><title><style><img src=x onerror=alert(1)></style></title></svg></caption></table>",
    "<plaintext><img src=x onerror=alert(1)>",
    # Names that shadow what scripts of the page ask for.
    "<form id=x><input name=attributes><input name=nodeName><img name=getElementById></form>",
    "<a id=defaultView></a><img name=cookie><form name=MathJax><output name=startup></form>",
    # Elements that set another one's address, or run at once.
    "<svg><a xmlns:xlink=x xlink:href='javascript:alert(1)'><text y=9>x</text></a></svg>",
    "<svg><a><animate attributeName=href values='javascript:alert(1)'/><text y=9>x</text></a></svg>",
    "<svg><set attributeName=onmouseover to=alert(1)><use href='data:image/svg+xml,<svg id=x/>#x'/></svg>",
    "<marquee onstart=alert(1)>x</marquee><frameset onload=alert(1)><keygen autofocus onfocus=alert(1)>",
    "<a href='&#106;avascript:alert(1)'>x</a><a href=' \x01javascript:alert(1)'>x</a><a href='JaVa\tScRiPt:alert(1)'>x",
    "<b x='<img src=x onerror=alert(1)>//<!-- ><img src=x onerror=alert(1)>",
    "<?xml-stylesheet href='javascript:alert(1)'?><!DOCTYPE x [<!ENTITY a '<img src=x onerror=alert(1)>'>]>&a;",
    "<input type=hidden accesskey=x onclick=alert(1)><div contenteditable onbeforeinput=alert(1)>x</div>",
    "<p is=math-text lang=x onclick=alert(1) slot=s part=p tabindex=1 draggable=true>x</p>",
    "<picture><source srcset='https://evil.example/p'><img src='https://evil.example/q'></picture>",
    "<img src='https://evil.example/l' loading=eager lowsrc='https://evil.example/m' dynsrc='https://evil.example/n'>",
    "<track src='https://evil.example/t'><bgsound src='https://evil.example/b'><layer src='https://evil.example/c'>",
    "<div><math><mi//xlink:href='data:x,<script>alert(1)</script>'>x</math></div>",
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
    "[x](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A&#x61&#x6C&#x65&#x72&#x74(1))",
    "[x](javascript&colon;alert(1)) [x](<javascript:alert(1)>) [x]( javascript:alert(1) )",
    "[x][r]\n\n[r]: javascript:alert(1)",
    "[x](https://example.org/'onmouseover='alert(1)) ![a\"onerror=\"alert(1)](x)",
    '[x](https://example.org \'" onmouseover=alert(1) "\') <https://example.org/"onclick=alert(1)>',
    "```<img/src=x/onerror=alert(1)>\n<img src=x onerror=alert(1)>\n```",
    "![x](data:image/svg+xml;base64,PHN2Zy8+) [x](blob:https://evil.example/a) [x](file:///etc/passwd)",
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
    r"\unicode[font-family:x;background:url(https://evil.example/x)]{x41}",
    r"\href{data:text/html,<script>alert(1)</script>}{x}\href{vbscript:x}{y}",
    r"\href{//evil.example/}{z}\href{jav	ascript:alert(1)}{w}",
    r"\url{javascript:alert(1)}\hyperref[a]{b}\input{/etc/passwd}\write18{id}\immediate\openin",
    r"\begin{html}<img src=x onerror=alert(1)>\end{html}",
    r"\htmlClass{a}{b}\htmlId{main}{c}\htmlStyle{color:red}{d}\htmlData{e=f}{g}",
    r"\text{</span></math-text><script>alert(1)</script>}",
    r"\mmlToken{mtext}[id=main class=paper background='url(https://evil.example/x)' mathbackground='url(https://evil.example/x)']{x}",
    r"\rule{500em}{500em}\hspace{9000em}\kern9000em\raise9000em{x}\mathstrut\Rule{9000em}{9000em}{9000em}",
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
    vectors = HTML_VECTORS + PUBLISHED_VECTORS + MARKDOWN_VECTORS + [f"${tex}$" for tex in TEX_VECTORS]
    show_all(opened, [context.replace("{}", vector) for vector in vectors], "markdown")
    assert_harmless(opened)


def test_nothing_comes_of_hostile_latex(open_page: OpenPage) -> None:
    opened = open_page("", strict=False)
    vectors = HTML_VECTORS + PUBLISHED_VECTORS + [f"${tex}$ and $${tex}$$" for tex in TEX_VECTORS]
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
    assert links[1][0] == "pic y"
    assert all("noopener" in link[2] for link in links)
    assert opened.foreign_requests == []


def test_a_text_of_nothing_but_delimiters_is_shown_as_it_was_written(open_page: OpenPage) -> None:
    opened = open_page("", strict=False)
    source = "$" * 100_000 + "\x00\x01\x0b\x1f\ufeff\u202e\ue000\ue001\ue0007\ue001 end"
    opened.show(source, "latex")
    shown = opened.page.evaluate("document.querySelector('math-text').textContent")
    assert shown == source


@pytest.mark.parametrize(
    ("format", "unit", "parts"),
    [("latex", "a\n\n", "br"), ("latex", r"\\ ", "br"), ("markdown", "\ue0000\ue001 ", "span.notranslate")],
)
def test_a_text_of_a_hundred_thousand_parts_is_shown(
    open_page: OpenPage, format: str, unit: str, parts: str
) -> None:
    opened = open_page("", strict=False)
    count = opened.page.evaluate(
        """([format, unit, parts]) => {
            const text = document.createElement('math-text');
            text.setAttribute('format', format);
            text.source = unit.repeat(100_000) + 'end';
            return text.querySelectorAll(parts).length;
        }""",
        [format, unit, parts],
    )
    assert count >= 100_000


def test_every_control_character_is_shown_as_it_was_written(open_page: OpenPage) -> None:
    opened = open_page("", strict=False)
    codes = [
        *range(9),
        11,
        12,
        *range(14, 32),
        *range(127, 160),
        0x2028,
        0x202E,
        0xE000,
        0xE001,
        0xFEFF,
        0xFFFF,
    ]
    for format, around in [
        ("markdown", "a{} $x{}_1$ `c{}` **d{}e**\n\n```\nf{}g\n```"),
        ("latex", "a{} $x{}_1$ b"),
    ]:
        shown = opened.page.evaluate(
            """([format, texts]) => texts.map((source) => {
                const text = document.createElement('math-text');
                text.setAttribute('format', format);
                text.source = source;
                return text.textContent.trim();
            })""",
            [format, [around.replace("{}", chr(code)) for code in codes]],
        )
        plain = around.replace("```\n", "").replace("\n```", "").replace("`", "").replace("**", "")
        expected = [" ".join(plain.replace("{}", chr(code)).split("\n\n")) for code in codes]
        assert [" ".join(text.split("\n")) for text in shown] == expected
