"""Data where it lies, as stashes for reading: files, lines, JSON lines, arrays, databases, Parquet and Arrow."""

from __future__ import annotations

from zensols_like.source.arrays import ArrayStash
from zensols_like.source.arrow import ArrowStash
from zensols_like.source.digest import SourceStash
from zensols_like.source.errors import SourceError, SourceFileNotFoundError
from zensols_like.source.file import Stamp, digest_file
from zensols_like.source.files import FileStash
from zensols_like.source.jsonl import JsonLinesStash
from zensols_like.source.keyindex import KeyIndex
from zensols_like.source.lines import LineStash
from zensols_like.source.sql import SqlStash

__all__ = [
    "ArrayStash",
    "ArrowStash",
    "FileStash",
    "JsonLinesStash",
    "KeyIndex",
    "LineStash",
    "SourceError",
    "SourceFileNotFoundError",
    "SourceStash",
    "SqlStash",
    "Stamp",
    "digest_file",
]
