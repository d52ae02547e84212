import copy
import io
import pickle
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Optional, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like import errors
from zensols_like.config import (
    Configurable,
    ConfigurableError,
    ConfigurationError,
    DictionaryConfig,
    FactoryError,
    ImportConfigFactory,
    Serializer,
    Settings,
    Writeback,
    load_config,
)
from zensols_like.errors import DatasetError
from zensols_like.protocols import Deallocatable, Primeable


@dataclass
class Part:
    size: int = 1
    label: str = "x"


@dataclass
class Whole(Writeback):
    part: Part
    config: Configurable | None = None
    parts: object = ()


@dataclass
class Held(Deallocatable):
    held: bool = True

    def deallocate(self):
        self.held = False


@dataclass
class Asking:
    config_factory: ImportConfigFactory
    wants: str
    got: object = field(init=False)

    def __post_init__(self):
        self.got = self.config_factory(self.wants, label="asked")


@dataclass
class Failing:
    error: object

    def __post_init__(self):
        raise self.error


class Readable(Protocol):
    def read(self) -> str: ...


@dataclass
class Typed:
    part: Part | None = None
    kind: type[Part] | None = None
    kinds: Sequence[type[Part]] = ()
    where: Path | None = None
    text: "str | Part" = ""
    some: Sequence[Part] = ()
    readable: Readable | None = None
    anything: Any = None


@dataclass
class Simple:
    flag: bool = True
    count: "int" = 1
    share: float = 0.5
    maybe: "bool | None" = None
    limit: Optional[int] = None  # noqa: UP045 (both ways to write it)
    workers: int | float = 1
    named: int | str = 0
    unsaid: Any = None


class Plain:
    def __init__(self, lower: bool = False, size: "int | None" = None, text: str = "", what=None):
        self.all = (lower, size, text, what)


class Later(Simple):
    """Its own constructor, below a dataclass."""

    def __init__(self, strict: bool = False):
        super().__init__()
        self.strict = strict


class Hiding(Simple):
    """In the class itself, `float` is a method."""

    def float(self): ...


@dataclass
class Unknowable:
    part: "NoSuchClass"  # noqa: F821


@dataclass
class Wanting:
    function: Callable[[str], object] = str
    maybe: Callable[[str], object] | None = None
    named: Callable[[str], object] = "lower"
    settings: Settings = field(default_factory=Settings)
    held: "Deallocatable | None" = None
    primed: Primeable | None = None
    either: Settings | str = ""
    label: str = ""
    sloppy: int = None
    part: Part = field(default_factory=Part)
    some: Sequence[Settings] = ()


class Open:
    def __init__(self, first, /, *rest, only=0, **more):
        self.all = (first, rest, only, more)


def factory(text, tmp_path):
    """Sections whose classes are those of this file."""
    path = tmp_path / "test.conf"
    path.write_text(text.replace("class_name = .", f"class_name = {__name__}."))
    return ImportConfigFactory(load_config(path))


PARTS = """
[part]
class_name = .Part
size = 2
[other]
class_name = .Part
[whole]
class_name = .Whole
part = instance: part
"""


def test_a_section_is_an_object_made_once(tmp_path):
    make = factory(PARTS, tmp_path)
    assert make("part") == make.instance("part") == Part(2)
    assert make("part") is make("part")
    assert make("whole").part is make("part")


def test_name_config_and_factory_are_filled_in(tmp_path):
    make = factory(PARTS, tmp_path)
    whole = make("whole")
    assert (whole.name, whole.config, whole.config_factory) == ("whole", make.config, make)


def test_name_and_config_are_not_filled_in_where_the_section_sets_them(tmp_path):
    make = factory(PARTS + "name = me\nconfig = None", tmp_path)
    assert make("whole").name == "me"
    assert make("whole").config is None


def test_setting_an_attribute_writes_nothing_back(tmp_path):  # weakness C11
    make = factory(PARTS, tmp_path)
    before = make.config.asdict()
    whole = make("whole")
    whole.part = f"eval: __import__('pathlib').Path('{tmp_path}/canary').touch()"
    whole.name = "5"
    assert make.config.asdict() == before
    assert not (tmp_path / "canary").exists()
    assert isinstance(whole.part, str)


def test_a_section_without_a_class_is_settings(tmp_path):
    make = factory(PARTS + "[settings]\nrate = 0.5\npart = instance: part", tmp_path)
    assert make("settings") == Settings(rate=0.5, part=make("part"))
    assert make("settings") is make("settings")
    assert make.get_class("settings") is Settings
    assert make.get_class("part") is Part


def test_arguments_of_the_caller_win_and_are_not_kept(tmp_path):
    make = factory(PARTS, tmp_path)
    shared = make("part")
    assert make("part", size=3) == Part(3)
    assert make("part", 4, label="y") == Part(4, "y")
    assert make("part") is shared == Part(2)
    assert make("whole", part=5).part == 5
    assert make("whole", name="me").name == "me"


def test_an_option_that_the_caller_gives_is_not_looked_at(tmp_path):
    make = factory("[a]\nclass_name = .Part\nsize = instance: nowhere\nlabel = eval: 1 / 0", tmp_path)
    assert make("a", 1, label="b") == Part(1, "b")


def test_new_objects_are_not_shared(tmp_path):
    make = factory(PARTS, tmp_path)
    shared = make("whole")
    new, deep = make.new_instance("whole"), make.new_deep_instance("whole")
    assert new is not shared
    assert new.part is shared.part
    assert deep.part is not shared.part
    assert deep.config_factory("part") is deep.part
    assert make("whole") is shared


def test_nothing_is_shared_when_so_asked(tmp_path):
    config = factory(PARTS, tmp_path).config
    make = ImportConfigFactory(config, shared=False)
    assert make("part") is not make("part")
    assert make("part") == make("part")


def test_objects_are_forgotten(tmp_path):
    make = factory(PARTS, tmp_path)
    part = make("part")
    assert make.clear_instance("part") is part
    assert make.clear_instance("part") is None
    assert make("part") is not part
    part = make("part")
    make.clear()
    assert make("part") is not part


def test_all_objects_are_deallocated_and_forgotten(tmp_path):
    make = factory(PARTS + "[held]\nclass_name = .Held", tmp_path)
    held = make("held")
    make("part")
    make.deallocate()
    assert not held.held
    assert make("held").held


def test_a_factory_travels_without_what_it_made(tmp_path):
    make = factory(PARTS, tmp_path)
    part = make("part")
    for other in (pickle.loads(pickle.dumps(make)), make.clone(), copy.deepcopy(make)):
        assert other("part") == part
        assert other("part") is not part
    whole = pickle.loads(pickle.dumps(make("whole")))
    assert whole.config_factory("part") == whole.part


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("instance: part", Part(2)),
        ("instance({'param': {'size': 7, 'label': '):'}}): part", Part(7, "):")),
        ("instance({'share': 'default'}): part", Part(2)),
        ("instance: list: part, other", [Part(2), Part(1)]),
        ("instance: tuple: part", (Part(2),)),
        ('instance: json: {"a": "part", "b": ["other"]}', {"a": Part(2), "b": [Part(1)]}),
        ("instance({'param': {'size': 7}}): list: part, other", [Part(7), Part(7)]),
        ("list({'type': 'object'}): instance: part, 3", [Part(2), 3]),
    ],
)
def test_instance_is_the_object_of_another_section(text, value, tmp_path):
    make = factory(PARTS + f"[it]\nis = {text}", tmp_path)
    assert make("it")["is"] == value
    assert make.from_config_string(text) == value


def test_instance_shares_as_it_says(tmp_path):
    make = factory(PARTS, tmp_path)
    shared = make("whole")
    assert make.from_config_string("instance: whole") is shared
    evicted = make.from_config_string("instance({'share': 'evict'}): whole")
    assert evicted is not shared
    assert evicted.part is shared.part
    deep = make.from_config_string("instance({'share': 'deep'}): whole")
    assert deep.part is not shared.part
    assert make("whole") is shared


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("instance({'share': 'never'}): part", "no way 'never' to share"),
        ("instance({'share': []}): part", "to share"),
        ("instance({'param': {1: 2}}): part", "has parameters"),
        ("instance({'param': [1]}): part", r"has parameters \[1\]"),
        ("instance({'params': {}}): part", "did you mean 'param'"),
        ("instance({'param': {'size': open}}): part", "not literals"),
        ("instance:", r"no section \[\]"),
        ("instance: prat", "did you mean 'part'"),
        ("instance: list: part, prat", "did you mean 'part'"),
        ("instance: json: [", "not followed by JSON"),
        ("eval: nobody", "NameError"),
        ("class: nowhere.Thing", "no module"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_option(text, message, tmp_path):
    make = factory(PARTS + f"[it]\nis = {text}", tmp_path)
    with pytest.raises(ConfigurationError, match=message) as caught:
        make("it")
    assert caught.value.where == f"{tmp_path}/test.conf [it] is"


@pytest.mark.parametrize(
    ("text", "where", "message", "fix"),
    [
        ("class_name = nowhere.Part", "class_name", "no module 'nowhere'", "install"),
        ("class_name = zensols.batch.Part", "class_name", "no module 'zensols'", "write zensols_like.batch"),
        ("class_name = .Hold", "class_name", "no class 'Hold'", "did you mean 'Held'"),
        ("class_name = Part", "class_name", "does not name a class", "package.module.Class"),
        ("class_name = .factory", "class_name", "not a class", "classes of"),
        (
            "class_name = .Part\nsiz = 3",
            "siz",
            "Part takes no argument 'siz'",
            "did you mean 'size'? arguments: label, size",
        ),
        ("class_name = .Part\ncolour = 3", "colour", "takes no argument 'colour'", "arguments: label, size"),
        ("class_name = .Whole", None, r"Whole needs the arguments \['part'\]", "set them in [it]"),
        ("class_name = .Open", None, r"Open needs the arguments \['first'\]", "set them in [it]"),
        ("class_name = .Failing\nerror = eval: ValueError('bad')", None, "Failing raised ValueError: bad", "options"),
        ("class_name = .Failing\nerror = eval: KeyError('k')", None, "Failing raised KeyError: 'k'", "options"),
        ("class_name = zensols_like.config.Configurable", None, "abstract", "options"),
        ("class_name = datetime.date\nyear = 2000", None, "raised TypeError", "options"),
    ],
)
def test_an_object_that_cannot_be_made_is_an_error_with_the_fix(text, where, message, fix, tmp_path):
    make = factory(f"[it]\n{text}", tmp_path)
    with pytest.raises(FactoryError, match=message) as caught:
        make("it")
    assert caught.value.where == f"{tmp_path}/test.conf [it]{'' if where is None else f' {where}'}"
    assert fix in caught.value.fix
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("option", "fix"),
    [("part = other", "instance: other"), (f"kind = {__name__}.Part", f"class: {__name__}.Part")],
)
def test_a_forgotten_directive_is_an_error_that_writes_it(option, fix, tmp_path):
    name = option.partition(" ")[0]
    with pytest.raises(FactoryError, match=f"Typed takes no text as '{name}'") as caught:
        factory(f"{PARTS}\n[it]\nclass_name = .Typed\n{option}", tmp_path)("it")
    assert caught.value.where == f"{tmp_path}/test.conf [it] {name}"
    assert caught.value.fix == f"write '{name} = {fix}'"
    assert factory(f"{PARTS}\n[it]\nclass_name = .Typed\n{name} = {fix}", tmp_path)("it") != Typed()


@pytest.mark.parametrize("option", ["where", "text", "some", "readable", "anything"])
def test_what_may_be_meant_as_text_stays_text(option, tmp_path):
    made = factory(f"{PARTS}\n[it]\nclass_name = .Typed\n{option} = other", tmp_path)("it")
    assert getattr(made, option) == "other"


def test_a_class_whose_types_cannot_be_told_gets_its_texts(tmp_path):
    assert factory(f"{PARTS}\n[it]\nclass_name = .Unknowable\npart = other", tmp_path)("it").part == "other"


@pytest.mark.parametrize("text", ["false", "no", "str: 1", "007", "1.5.2"])
@pytest.mark.parametrize(
    ("kind", "option", "fix"),
    [
        ("Simple", "flag", "write True or False"),
        ("Simple", "count", "write a whole number"),
        ("Simple", "share", "write a number"),
        ("Simple", "maybe", "write True, False or None"),
        ("Simple", "limit", "write a whole number or None"),
        ("Simple", "workers", "write a number"),
        ("Plain", "lower", "write True or False"),
        ("Plain", "size", "write a whole number or None"),
        ("Later", "strict", "write True or False"),
        ("Hiding", "share", "write a number"),
    ],
)
def test_a_text_where_a_number_or_a_truth_value_belongs_is_an_error(kind, option, fix, text, tmp_path):
    with pytest.raises(FactoryError, match=f"{kind} takes no text as '{option}', but this is ") as caught:
        factory(f"[it]\nclass_name = .{kind}\n{option} = {text}", tmp_path)("it")
    assert caught.value.where == f"{tmp_path}/test.conf [it] {option}"
    assert caught.value.fix == fix
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("kind", "option"), [("Simple", "named"), ("Simple", "unsaid"), ("Plain", "what")])
def test_a_text_stays_where_it_is_allowed_or_nothing_is_said(kind, option, tmp_path):
    made = factory(f"[it]\nclass_name = .{kind}\n{option} = false", tmp_path)("it")
    assert "false" in (made.all if kind == "Plain" else vars(made).values())


@given(st.sampled_from([None, True, False]) | st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_and_truth_values_are_taken_by_what_says_it_takes_them(value):
    section = {"class_name": f"{__name__}.Simple", "share": value, "workers": value, "maybe": value, "unsaid": value}
    made = ImportConfigFactory(DictionaryConfig({"it": section}))("it")
    assert (made.share, made.workers, made.maybe, made.unsaid) == (value,) * 4


@given(st.text().filter(lambda text: "${" not in text), st.sampled_from(["lower", "size"]))
def test_a_text_of_any_kind_is_no_truth_value_and_no_number_but_may_be_a_text(text, option):
    written = Serializer().format_option(text)
    sections = {"it": {"class_name": f"{__name__}.Plain", "text": written, "what": written}}
    assert ImportConfigFactory(DictionaryConfig(sections))("it").all[2:] == (text, text)
    sections["it"][option] = written
    with pytest.raises(FactoryError, match=f"takes no text as '{option}'"):
        ImportConfigFactory(DictionaryConfig(sections))("it")


@pytest.mark.parametrize(
    ("option", "message", "fix"),
    [
        ("function = int", "no text as 'function', but this is 'int'", "write 'function = eval: int'"),
        ("maybe = int", "no text as 'maybe'", "write 'maybe = eval: int'"),
        ("settings = instance: part", "no Part as 'settings'", "'settings = instance: section'"),
        ("settings = prat", "no text as 'settings', but this is 'prat'", "'settings = instance: section'"),
        ("held = instance: part", "no Part as 'held'", "with the section of a Deallocatable"),
    ],
)
def test_what_a_type_cannot_be_is_an_error_that_names_the_option(option, message, fix, tmp_path):
    with pytest.raises(FactoryError, match=f"Wanting takes {message}") as caught:
        factory(f"{PARTS}\n[it]\nclass_name = .Wanting\n{option}", tmp_path)("it")
    assert caught.value.where == f"{tmp_path}/test.conf [it] {option.partition(' ')[0]}"
    assert fix in caught.value.fix
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "option",
    [
        "function = eval: int",
        "function = class: fractions.Fraction",
        "maybe = None",
        "named = upper",
        "held = None",
        "held = instance: held",
        "settings = instance: set",
        "primed = instance: part",
        "either = text",
        "either = instance: set",
        "sloppy = None",
        "function = None",
        "settings = None",
        "part = instance: set",
        "some = instance: list: part",
    ],
)
def test_what_a_type_may_be_is_taken(option, tmp_path):
    config = f"{PARTS}\n[held]\nclass_name = .Held\n[set]\na = 1\n[it]\nclass_name = .Wanting\n{option}"
    assert isinstance(factory(config, tmp_path)("it"), Wanting)


def test_none_is_refused_by_a_class_of_ours_that_has_no_use_for_it(tmp_path):
    config = "[it]\nclass_name = zensols_like.dataset.FixedSplitKeyContainer\nkeys = None"
    with pytest.raises(FactoryError, match="FixedSplitKeyContainer takes no None as 'keys'") as caught:
        factory(config, tmp_path)("it")
    assert caught.value.fix == "write something else than None, or take the line away where 'keys' has a default"


@pytest.mark.parametrize(
    ("raised", "code"),
    [("APIError", 2), ("VectorizerError", 2), ("DatasetError", 2), ("MissingBatchError", 5), ("StaleError", 6)],
)
def test_an_error_of_ours_out_of_a_constructor_is_a_wrong_configuration_unless_it_says_more(raised, code, tmp_path):
    config = f"""
[it]
class_name = .Failing
error = eval({{'import': ['zensols_like.errors as e']}}): e.{raised}('no')
"""
    with pytest.raises(getattr(errors, raised)) as caught:
        factory(config, tmp_path)("it")
    assert pickle.loads(pickle.dumps(caught.value)).exit_code == code
    assert vars(errors.VectorizerError)["exit_code"] == 5


def test_the_error_of_a_constructor_is_the_cause(tmp_path):
    make = factory("[it]\nclass_name = .Failing\nerror = eval: ValueError('bad')", tmp_path)
    with pytest.raises(FactoryError) as caught:
        make("it")
    assert isinstance(caught.value.__cause__, ValueError)


def test_an_error_of_ours_passes_with_a_note_of_each_section(tmp_path):
    config = """
[it]
class_name = .Failing
error = eval({'import': ['zensols_like.errors as e']}): e.DatasetError('no data', 'here', 'get some')
[needs]
it = instance: it
"""
    with pytest.raises(DatasetError) as caught:
        factory(config, tmp_path)("needs")
    assert str(caught.value) == "no data\n  where: here\n  fix: get some"
    assert caught.value.__notes__ == [
        f"while making [it] of {tmp_path}/test.conf",
        f"needed by {tmp_path}/test.conf [needs] it",
    ]


def test_a_missing_section_is_an_error_with_the_closest_name(tmp_path):
    make = factory(PARTS, tmp_path)
    with pytest.raises(FactoryError, match=r"no section \[prat\]"):
        make.get_class("prat")
    with pytest.raises(FactoryError, match=r"no section \[prat\]") as caught:
        make("prat")
    assert caught.value.fix == "did you mean 'part'? sections: other, part, whole"
    assert caught.value.where == f"{tmp_path}/test.conf"


@pytest.mark.parametrize("share", ["default", "evict", "deep"])
def test_a_circle_of_sections_is_an_error_that_shows_it(share, tmp_path):
    text = f"""
[start]
it = instance: a
[a]
it = instance({{'share': '{share}'}}): b
[b]
it = instance: list: c
[c]
it = instance({{'share': '{share}'}}): a
"""
    make = factory(text, tmp_path)
    for _ in range(2):
        with pytest.raises(FactoryError, match="in a circle: a -> b -> c -> a") as caught:
            make("start")
        assert caught.value.where == f"{tmp_path}/test.conf [a]"


def test_a_section_that_refers_to_itself_is_a_circle(tmp_path):
    with pytest.raises(FactoryError, match="in a circle: a -> a"):
        factory("[a]\nb = instance: a", tmp_path)("a")


def test_a_constructor_may_ask_the_factory(tmp_path):
    text = PARTS + "[asking]\nclass_name = .Asking\nwants = part\n[circle]\nclass_name = .Asking\nwants = circle"
    make = factory(text, tmp_path)
    assert make("asking").got == Part(2, "asked")
    with pytest.raises(FactoryError, match="circle: circle -> circle"):
        make("circle")


def test_a_class_with_any_arguments_gets_them(tmp_path):
    make = factory("[open]\nclass_name = .Open\nonly = 1\nelse = 2", tmp_path)
    assert make("open", "a", "b", c=3).all == ("a", ("b",), 1, {"else": 2, "c": 3})


def test_a_class_that_does_not_tell_its_arguments_is_made(tmp_path):
    make = factory(
        "[third]\nclass_name = fractions.Fraction\nnumerator = 1\n[map]\nclass_name = builtins.dict\na = 1", tmp_path
    )
    assert make("third", denominator=3) == Fraction(1, 3)
    assert make("map") == {"a": 1}


def test_references_are_never_taken_for_text(tmp_path):
    config = DictionaryConfig({"a": {"folder": "path: ${default:root}/x"}})
    with pytest.raises(ConfigurableError, match="does not look up references") as caught:
        ImportConfigFactory(config)("a")
    assert "load_config" in caught.value.fix
    assert caught.value.where == "DictionaryConfig [a] folder"


def test_a_factory_says_what_it_reads(tmp_path):
    make = factory(PARTS, tmp_path)
    assert repr(make) == f"<ImportConfigFactory of <ImportIniConfig {tmp_path}/test.conf>>"


def test_threads_share_one_object(tmp_path):
    make = factory(PARTS, tmp_path)
    made, start = [], threading.Barrier(8)

    def ask():
        start.wait()
        made.append(make("whole"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(whole) for whole in made}) == 1
    assert len(made) == 8


def test_a_module_is_imported_anew_when_so_asked(tmp_path, monkeypatch):
    (tmp_path / "edited.py").write_text("class Thing:\n    version = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    config = DictionaryConfig({"it": {"class_name": "edited.Thing"}})
    once, other = ImportConfigFactory(config), ImportConfigFactory(config, reload=True, reload_pattern="other")
    again = ImportConfigFactory(config, reload=True, reload_pattern="edited")
    assert once.new_instance("it").version == 1
    (tmp_path / "edited.py").write_text("class Thing:\n    version = 22\n")
    assert once.new_instance("it").version == other.new_instance("it").version == 1
    assert again.new_instance("it").version == 22


def test_a_bare_subclass_of_writeback_works():
    @dataclass
    class Mine(Writeback):
        size: int = 1

    make = ImportConfigFactory(DictionaryConfig({}))
    assert repr(Mine("x", make)).endswith("Mine(name='x', size=1)")
    assert Mine("x", make) == Mine("x", ImportConfigFactory(DictionaryConfig({})))


def test_the_shipped_configurations_make_their_objects():
    for name in ("default.conf", "torch.conf"):
        make = ImportConfigFactory(load_config(Path(__file__).parents[2] / "resources" / name))
        for section in make.config.sections:
            made = make(section)
            assert type(made) is make.get_class(section)
            made_text = io.StringIO()
            make.config.write(writer=made_text)
            assert f"[{section}]" in made_text.getvalue()
