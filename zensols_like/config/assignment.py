"""An option and its value on one line, as arguments of programs have them."""

from __future__ import annotations

from zensols_like.errors import ConfigurableError

__all__ = ["split_assignment"]


def split_assignment(text: str) -> tuple[str, str, str]:
    """Section, option and value of ``section.option=value``.

    Raises:
        ConfigurableError: It is not written like this.

    Example:
        >>> split_assignment("model.rate = 0.1")
        ('model', 'rate', '0.1')
    """
    name, equals, value = text.partition("=")
    section, _, option = name.strip().rpartition(".")
    if not (equals and section and option):
        raise ConfigurableError(f"{text!r} does not set an option.", None, "write section.option=value")
    return section, option, value.strip()
