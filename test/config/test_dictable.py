import io
import json
import pickle
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import yaml

from zensols_like.config import Dictable, Settings
from zensols_like.protocols import Writable


@dataclass
class Leaf(Dictable):
    _DICTABLE_ATTRIBUTES = ("double",)
    _DICTABLE_WRITE_EXCLUDES = frozenset({"size"})
    name: str
    size: int = 2
    tree: object = field(default=None, repr=False)
    _hidden: int = 0

    @property
    def double(self):
        return 2 * self.size


@dataclass
class Plain:
    a: int = 1


class Poem(Writable):
    def lines(self):
        yield 0, "a rose"
        yield 1, "is"


@dataclass
class Tree(Dictable):
    leaves: tuple = ()
    by_name: dict = field(default_factory=dict)
    extra: object = None


def written(value, **kwargs):
    out = io.StringIO()
    value.write(writer=out, **kwargs)
    return out.getvalue()


def test_fields_and_named_attributes_are_shown_and_references_back_are_not():
    assert Leaf("a", tree=object()).asdict() == {"name": "a", "size": 2, "double": 4}


def test_what_is_inside_is_shown_too_unless_not_wanted():
    leaf = Leaf("a")
    tree = Tree((leaf, Plain()), {"a": [leaf]}, Settings(x=leaf))
    data = leaf.asdict()
    assert tree.asdict() == {"leaves": (data, {"a": 1}), "by_name": {"a": [data]}, "extra": {"x": data}}
    assert tree.asdict(recurse=False) == {"leaves": tree.leaves, "by_name": tree.by_name, "extra": tree.extra}


@pytest.mark.parametrize(
    ("value", "flat"),
    [
        ({3, 1, 2}, [1, 2, 3]),
        ({"b", 1, "a"}, [1, "a", "b"]),
        (Path("a/b"), "a/b"),
        (date(2000, 1, 2), "2000-01-02"),
        (Leaf, f"{__name__}.Leaf"),
        ({(1, 2): 1}, {"[1, 2]": 1}),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (None, None),
        (1j, "1j"),
    ],
)
def test_flat_data_is_what_json_and_yaml_know(value, flat):
    tree = Tree(extra=value)
    assert tree.asflatdict()["extra"] == flat
    assert json.loads(tree.asjson()) == yaml.safe_load(tree.asyaml()) == tree.asflatdict()


def test_json_and_yaml_are_written_where_asked():
    out = io.StringIO()
    assert Leaf("a").asjson(out, indent=1) == out.getvalue() == '{\n "name": "a",\n "size": 2,\n "double": 4\n}'
    assert Leaf("a").asyaml() == "name: a\nsize: 2\ndouble: 4\n"


def test_writing_leaves_out_what_the_class_says_and_lets_others_write_themselves():
    tree = Tree((Leaf("a"), 3, []), {"p": Poem(), 1: {"s": {2, 1}}}, Plain())
    expected = """
leaves:
    -
        name: a
        double: 4
    - 3
    - []
by_name:
    p:
        a rose
            is
    1:
        s:
            - 1
            - 2
extra:
    a: 1
"""
    assert written(tree) == expected.lstrip()
    assert written(Leaf("a"), depth=1) == "    name: a\n    double: 4\n"


def test_settings_are_attributes_and_items():
    settings = Settings({"a": 1}, b=2)
    settings.c = 3
    settings["keys"] = 4
    assert (settings.a, settings["b"], settings.c, settings["keys"], settings.get("d", 5)) == (1, 2, 3, 4, 5)
    assert list(settings) == list(settings.keys()) == ["a", "b", "c", "keys"]
    assert list(settings.values()) == [1, 2, 3, 4]
    assert "a" in settings
    assert len(settings) == 4
    assert written(settings) == "a: 1\nb: 2\nc: 3\nkeys: 4\n"
    assert pickle.loads(pickle.dumps(settings)) == settings != Settings(a=1)
    with pytest.raises(AttributeError, match="no setting 'nope'"):
        _ = settings.nope
    with pytest.raises(KeyError):
        settings["nope"]


def test_importing_configuration_imports_nothing_heavy():
    code = (
        "import sys, zensols_like.config; print([m for m in ('torch', 'numpy', 'pandas', 'yaml') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
