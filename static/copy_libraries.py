"""Copies what the browser needs of other packages from node_modules to static/vendor.

Run it at the root of the checkout after `npm ci`.
"""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"

COPIES = {
    "marked/lib/marked.esm.js": "marked.esm.js",
    "marked/lib/marked.d.ts": "marked.esm.d.ts",
    "dompurify/dist/purify.es.mjs": "purify.es.mjs",
    "dompurify/dist/purify.es.d.mts": "purify.es.d.mts",
    "qrcode-generator/dist/qrcode.mjs": "qrcode.mjs",
    "eventsource-parser/dist": "eventsource-parser",
    "mathjax/tex-chtml.js": "mathjax/tex-chtml.js",
    "mathjax/ui": "mathjax/ui",
    "mathjax/sre": "mathjax/sre",
    "mathjax/a11y": "mathjax/a11y",
    "mathjax/input/tex/extensions": "mathjax/input/tex/extensions",
    "@mathjax/mathjax-newcm-font/chtml": "mathjax-newcm-font/chtml",
    "@mathjax/mathjax-mhchem-font-extension/chtml": "mathjax-mhchem-font-extension/chtml",
    "@mathjax/mathjax-mhchem-font-extension/chtml.js": "mathjax-mhchem-font-extension/chtml.js",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui/swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui/swagger-ui.css",
}


def copy_libraries() -> None:
    """Replace static/vendor; `.copied` in it says that all is there."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in COPIES.items():
        goal = VENDOR / target
        goal.parent.mkdir(parents=True, exist_ok=True)
        if (NODE_MODULES / source).is_dir():
            shutil.copytree(NODE_MODULES / source, goal)
        else:
            shutil.copyfile(NODE_MODULES / source, goal)
    # The types of qrcode-generator declare a module by name; ours is imported by its address.
    types = (NODE_MODULES / "qrcode-generator/dist/qrcode.d.ts").read_text(encoding="utf-8")
    types = types.partition("\ndeclare module")[0] + "\nexport default qrcode;\n"
    (VENDOR / "qrcode.d.mts").write_text(types, encoding="utf-8")
    (VENDOR / ".copied").touch()


if __name__ == "__main__":
    copy_libraries()
