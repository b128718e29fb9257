"""What deploy/ holds is what its tools read: checked by their own schemas, and every setting in it exists."""

import json
import re
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose

from app.settings import Settings
from tests.server import ROOT

DEPLOY = ROOT / "deploy"
MANIFESTS = [
    (path.name, document)
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]
KNOWN = {f"QUIRE_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize(
    ("name", "document"), MANIFESTS, ids=[f"{name}: {document['kind']}" for name, document in MANIFESTS]
)
def test_each_manifest_is_what_kubernetes_takes(name: str, document: dict[str, Any]) -> None:
    for version in ("1.30", "1.34"):
        kubernetes_validate.validate(document, version, strict=True)


def test_the_check_of_manifests_finds_what_is_wrong() -> None:
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"portz": []}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.30", strict=True)


@pytest.mark.parametrize("path", [ROOT / "compose.yaml", DEPLOY / "compose.yaml"], ids=["one", "several"])
def test_each_compose_file_is_what_compose_takes(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    read = PyCompose.from_json(json.dumps(yaml.safe_load(text)))
    assert read.service_names()
    wrong = yaml.safe_load(text.replace("image:", "imagine:"))
    with pytest.raises(ValueError, match="imagine"):
        PyCompose.from_json(json.dumps(wrong))


def test_three_nodes_follow_one_database_behind_a_balancer() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    nodes = {name for name in services if name.startswith("node")}
    assert len(nodes) == 3
    assert len({services[name]["volumes"][0] for name in nodes}) == 3, "each node has a folder of its own"
    balancer = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert set(re.findall(r"server (\w+):8000", balancer)) == nodes
    (web,) = [
        one for _, one in MANIFESTS if one["kind"] == "StatefulSet" and one["metadata"]["name"] == "quire"
    ]
    assert web["spec"]["replicas"] == 3
    (container,) = web["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_every_setting_that_is_named_exists() -> None:
    texts = [path.read_text(encoding="utf-8") for path in DEPLOY.rglob("*") if path.is_file()]
    named = set(re.findall(r"\bQUIRE_[A-Z_]+[A-Z]", "".join(texts)))
    assert "QUIRE_STORE_URL" in named
    assert named <= KNOWN


@pytest.mark.parametrize(("file", "kind"), [("quire.service", "ini"), ("nginx-one-machine.conf", "nginx")])
def test_the_files_for_one_machine_are_those_of_the_documents(file: str, kind: str) -> None:
    operating = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    block = re.search(rf"```{kind}\n(.*?)```", operating, re.DOTALL)
    assert block
    assert (DEPLOY / file).read_text(encoding="utf-8") == block[1]
