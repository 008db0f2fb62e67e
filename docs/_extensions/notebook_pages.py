"""Brings the notebooks below the folder of the pages for the time of a build.

Sphinx reads no page outside its folder, and a symbolic link would let archives of the project hold
the notebooks here instead of in their own folder.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

__all__ = ["mirror_notebooks", "setup"]


def mirror_notebooks(source: Path, target: Path) -> None:
    """Make `target` hold the notebooks of `source` and no others.

    Args:
        source: folder with notebooks.
        target: folder that is made where it is missing; unchanged files keep their time, so that
            their pages are not built again.
    """
    target.mkdir(exist_ok=True)
    wanted = {path.name: path for path in source.glob("*.ipynb")}
    for page in target.glob("*.ipynb"):
        if page.name not in wanted:
            page.unlink()
    for name, path in wanted.items():
        page = target / name
        if not page.exists() or page.read_bytes() != path.read_bytes():
            shutil.copyfile(path, page)


def _mirror(app: Any) -> None:
    pages = Path(app.srcdir)
    mirror_notebooks(pages.parent / "notebooks", pages / "tutorials")


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx, before it looks for pages."""
    app.connect("builder-inited", _mirror)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
