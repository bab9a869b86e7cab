"""values.yaml, its schema, the README and the templates: four words for the same values."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import yaml

from tests.charts.chart import CHART, Object, leaves, tool

VALUES: Object = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: Object = json.loads((CHART / "values.schema.json").read_text())
HELMS_OWN = {"global"}
TEMPLATES = {
    str(path.relative_to(CHART)): path.read_text()
    for path in CHART.glob("templates/**/*")
    if path.is_file()
}


def described() -> dict[str, str]:
    """Every row of the README's table of values: description by path."""
    table = (CHART / "README.md").read_text().partition("\n## Values\n")[2]
    rows = re.findall(r"^\| (\S+) \| \w+ \| `.*?` \| (.*) \|$", table, re.M)
    assert len(rows) == len(re.findall(r"^\| ", table, re.M)) - 1  # the head
    return dict(rows)


def documented(path: str) -> list[str]:
    """Rows of `path` itself or of what it is part of."""
    parts = path.split(".")
    above = [".".join(parts[: end + 1]) for end in range(len(parts))]
    return [row for row in above if row in described()]


def resolve(node: Object) -> Object:
    found: Object = SCHEMA["$defs"].get(node.get("$ref", "").removeprefix("#/$defs/"), node)
    return found


def schema_paths(node: Object, path: str = "") -> list[str]:
    """The paths of the schema's properties, down to what the README describes as a whole."""
    found = []
    for name, inner in node.get("properties", {}).items():
        deeper = (
            [] if path + name in described() else schema_paths(resolve(inner), f"{path}{name}.")
        )
        found += deeper or [path + name]
    return found


def value_paths() -> list[str]:
    """The paths of values.yaml, down to what the README describes as a whole."""
    return list(dict.fromkeys((documented(path) or [path])[0] for path, _ in leaves(VALUES)))


def test_every_value_is_in_the_schema_and_back() -> None:
    assert set(value_paths()) == set(schema_paths(SCHEMA)) - HELMS_OWN


def test_every_value_is_described_once() -> None:
    assert set(described()) == set(value_paths())
    assert not [path for path, text in described().items() if len(text) < 5]


def test_the_values_are_in_the_order_of_the_readme() -> None:
    assert list(described()) == value_paths()


def test_defaults_of_the_readme_and_values_agree() -> None:
    """helm-docs, where it is there, says the same; this needs no tool."""
    table = (CHART / "README.md").read_text()
    for path, value in leaves(VALUES):
        if path in described() and not isinstance(value, list | dict):
            shown = json.dumps(value) if isinstance(value, str | bool) else str(value)
            assert f"| {path} | " in table
            assert f" | `{shown}` | {described()[path]} |" in table, path


def test_the_readme_is_what_helm_docs_makes(tmp_path: Path) -> None:
    copy = tmp_path / "rtscore"
    shutil.copytree(CHART, copy)
    (copy / "README.md").unlink()
    subprocess.run(
        [tool("helm-docs"), "--chart-search-root", str(copy), "--sort-values-order", "file"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert (copy / "README.md").read_text() == (CHART / "README.md").read_text()


def test_every_value_that_a_template_names_exists() -> None:
    named = 0
    for file, text in TEMPLATES.items():
        for path in re.findall(r"[.$][vV]alues((?:\.\w+)+)", text):
            place = VALUES
            for part in path.strip(".").split("."):
                assert part in place, f"{file} names .Values{path}, which values.yaml lacks"
                place = place[part]
                named += 1
    assert named > 100


def used(path: str) -> bool:
    """Whether a template names `path`; or an object that holds it, and then its last part."""
    parts = path.split(".")
    for text in TEMPLATES.values():
        if re.search(rf"[vV]alues\.{re.escape(path)}\b", text):
            return True
        for end in range(1, len(parts)):
            whole = re.escape(".".join(parts[:end]))
            if re.search(rf"toYaml [.$]+Values\.{whole} ", text):
                return True
            taken = re.search(rf"(with|range|:=|deepCopy)[^}}]* [.$]+[vV]alues\.{whole} ", text)
            if taken and re.search(rf"\.{parts[-1]}\b", text):
                return True
    return False


def test_every_value_is_used_by_a_template() -> None:
    assert not [path for path in value_paths() if not used(path)]
    assert not used("image.astray")
    assert not used("astray")


def test_other_values_files_name_known_values() -> None:
    known = set(value_paths())
    files = [CHART / "values-gpu.yaml", *CHART.glob("ci/*.yaml"), *CHART.glob("examples/*.yaml")]
    assert len(files) > 10
    for file in files:
        for path, _ in leaves(yaml.safe_load(file.read_text()) or {}):
            assert any(path == row or path.startswith(f"{row}.") for row in known), (file, path)
