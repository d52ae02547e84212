"""The functions of the Python standard library as lists of words, in files that the configuration reads."""

from __future__ import annotations

import ast
import hashlib
import json
import random
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from zensols_like.persist import write_atomically, write_keys

LIBRARY = Path(sysconfig.get_paths()["stdlib"])
SKIPPED = {"distutils", "ensurepip", "idlelib", "lib2to3", "site-packages", "test", "tests", "tkinter", "turtledemo"}
"""Folders that are not a part of every installation, or that hold the tests of the library."""
VOCABULARY = 2000
LENGTHS = range(4, 101)
"""How many words a function has."""
OTHER = "<other>"
"""Stands for words that are not in the vocabulary."""

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Item: TypeAlias = dict[str, Any]


class WordReader(ast.NodeVisitor):
    """Collects the words of code, but for its return statements."""

    silent = (ast.arg, ast.arguments, ast.Attribute, ast.Expr, ast.expr_context, ast.keyword, ast.Name)

    def __init__(self) -> None:
        self.words: list[str] = []

    def visit_Return(self, node: ast.Return) -> None:
        """Leave it out, and what it returns too."""

    def visit_Constant(self, node: ast.Constant) -> None:
        """Only its type."""
        self.words.append(f"<{type(node.value).__name__}>")

    def generic_visit(self, node: ast.AST) -> None:
        """The kind of a node and the words of its names, then what is in it."""
        if not isinstance(node, self.silent):
            self.words.append(f"<{type(node).__name__}>")
        names = [name for _, name in ast.iter_fields(node) if isinstance(name, str)]
        self.words += [word for name in names for word in split_name(name)]
        super().generic_visit(node)


def split_name(name: str) -> list[str]:
    """The words of a name.

    Example:
        >>> split_name("loadHTML_file2")
        ['load', 'html', 'file', '2']
    """
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def words_of(function: Function) -> list[str]:
    """The words of name, arguments and body, without the documentation.

    Example:
        >>> words_of(ast.parse("def load_all(path): x = read(path, 3); return x").body[0])
        ['load', 'all', 'path', '<Assign>', 'x', '<Call>', 'read', 'path', '<int>']
    """
    reader = WordReader()
    reader.words += split_name(function.name)
    reader.visit(function.args)
    for statement in function.body[ast.get_docstring(function, clean=False) is not None :]:
        reader.visit(statement)
    return reader.words


def returns_value(function: Function) -> bool:
    """Whether a function has a return statement with something else than ``None``, and yields nothing."""
    own = list(_own_nodes(function))
    values = [node.value for node in own if isinstance(node, ast.Return)]
    is_generator = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own)
    return not is_generator and any(value is not None and ast.unparse(value) != "None" for value in values)


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """What is in a function, but not in those that are defined in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.ClassDef | ast.Lambda):
            yield child
            yield from _own_nodes(child)


def does_more_than_return(function: Function) -> bool:
    """Whether something is left of a function without its documentation and its return statements."""
    plain = (ast.Return, ast.Pass)
    return any(
        not isinstance(statement, plain)
        and not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in function.body
    )


def read_library() -> Iterator[tuple[str, Item]]:
    """Module and item of each function: its file and line, its words, and whether it returns a value."""
    for path in sorted(LIBRARY.rglob("*.py")):
        module = path.relative_to(LIBRARY)
        if SKIPPED.isdisjoint(module.parts):
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, Function) and does_more_than_return(node):
                    words = words_of(node)
                    if len(words) in LENGTHS:
                        key = f"{module.as_posix()}:{node.lineno}"
                        yield module.as_posix(), {"key": key, "words": words, "returns": returns_value(node)}


def split_of(module: str) -> str:
    """The split of all functions of a module, so that none is tested on a module that it was trained on."""
    place = hashlib.sha256(module.encode()).digest()[0] / 256
    return "train" if place < 0.7 else "dev" if place < 0.8 else "test"


def collect(folder: Path) -> None:
    """Write the functions, the keys of each split and the vocabulary of the training split, if they are not there."""
    vocabulary = folder / "words.json"
    if vocabulary.exists():  # it is written last
        return
    keys: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
    counts: Counter[str] = Counter()
    items: list[Item] = []
    for module, item in read_library():
        split = split_of(module)
        keys[split].append(item["key"])
        items.append(item)
        if split == "train":
            counts.update(item["words"])
    known = sorted(word for word, _ in counts.most_common(VOCABULARY))
    write_atomically(folder / "functions.jsonl", [_line(item, frozenset(known)) for item in items])
    for split, names in keys.items():
        random.Random(0).shuffle(names)  # noqa: S311 - so that a batch has functions of many modules
        write_keys(folder / "keys" / f"{split}.txt", names)
    write_atomically(vocabulary, [json.dumps([OTHER, *known]).encode()])


def _line(item: Mapping[str, Any], known: frozenset[str]) -> bytes:
    words = [word if word in known else OTHER for word in item["words"]]
    return f"{json.dumps({**item, 'words': words})}\n".encode()


def read_vocabulary(folder: Path) -> list[str]:
    """The words; the first in their order is nothing at all, so that its number, 0, is free for padding."""
    return ["", *json.loads((folder / "words.json").read_text())]
