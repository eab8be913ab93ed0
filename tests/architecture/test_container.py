"""What `deploy/` has keeps the rules of its formats, and its own promises."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "docker" / "Dockerfile").read_text()
MAX_BYTES = 400_000_000
DEBIAN_AND_PYTHON_BYTES = 130_000_000
"""python:3.13-slim, unpacked."""


def test_the_dockerfile_passes_hadolint() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, DEPLOY / "docker" / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_runs_without_root_and_asks_for_its_health_with_python() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert "USER 10001:10001" in final
    assert '"python", "-c"' in final and "/healthz" in final and "curl" not in DOCKERFILE
    assert 'ENTRYPOINT ["foveal", "serve"' in final and "[serve]" in DOCKERFILE
    copied = [
        line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY ") and "--from" not in line
    ]
    ignored = (DEPLOY / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    for name in (name for names in copied for name in names):
        assert (ROOT / name).exists() and f"!{name}" in ignored, name


@pytest.mark.parametrize("strict", [True])
def test_the_manifests_keep_kubernetes_schemas(strict: bool) -> None:
    validate = pytest.importorskip("kubernetes_validate")
    documents = manifests()
    assert [document["kind"] for document in documents] == [
        "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"
    ]  # fmt: skip
    for document in documents:
        validate.validate(document, "1.34", strict=strict)
    documents[0]["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["httpGet"].pop("port")
    with pytest.raises(validate.ValidationError, match="port"):
        validate.validate(documents[0], "1.34", strict=strict)


def test_the_deployment_is_what_the_image_promises() -> None:
    deployment, service, budget, policy = manifests()
    template = deployment["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert template["spec"]["securityContext"]["runAsUser"] == 10001
    assert (
        container["securityContext"]["readOnlyRootFilesystem"] and template["spec"]["securityContext"]["runAsNonRoot"]
    )
    probes = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert probes == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    labels = template["metadata"]["labels"]
    selectors = (
        deployment["spec"]["selector"]["matchLabels"],
        service["spec"]["selector"],
        budget["spec"]["selector"]["matchLabels"],
        policy["spec"]["podSelector"]["matchLabels"],
    )
    assert all(selector == labels for selector in selectors)
    assert {mount["name"] for mount in container["volumeMounts"]} == {v["name"] for v in template["spec"]["volumes"]}
    assert policy["spec"]["egress"] == []


def test_the_compose_file_names_what_is_there() -> None:
    folder = DEPLOY / "docker"
    document = yaml.safe_load((folder / "compose.yaml").read_text())
    assert document.keys() == {"services"}
    service = document["services"]["foveal"]
    assert (folder / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]).is_file()
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert all(volume.endswith(":ro") for volume in service["volumes"])
    assert "FOVEAL_API_KEY" in service["environment"]


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / "foveal.yaml").read_text()))
