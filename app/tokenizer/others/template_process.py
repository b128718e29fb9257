"""Renders chat templates in a process of its own: a template is a program, and may loop or allocate without end.

Reads a line of JSON from standard input for each rendering, `{template, variables}`, and answers `{text}` or `{error}`.
The environment is that of `transformers`. The process that started this one bounds its time.
"""

import json
import resource
import sys
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_MEMORY = 1 << 30
MOST_OUTPUT = 64 << 20


class _Refused(TemplateError):
    """What a template itself raises."""


class _Generation(Extension):
    """`{% generation %}` marks what a model said, for training; here it is written as it is."""

    tags = {"generation"}  # noqa: RUF012 - jinja's own attribute

    def parse(self, parser: Parser) -> nodes.Node:
        """The block's body, in a scope of its own as transformers gives it one."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body, lineno=line)


def environment() -> ImmutableSandboxedEnvironment:
    """Jinja as `transformers` sets it up for chat templates."""
    jinja = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    jinja.filters["tojson"] = _to_json
    jinja.globals["raise_exception"] = _raise
    jinja.globals["strftime_now"] = lambda form: datetime.now().strftime(form)  # noqa: DTZ005 - as transformers has it
    return jinja


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """JSON without HTML's escapes, which Jinja's own filter makes."""
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _raise(message: str) -> NoReturn:
    raise _Refused(message)


def render(jinja: ImmutableSandboxedEnvironment, template: str, variables: dict[str, Any]) -> dict[str, str]:
    """`{text}`, or `{error}` that says why there is none."""
    try:
        parts: list[str] = []
        size = 0
        for part in jinja.from_string(template).generate(variables):
            parts.append(part)
            size += len(part)
            if size > MOST_OUTPUT:
                return {"error": f"it writes more than {MOST_OUTPUT:,} characters"}
        text = "".join(parts)
        text.encode()
    except UnicodeEncodeError:
        return {"error": "it writes half of a surrogate pair, which is not text"}
    except MemoryError:
        return {"error": "it takes more memory than a template may"}
    except Exception as error:  # noqa: BLE001 - whatever a template raises is its answer
        said = f"{error}" or type(error).__name__
        return {"error": said.encode(errors="replace").decode()}
    else:
        return {"text": text}


def main() -> None:
    """Answer until standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    jinja = environment()
    print("ready", flush=True)
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        answer = render(jinja, asked["template"], asked["variables"])
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
