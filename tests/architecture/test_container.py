"""What `deploy/` has keeps the rules of its formats, and its own promises."""

import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from packaging.requirements import Requirement

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


def test_what_is_installed_is_small() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    packages = closure([*project["dependencies"], *project["optional-dependencies"]["serve"]])
    assert {"onnxruntime", "numpy", "uvicorn"} <= packages
    own = sum(file.stat().st_size for file in (ROOT / "src").rglob("*") if file.is_file() and file.suffix != ".pyc")
    sizes = {"foveal": 3 * own, **{name: size_of(name) for name in sorted(packages)}}  # with bytecode
    largest = sorted(((size, name) for name, size in sizes.items()), reverse=True)[:5]
    assert sum(sizes.values()) + DEBIAN_AND_PYTHON_BYTES < MAX_BYTES, largest
    assert sum(sizes.values()) > 100_000_000, "all of them were found"


def test_the_manifests_keep_kubernetes_schemas() -> None:
    documents = manifests()
    assert [document["kind"] for document in documents] == [
        "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"
    ]  # fmt: skip
    for document in documents:
        kubernetes_validate.validate(document, "1.34", strict=True)
    documents[0]["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["httpGet"].pop("port")
    with pytest.raises(kubernetes_validate.ValidationError, match="port"):
        kubernetes_validate.validate(documents[0], "1.34", strict=True)


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


def closure(wanted: Iterable[str]) -> set[str]:
    """The names of all packages that requirements bring here."""
    seen: set[str] = set()
    waiting = [Requirement(line) for line in wanted]
    while waiting:
        need = waiting.pop()
        if need.marker is not None and not any(need.marker.evaluate({"extra": extra}) for extra in ("", *need.extras)):
            continue
        if need.name in seen:
            continue
        try:
            lines = distribution(need.name).requires or []
        except PackageNotFoundError:
            pytest.skip(f"{need.name} is not installed here")
        seen.add(need.name)
        waiting.extend(Requirement(line) for line in lines if "extra ==" not in line)
    return seen


def size_of(name: str) -> int:
    """Bytes of a package's files as installed, bytecode included."""
    paths = [Path(str(file.locate())) for file in distribution(name).files or ()]
    written = {path for path in paths if path.exists()}
    compiled = {
        file for path in written if path.suffix == ".py" for file in path.parent.glob(f"__pycache__/{path.stem}.*.pyc")
    }
    return sum(path.stat().st_size for path in written | compiled)


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / "foveal.yaml").read_text()))
