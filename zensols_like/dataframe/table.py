"""Tables that are what they say: every row as long as the header, every key there once, every column known."""

from __future__ import annotations

import csv
import difflib
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zensols_like.errors import DataframeError

__all__ = [
    "DataframeFileNotFoundError",
    "as_numbers",
    "key_index",
    "read_csv",
    "require_columns",
    "require_distinct",
    "require_file",
]


class DataframeFileNotFoundError(DataframeError):
    """The file of a table is not there."""

    exit_code = 3


def read_csv(path: Path, text: Collection[str] = ()) -> pd.DataFrame:
    """Read a CSV file that has a header.

    pandas fills a short row up with missing values, renames a column that comes twice, and takes the first column as
    the index where rows are longer than the header.  Here each of these is an error.

    Args:
        path: A file of comma separated values in UTF-8.
        text: The names of columns to take as they stand in the file, where pandas would make the number 1 of ``001``.

    Returns:
        The table as pandas reads it, its rows numbered from 0.

    Raises:
        DataframeFileNotFoundError: There is no such file.
        DataframeError: The file is empty or not UTF-8, a column comes twice, or a row is not as long as the header.
    """
    require_file(path)
    try:
        _check_head(path)
        frame = pd.read_csv(path, index_col=False, dtype=dict.fromkeys(text, str))
    except UnicodeDecodeError as error:
        raise DataframeError(f"The table is not UTF-8 text: {error.reason}.", str(path), "save it as UTF-8") from error
    except pd.errors.ParserError as error:
        _refuse_ragged(path)
        raise DataframeError(f"The table cannot be read: {error}.", str(path), "correct the file") from error
    if len(frame) and frame.iloc[:, -1].isna().any():  # a short row always leaves its last column empty
        _refuse_ragged(path)
    return frame


def key_index(frame: pd.DataFrame, where: str) -> pd.Index[str]:
    """The index of ``frame`` as keys of a stash: strings, each there once.

    Raises:
        DataframeError: The table has no rows, or its index has duplicates or something else than strings and integers.

    Example:
        >>> list(key_index(pd.DataFrame({"size": [3, 4]}, index=[10, 20]), "sizes.csv"))
        ['10', '20']
    """
    if frame.empty:
        raise DataframeError(
            f"The table has {len(frame)} rows and {len(frame.columns)} columns.", where, "give a table with data in it"
        )
    if pd.api.types.is_integer_dtype(frame.index.dtype) and not frame.index.hasnans:
        given: list[Any] = frame.index.tolist()
        wrong = []
    else:
        given = list(frame.index)
        wrong = [key for key in given if type(key) is not str and not _is_key(key)]
    if wrong:
        # a missing key makes floats of all whole numbers, and it is the one to blame
        strange = next((key for key in wrong if pd.isna(key)), wrong[0])
        raise DataframeError(
            f"The index holds {strange!r}.",
            where,
            "give an index of strings or integers, as by reset_index(drop=True): they are the keys of the stash",
        )
    keys = pd.Index(list(map(str, given)), dtype=object, name=frame.index.name)
    if not keys.is_unique:
        duplicates = list(keys[keys.duplicated()].unique()[:5])
        raise DataframeError(f"Duplicate keys {duplicates}.", where, "give each row an index value of its own")
    return keys


def as_numbers(index: pd.Index) -> pd.Index:
    """The numbers of an index of texts, of which millions take little memory; where one is no number, the same index.

    Example:
        >>> list(as_numbers(pd.Index(["7", "-12"]))), list(as_numbers(pd.Index(["7", "012"])))
        ([7, -12], ['7', '012'])
    """
    try:
        numbers = index.astype(np.int64)
    except (ValueError, TypeError, OverflowError):
        return index
    return numbers if (numbers.astype(str) == index).all() else index  # 012 is the text of no number


def require_file(path: Path) -> None:
    """Raise a :class:`DataframeFileNotFoundError` when ``path`` is not a file."""
    if not path.is_file():
        raise DataframeFileNotFoundError(
            f"No table file {path.name!r}.",
            str(path.absolute()),
            "correct the path, which starts at the current folder unless it is absolute, or make the file",
        )


def require_columns(frame: pd.DataFrame, names: Iterable[Hashable], where: str) -> None:
    """Raise a :class:`.DataframeError` that lists the columns of ``frame`` when it lacks one of ``names``."""
    columns = [str(name) for name in frame.columns]
    for name in names:
        if name not in frame.columns:
            close = difflib.get_close_matches(str(name), columns, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise DataframeError(f"No column {name!r}.", where, f"{hint}use one of {columns}")


def require_distinct(frame: pd.DataFrame, where: str) -> None:
    """Raise a :class:`.DataframeError` when columns of ``frame`` have one name."""
    twice = frame.columns[frame.columns.duplicated()].tolist()
    if twice:
        raise DataframeError(f"The columns {twice} stand more than once.", where, "rename them, or drop all but one")


def _is_key(key: object) -> bool:
    return isinstance(key, str) or (pd.api.types.is_integer(key) and not isinstance(key, bool))


def _check_head(path: Path) -> None:
    header = next(_rows(path), None)
    if header is None:
        raise DataframeError("The table is empty.", str(path), "give a file with a header and at least one row")
    _, names = header
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DataframeError(f"Duplicate columns {twice}.", str(path), "give each column a name of its own")
    _refuse_ragged(path, limit=1)


def _refuse_ragged(path: Path, limit: int | None = None) -> None:
    rows = _rows(path)
    _, header = next(rows)
    for line, fields in islice(rows, limit):
        if len(fields) != len(header):
            raise DataframeError(
                f"Line {line} has {len(fields)} fields, the header {len(header)}.",
                f"{path}, line {line}",
                f"give it a value for each of {header}, and quote values that hold a comma or a quotation mark",
            )


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, with the number of the line on which each begins."""
    with path.open(newline="", encoding="utf-8-sig") as file, suppress(csv.Error):  # a field that pandas alone can read
        reader = csv.reader(file)
        line = 1
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
