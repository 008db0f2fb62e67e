"""Options that several commands share, as one dataclass instead of a list in each signature."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

__all__ = ["spread_options"]


def spread_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that has a flag for each field of its parameters that are dataclasses.

    The flags stand where the parameter stands. A field is written like a parameter that Typer
    reads: ``Annotated`` with an ``Option``, and its default.

    Args:
        command: a function for ``app.command``, all of whose parameters may be given by name.

    Returns:
        A function with the flat signature, for Typer to read, that fills the dataclasses and
        calls `command`.

    Examples:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Size:
        ...     width: int = 3
        ...     height: int = 4
        >>> def area_command(*, size: Size, unit: str = "m") -> None:
        ...     print(size.width * size.height, unit)
        >>> flat = spread_options(area_command)
        >>> list(inspect.signature(flat).parameters)
        ['width', 'height', 'unit']
        >>> flat(width=5, height=4, unit="cm")
        20 cm
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {}
    flat: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if dataclasses.is_dataclass(hints[name]):
            groups[name] = hints[name]
            flat += _field_parameters(hints[name])
        else:
            flat.append(
                parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])
            )

    def spread(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field: values.pop(field) for field in _names(group)})
        command(**values)

    spread.__name__, spread.__doc__ = command.__name__, command.__doc__
    spread.__module__ = command.__module__
    spread.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    spread.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    return spread


def _names(group: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(group)]


def _field_parameters(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty
            if field.default is dataclasses.MISSING
            else field.default,
            annotation=hints[field.name],
        )
        for field in dataclasses.fields(group)
    ]
