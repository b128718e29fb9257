"""Where the files lie that Quire ships with: pages, styles and models.

In a checkout they stand beside the package, in an installed wheel inside it. What Quire writes goes to the data folder.
"""

from pathlib import Path

from platformdirs import user_data_path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent if (_PACKAGE.parent / "pyproject.toml").is_file() else None
_SHIPPED = _CHECKOUT or _PACKAGE / "shipped"

STATIC = _SHIPPED / "static"
MODELS = _SHIPPED / "models"
DEFAULT_DATA = _CHECKOUT / "data" if _CHECKOUT else user_data_path("quire", appauthor=False)
"""The data folder where no setting names one: in the checkout, else where the platform keeps a user's data."""
