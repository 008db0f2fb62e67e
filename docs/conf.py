"""Configuration of the documentation site; `python -m sphinx -b html docs docs/_build/html`.

The notebooks are rendered as they are stored, without outputs: CI executes them by nbmake. With
``-D nb_execution_mode=cache`` they are executed here and the pages show their figures.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

import rzqiskit

project = "rzqiskit"
author = "The rzqiskit developers"
copyright = "The rzqiskit developers, Apache-2.0"
version = release = rzqiskit.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "generated_tables",
    "notebook_pages",
    "plain_docstrings",
]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
default_role = "code"
# A word of a docstring that is also the name of two attributes ("shape").
suppress_warnings = ["ref.python"]

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_dmath_double_inline = True

nb_execution_mode = "off"
nb_execution_timeout = 120
nb_execution_raise_on_error = True

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_typehints_format = "short"
autodoc_type_aliases = {
    "npt.ArrayLike": "ArrayLike",
    "FloatArray": "FloatArray",
    "SamplerPubLike": "SamplerPubLike",
    "EstimatorPubLike": "EstimatorPubLike",
}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"rzqiskit {release}"
html_copy_source = False
