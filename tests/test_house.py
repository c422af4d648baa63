"""Rules of the house that a reader would otherwise have to remember."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return listed.stdout.split()


def test_every_package_is_listed_for_installation():
    found = {str(path.parent) for path in map(Path, tracked("*/__init__.py"))}
    shipped = {name.replace("/", ".") for name in found if not name.startswith(("tests", "bench"))}
    assert set(PYPROJECT["tool"]["setuptools"]["packages"]) == shipped


def test_the_extras_are_those_that_the_design_names():
    assert set(PYPROJECT["project"]["optional-dependencies"]) == {
        "spark",
        "postgres",
        "excel",
        "text",
        "dev",
    }


LOCKS = {
    "requirements.txt": 50,
    "requirements-dev.txt": 50,
    "benchmarks/requirements-featuretools.txt": 15,
}


@pytest.mark.parametrize(("lock", "more_than"), LOCKS.items())
def test_a_lock_file_has_hashes_for_every_package_and_no_host_name(lock, more_than):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    packages = re.split(r"\n(?=\S)", text.strip())
    assert len(packages) > more_than
    assert all("--hash=sha256:" in package for package in packages if package[0] != "#")


def test_every_direct_dependency_is_locked():
    locked = (ROOT / "requirements.txt").read_text().casefold()
    for wanted in PYPROJECT["project"]["dependencies"]:
        name = re.split(r"[\[<>=]", wanted)[0]
        assert f"\n{name}==" in f"\n{locked}"


def test_only_a_placeholder_is_committed_under_mlruns():
    assert tracked("mlruns") == ["mlruns/.gitkeep"]


def test_the_changelog_knows_the_version():
    version = PYPROJECT["project"]["version"]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_make_target_of_the_readme_exists():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z][a-z-]*)", (ROOT / "README.md").read_text()):
        if target not in ("on",):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_readmes_worked_example_is_a_valid_config(tmp_path):
    from features.config import parse_config

    example = re.search(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    config = parse_config(tomllib.loads(example[1]), home=tmp_path)
    assert set(config.histories) == {"customers", "orders", "tickets"}


def test_the_readmes_table_of_histories_agrees_with_the_schemas():
    from features.schemas import SCHEMAS

    readme = (ROOT / "README.md").read_text()
    for schema in SCHEMAS.values():
        [row] = re.findall(rf"^\| {schema.name} \|.*$", readme, re.MULTILINE)
        for column in schema.columns:
            if column.name not in ("known_at", "sent_at"):
                assert column.name in row, (schema.name, column.name)
