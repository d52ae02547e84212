"""The parameters of an object as plain JSON values, equal in every process and on every machine."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import singledispatch
from pathlib import Path, PurePath
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from zensols_like.errors import VectorizerError
from zensols_like.persist.formats.tensors import byte_view
from zensols_like.torchconfig import TorchConfig

__all__ = ["Fingerprinted", "canonical", "fingerprint_parameters", "qualified_name"]

_NAMES = ("name", "config_factory", "manager")
"""Fields that say where an object is from, not what it does."""


def fingerprint_parameters(owner: Any, root: type[Any], where: str, also_decoding: bool = False) -> Mapping[str, Any]:
    """The constructor parameters of a dataclass instance.

    Args:
        owner: The instance.
        root: The class from which its class inherits ``version``; when a class below has one of its own, parameters
            that are no plain values are left out.
        where: Said in the error.
        also_decoding: Whether those count, too, that only matter when decoding.

    Raises:
        VectorizerError: A parameter is no plain value, or the constructor is not that of a dataclass.
    """
    cls = type(owner)
    has_version = any("version" in vars(base) for base in cls.__mro__[: cls.__mro__.index(root)])
    if not has_version and not _is_plain_dataclass(cls, root):
        raise _unknown(f"The parameters of {cls.__name__} are not known: its constructor is written by hand.", where)
    parameters: dict[str, Any] = {}
    for described in fields(owner):
        counts = also_decoding or described.metadata.get("fingerprint", True)
        if described.init and described.name not in _NAMES and counts:
            try:
                parameters[described.name] = canonical(getattr(owner, described.name))
            except TypeError as error:
                if not has_version:
                    raise _unknown(f"The parameter {described.name!r} is no plain value: {error}.", where) from error
    return parameters


def _is_plain_dataclass(cls: type[Any], root: type[Any]) -> bool:
    below = cls.__mro__[: cls.__mro__.index(root)]
    return all("__dataclass_fields__" in vars(base) for base in below if "__init__" in vars(base))


def _unknown(what: str, where: str) -> VectorizerError:
    return VectorizerError(
        what,
        where,
        "give it a version or a fingerprint(): `version = 1` in the class, changed whenever it encodes differently",
    )


@runtime_checkable
class Fingerprinted(Protocol):
    """What says itself what determines its bytes."""

    def fingerprint(self) -> Mapping[str, Any]:
        """Plain JSON values."""


@singledispatch
def canonical(value: Any) -> Any:
    """A value as plain JSON values, the same for equal values.

    Raises:
        TypeError: There is no way to do so.

    Example:
        >>> canonical({"b", "a"}), canonical(torch.float16)
        (['a', 'b'], 'float16')
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Fingerprinted):
        return value.fingerprint()
    if is_dataclass(value) and not isinstance(value, type):
        parts = (f.name for f in fields(value) if f.init or f.compare)  # what is neither is no part of its value
        return {"class": canonical(type(value)), **{name: canonical(getattr(value, name)) for name in parts}}
    raise TypeError(f"{type(value).__name__} {value!r}")


@canonical.register
def _(value: float) -> Any:
    return value if math.isfinite(value) else str(value)


@canonical.register(list)
@canonical.register(range)
@canonical.register(tuple)
def _(value: Any) -> Any:
    return [canonical(item) for item in value]


@canonical.register
def _(value: Set) -> Any:  # type: ignore[type-arg]  # registered by this class
    return sorted((canonical(item) for item in value), key=json.dumps)


@canonical.register
def _(value: Mapping) -> Any:  # type: ignore[type-arg]  # registered by this class
    if all(isinstance(key, str) for key in value):
        return {key: canonical(value[key]) for key in sorted(value)}
    return sorted(([canonical(key), canonical(item)] for key, item in value.items()), key=json.dumps)


@canonical.register
def _(value: bytes) -> Any:
    return value.hex()


@canonical.register
def _(value: Enum) -> Any:
    return f"{canonical(type(value))}.{value.name}"


@canonical.register
def _(value: PurePath) -> Any:
    return value.as_posix()


@canonical.register
def _(value: type) -> Any:
    return qualified_name(value)


def qualified_name(value: Any) -> str:
    """The name by which others import a class or a function.

    Example:
        >>> qualified_name(json.dumps), qualified_name(str.lower)
        ('json.dumps', 'builtins.str.lower')
    """
    module = getattr(value, "__module__", None) or "builtins"
    return f"{_program() if module in ('__main__', '__mp_main__') else module}.{value.__qualname__}"


def _program() -> str:
    """The name by which others import the program that runs, so that a class of it is the same one to them."""
    main = sys.modules["__main__"]
    if main.__spec__ is not None:  # python -m
        return main.__spec__.name
    file = getattr(main, "__file__", None)  # in a notebook there is none
    return "__main__" if file is None else Path(file).stem


@canonical.register
def _(value: torch.dtype) -> Any:
    return str(value).removeprefix("torch.")


@canonical.register
def _(value: TorchConfig) -> Any:
    return canonical(value.data_type)


@canonical.register
def _(value: np.generic) -> Any:
    return canonical(value.item())


@canonical.register
def _(value: np.ndarray) -> Any:
    if value.dtype.hasobject:  # its bytes are addresses
        return {"data_type": str(value.dtype), "shape": list(value.shape), "values": canonical(value.tolist())}
    digest = hashlib.blake2b(np.ascontiguousarray(value).tobytes(), digest_size=16).hexdigest()
    return {"data_type": str(value.dtype), "shape": list(value.shape), "digest": digest}


@canonical.register
def _(value: Tensor) -> Any:
    flat = byte_view(value.cpu()).numpy()
    return {**canonical(flat), "data_type": canonical(value.dtype), "shape": list(value.shape)}
