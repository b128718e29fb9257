"""How many pages, lists and searches of papers a server answers each second, against another commit in one run.

    python -m benchmarks.lists PAPERS --against CHECKOUT

Needs wrk (Debian: wrk). Both servers are `quire serve` with one worker and JSON logs to a file, run by this
interpreter: one from here, the other from the folder of a checkout, such as `git worktree add /tmp/before REVISION`
makes. Each imports the papers (arXiv's metadata as JSON lines) for itself; they are measured in turns. The figure is
the ratio of requests for a second of each server's processor, which other work on the machine disturbs least. A page
asked for again and again is what many readers of a day do; the lists of all categories in turns hold more papers than a
server remembers.
"""

import argparse
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from app.papers.taxonomy import CATEGORIES
from benchmarks.requests import free_address, measure, measure_in_turns, running
from tests.server import QUIRE, ROOT, environment

_ALL = [code for code in CATEGORIES if code != "quire"]
READS: dict[str, str | list[str]] = {
    "home": "/",
    "a list": "/arxiv/cs.LG",
    "a list of two categories": "/arxiv/cs.CL+cs.LG",
    "a search": "/search?q=graph+neural+networks",
    "a list, JSON": "/api/v1/papers?categories=cs.CL+cs.LG",
    "a list by day, JSON": "/api/v1/papers?categories=cs.AI&sort=published",
    "a search, JSON": "/api/v1/papers?q=graph+neural+networks",
    "each category in turn": [f"/arxiv/{code}" for code in _ALL],
    "each category in turn, JSON": [f"/api/v1/papers?categories={code}" for code in _ALL],
}


def main() -> None:
    """Prints requests a second and for a second of the processor, and the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("papers", type=Path, help="as `quire papers import` takes them")
    parser.add_argument("--against", type=Path, help="a checkout of another commit")
    parser.add_argument("--seconds", type=int, default=3, help="of each run")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each call, in turns")
    options = parser.parse_args()
    checkouts = {"here": ROOT} | ({"there": options.against.resolve()} if options.against else {})
    with TemporaryDirectory() as name, ExitStack() as stack:
        servers = {}
        for which, checkout in checkouts.items():
            folder = Path(name, which)
            folder.mkdir()
            subprocess.run(
                [*QUIRE, "papers", "import", str(options.papers.resolve())],
                cwd=checkout,
                env=environment(folder / "data"),
                stdout=sys.stderr,
                check=True,
            )
            address, port = free_address()
            command = [*QUIRE, "serve", "--port", str(port)]
            servers[which] = stack.enter_context(
                running(command, address, "/readyz", folder / "log", checkout, LOG_FORMAT="json")
            )
        print(f"{'':26} {'requests/s':>10} {'a CPU second':>13} {'there':>7} {'ratio':>6}")
        for read, path in READS.items():
            runs: dict[str, list[tuple[float, float]]] = {which: [] for which in servers}
            for number in range(options.rounds + 1):
                for which, server in servers.items():
                    found = (
                        measure(server, Path(name), path, None, options.seconds)
                        if isinstance(path, str)
                        else measure_in_turns(server, Path(name), path, options.seconds)
                    )
                    if number:  # the first round warms up
                        runs[which].append(found)
            here = runs["here"]
            print(
                f"{read:26} {median(run[0] for run in here):10,.0f} {median(run[1] for run in here):13,.0f}",
                end="",
            )
            if options.against:
                ratios = [run[1] / before[1] for run, before in zip(here, runs["there"], strict=True)]
                print(f" {median(run[1] for run in runs['there']):7,.0f} {median(ratios):6.2f}", end="")
            print(flush=True)


if __name__ == "__main__":
    main()
