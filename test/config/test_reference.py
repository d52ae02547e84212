from dataclasses import dataclass, field
from typing import Any

import pytest

from zensols_like.config import ConfigurationError, Dictable, FactoryError, ImportConfigFactory, load_config
from zensols_like.errors import DatasetError


@dataclass
class Part:
    size: int = 1
    label: str = "x"
    inner: Any = None

    @property
    def double(self) -> int:
        return 2 * self.size

    def times(self, n: int = 3) -> int:
        return n * self.size

    def fails(self, ours: bool = False) -> None:
        raise DatasetError("ours") if ours else ValueError("not ours")


@dataclass
class Shown(Dictable):
    _DICTABLE_ATTRIBUTES = ("area",)
    size: int
    hidden: int = field(default=0, repr=False)

    @property
    def area(self) -> int:
        return self.size**2


class Plain:
    pass


SECTIONS = """
[part]
class_name = .Part
size = 2
inner = instance: settings
[settings]
rate = 0.5
also = ${part:size}
[shown]
class_name = .Shown
size = 3
[plain]
class_name = .Plain
[bare]
size = 7
label = instance: settings
"""


@pytest.fixture
def make(tmp_path):
    """The value of an option that says what is given."""

    def made(text, more=""):
        path = tmp_path / "test.conf"
        whole = f"{SECTIONS}\n{more}\n[it]\nis = {text}"
        path.write_text(whole.replace("class_name = .", f"class_name = {__name__}.").replace("(.", f"({__name__}."))
        factory = ImportConfigFactory(load_config(path))
        made.factory = factory
        return factory("it")["is"]

    return made


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("alias: part:size", 2),
        ("alias: settings:also", 2),
        ("alias: part : size", 2),
        ("call({'param': {'method': 'times'}}): part", 6),
        ("call({'param': {'method': 'times', 'n': 5}}): part", 10),
        ("call({'param': {'attribute': 'double'}}): part", 4),
        ("call({'param': {'method': 'get', 'name': 'rate'}}): settings", 0.5),
        ("asdict: shown", {"size": 3, "area": 9}),
        ("object: collections.OrderedDict", {}),
        ("object({'param': {'size': 9, 'label': '):'}}): test_reference.Part", Part(9, "):")),
    ],
)
def test_a_directive_stands_for_what_another_section_describes(make, text, value):
    assert make(text) == value


def test_an_alias_is_the_same_object(make):
    value = make("alias: part:inner")
    assert value is make.factory("settings")
    assert value is make.factory("part").inner


def test_an_alias_of_an_alias_is_looked_up(make):
    assert make("alias: b:x", "[b]\nx = alias: part:size") == 2


def test_a_dictionary_holds_the_same_objects(make):
    value = make("asdict: part")
    assert value == {"size": 2, "label": "x", "inner": make.factory("settings")}
    assert value["inner"] is make.factory("settings")
    assert make("asdict: settings") == {"rate": 0.5, "also": 2}


def test_a_dataclass_is_made_of_the_options_of_a_section(make):
    value = make("dataclass(.Part): bare")
    assert value == Part(7, make.factory("settings"))
    assert make("dataclass(.Part): part") == Part(2, "x", make.factory("settings"))


def test_an_object_is_made_anew_each_time(make):
    first = make("object: test_reference.Plain")
    assert isinstance(first, Plain)
    assert first is not make.factory.from_config_string("object: test_reference.Plain")


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("alias: part", "names no option", "alias: section:option"),
        ("alias: part:sise", r"no option of \[part\]", "did you mean 'size'"),
        ("alias: prat:size", r"no section \[prat\]", "did you mean 'part'"),
        ("asdict: plain", "cannot take a Plain apart", "dataclass"),
        ("asdict: prat", r"no section \[prat\]", "did you mean 'part'"),
        ("call: part", "no method or attribute", "method"),
        ("call({'param': {'method': 'a', 'attribute': 'b'}}): part", "no method or attribute", "method"),
        ("call({'param': {'method': 'tims'}}): part", "finds no Part.tims", "did you mean 'times'"),
        ("call({'param': {'method': 'fails'}}): part", "Part.fails raised ValueError: not ours", "correct"),
        ("call({'param': {'method': 'size'}}): part", "Part.size raised TypeError", "correct"),
        ("call({'param': {'attribute': 'size', 'n': 1}}): part", r"takes no \['n'\]", "leave them out"),
        ("call({'parm': {}}): part", "no parameter 'parm'", "did you mean 'param'"),
        ("object: nowhere.Thing", "no module 'nowhere'", "install"),
        ("object({'param': {'sise': 3}}): test_reference.Part", "no argument 'sise'", "did you mean 'size'"),
        ("object: test_reference.Shown", r"needs the arguments \['size'\]", "object({"),
        ("object({'param': [1]}): test_reference.Part", "has parameters", "param"),
        ("dataclass: part", "names no class", "dataclass(package.Class)"),
        ("dataclass(.Plain): part", "which is no dataclass", "class_name"),
        ("dataclass(.Part): settings", "no argument 'rate'", "arguments"),
        ("dataclass(.Part): prat", r"no section \[prat\]", "did you mean 'part'"),
    ],
)
def test_a_wrong_directive_is_an_error_that_says_where(make, text, message, fix, tmp_path):
    with pytest.raises(ConfigurationError, match=message) as caught:
        make(text)
    assert fix in caught.value.fix
    if "settings" not in text:
        assert caught.value.where == f"{tmp_path}/test.conf [it] is"


def test_an_error_of_ours_says_what_was_called(make, tmp_path):
    with pytest.raises(DatasetError) as caught:
        make("call({'param': {'method': 'fails', 'ours': True}}): part")
    assert f"while calling Part.fails for {tmp_path}/test.conf [it] is" in caught.value.__notes__


@pytest.mark.parametrize(
    ("more", "circle"),
    [
        ("[a]\nx = alias: b:y\n[b]\ny = alias: a:x", "a:x -> b:y -> a:x"),
        ("[a]\nx = asdict: b\n[b]\ny = alias: a:x", "a:x -> b -> a:x"),
        ("[a]\nx = call({'param': {'attribute': 'y'}}): b\n[b]\ny = instance: it", "it -> a:x -> b -> it"),
    ],
)
def test_a_circle_is_an_error_that_shows_it(make, more, circle):
    with pytest.raises(FactoryError, match=circle):
        make("alias: a:x", more)
