"""The state of a loader: how far all ranks are, and in which order of which batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from zensols_like.errors import BatchError, ConfigurationError
from zensols_like.loader.schedule import ORDER_VERSION, Cursor

__all__ = ["LoaderState"]

_KIND = "zensols_like loader"
_VERSION = 1
_NAME_LETTERS = 40


@dataclass(frozen=True)
class LoaderState:
    """What `BatchLoader.state_dict` says: plain values, nothing about workers, and nothing about ranks but one number
    for a warning.

    Args:
        name: What the split and its stash are called.
        store: The digest of the batches.
        batches: The number of batches of an epoch.
        seed: The seed of the order.
        shuffle: The order.
        global_batch_size: The data points of a step of all ranks together.
        cursor: How far all ranks are.
        order: The version of the arithmetic of orders.
    """

    name: str
    store: str
    batches: int
    seed: int
    shuffle: str | None
    global_batch_size: int
    cursor: Cursor
    order: int = ORDER_VERSION

    def to_dict(self) -> dict[str, Any]:
        """The state as JSON has it, in less than 1 KiB."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "cursor"}
        return {
            "kind": _KIND,
            "version": _VERSION,
            **values,
            "name": self.name[:_NAME_LETTERS],
            **self.cursor._asdict(),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """The state that `to_dict` gave.

        Raises:
            ConfigurationError: This is none.
        """
        try:
            if (state["kind"], state["version"]) != (_KIND, _VERSION):
                raise _refuse(f"This is no state that this release reads: {state['kind']!r}, {state['version']!r}.")
            cursor = Cursor(**{name: _count(state, name) for name in Cursor._fields})
            return cls(**{one.name: state[one.name] for one in fields(cls) if one.name != "cursor"}, cursor=cursor)
        except (KeyError, TypeError, ValueError) as error:
            raise _refuse(f"This is no state of a loader: {type(error).__name__}: {error}.") from error

    def require(self, own: LoaderState) -> None:
        """Refuse the state of a loader that reads other batches or in another order.

        Args:
            own: The state of the loader that is to go on.

        Raises:
            BatchError: It is the state of another store.
            ConfigurationError: It is that of another order.
        """
        if (self.store, self.batches) != (own.store, own.batches):
            raise BatchError(
                f"The state was saved for other batches: {self.name!r} with {self.batches} batches (store "
                f"{self.store}); this is {own.name!r} with {own.batches} (store {own.store}).",
                "load_state_dict of the loader",
                "load the state that was saved with these batches, or begin anew",
            )
        differing = [name for name in ("seed", "shuffle", "order") if getattr(self, name) != getattr(own, name)]
        if differing:
            was, now = ({name: getattr(state, name) for name in differing} for state in (self, own))
            raise ConfigurationError(
                f"The state was saved for another order: {was}; this loader has {now}.",
                "load_state_dict of the loader",
                "make the loader with the options of the state",
            )
        if self.cursor.position > self.batches:
            raise _refuse(f"There is no position {self.cursor.position} in {self.batches} batches.")


def _count(state: Mapping[str, Any], name: str) -> int:
    value = state[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} is {value!r}")
    return value


def _refuse(what: str) -> ConfigurationError:
    return ConfigurationError(what, "load_state_dict of the loader", "give what state_dict() of such a loader returned")
