"""A report's page: one HTML file that loads nothing, from a template that extends `page.html`."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

BASE = Path(__file__).with_suffix(".html")


def write(path: Path, template: Path, **values: object) -> None:
    """Write `template` (BASE, or one that extends it) with `values`.

    Every text in them is shown as it is, whatever markup it holds.
    """
    pages = Environment(
        loader=FileSystemLoader([template.parent, BASE.parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    text = pages.get_template(template.name).render(**values)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
