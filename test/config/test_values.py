import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zensols_like.config import ConfigurableError, ConfigurableFileNotFoundError, FactoryError, Serializer

parse = Serializer().parse_object


def same(left, right):
    return type(left) is type(right) and left == right


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("None", None),
        ("True", True),
        ("False", False),
        ("0", 0),
        ("-12", -12),
        ("1.5", 1.5),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1e3", 1000.0),
        ("-2.5E-1", -0.25),
    ],
)
def test_a_plain_value_is_what_it_looks_like(text, value):
    assert same(parse(text), value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "007",
        "-01",
        "5.",
        "+5",
        "1_000",
        "true",
        "none",
        "inf",
        "nan",
        "e3",
        ".",
        "True North",
        "Falsehood",
        "NoneSuch",
        "1 2",
        "٣",  # a digit, but no ASCII digit
        "http://somewhere/x",
        "list",
        "listed: a",
        "set of things: a",
        "eval",
    ],
)
def test_any_other_text_stays_a_text(text):  # weakness A12
    assert same(parse(text), text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("str: True", "True"),
        ("str:", ""),
        ("str: list: a", "list: a"),
        ("list: a, b", ["a", "b"]),
        ("list: 1, True", ["1", "True"]),
        ("list:", []),
        ("list: a,\nb,", ["a", "b"]),
        ("tuple: a", ("a",)),
        ("set: b, a, b", {"a", "b"}),
        ("list({'type': 'int'}): 1, 2", [1, 2]),
        ("tuple({'type': 'float'}): 1, .5", (1.0, 0.5)),
        ("set({'type': 'path'}): a, b/c", {Path("a"), Path("b/c")}),
        ("list({'type': 'object'}): 1, x, path: y", [1, "x", Path("y")]),
        ("path: some/where", Path("some/where")),
        ("dict: {'a': (1, {2}), 3: None}", {"a": (1, {2}), 3: None}),
        ('json: {"a": [1, null, true]}', {"a": [1, None, True]}),
        ('json: {"_type": "set", "_data": [1, 2]}', {1, 2}),
        ('json: [{"_type": "Path", "_data": "a/b"}]', [Path("a/b")]),
        ('json: {"_type": "tuple", "_data": [{"_type": "set", "_data": []}]}', (set(),)),
        ("class: pathlib.Path", Path),
        ("eval: 2 ** 3", 8),
        ("eval: 'a b'.split()", ["a", "b"]),
        ("eval: Path('x') / 'y'", Path("x/y")),
        ("eval: [n\n for n in range(3)\n if n]", [1, 2]),
        ("eval({'import': ['math']}): math.floor(1.5)", 1),
        ("eval({'import': ['os.path']}): os.path.basename('a/b')", "b"),
        ("eval({'import': ['os.path as p', 'itertools as it']}): p.basename(next(it.repeat('a/b')))", "b"),
    ],
)
def test_a_directive_says_what_a_text_is(text, value):
    assert same(parse(text), value)


def test_the_home_folder_is_filled_in():
    assert parse("path: ~/x") == Path.home() / "x"


def test_a_parenthesis_in_a_parameter_does_not_end_it():
    serializer = Serializer({"echo": lambda given: (given.parameters, given.text)})
    assert serializer.parse_object("echo({'a': '):', 'b': (1,)}): rest (x): y") == (
        {"a": "):", "b": (1,)},
        "rest (x): y",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("list: a,,b", "empty item"),
        ("list({'type': 'int'}): a", "no int"),
        ("list({'type': 'number'}): 1", "no type 'number'"),
        ("list({'typ': 'int'}): 1", "did you mean 'type'"),
        ("list(['type']): 1", "takes no parameters"),
        ("list({'type': open}): 1", "not literals"),
        ("set({'type': 'object'}): list: a", "no set can hold"),
        ("path:", "names no path"),
        ("json: {a: 1}", "not followed by JSON"),
        ('json: {"_type": "set", "_data": "abc"}', "no type 'set' for 'abc'"),
        ('json: {"_type": "set", "_data": [[1]]}', "cannot make a set"),
        ('json: {"_type": ["set"], "_data": []}', "no type"),
        ("list({'type': []}): 1", "no type"),
        ("resource([1]): x", "takes a package"),
        ("dict: {'a': open}", "not followed by a literal"),
        ("dict: [1]", r"is followed by \[1\]"),
        ("eval:", "followed by nothing"),
        ("eval: 1 +", "SyntaxError"),
        ("eval: 1 / 0", "ZeroDivisionError"),
        ("eval: nobody", "NameError"),
        ("eval({'import': 'math'}): 1", "cannot import 'math'"),
        ("eval({'resolve': {}}): 1", "no parameter 'resolve'"),
        ("instance: section", "ConfigFactory"),
        ("alias: section:option", "ConfigFactory"),
        ("call({'param': {}}): section", "ConfigFactory"),
        ("tree: section", "not supported"),
    ],
)
def test_a_wrong_directive_is_an_error_that_says_where(text, message):
    with pytest.raises(ConfigurableError, match=message) as caught:
        parse(text, "some.conf [section] option")
    assert caught.value.where == "some.conf [section] option"
    assert caught.value.fix
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("class: nowhere.Thing", "no module 'nowhere'", "install"),
        ("class: pathlib.Pth", "no class 'Pth'", "did you mean 'Path'"),
        ("class: pathlib.fnmatch", "not a class", "classes of pathlib"),
        ("class: Path", "does not name a class", "package.module.Class"),
        ("class: a b.C", "does not name a class", "package.module.Class"),
        ("eval({'import': ['nowhere.there']}): 1", "no module 'nowhere'", "install"),
        ("resource(nowhere): x", "no module 'nowhere'", "install"),
        ("resource(json.decoder): x", "not a package", "name the package"),
    ],
)
def test_a_class_or_module_that_is_not_there_is_an_error(text, message, fix):
    with pytest.raises(FactoryError, match=message) as caught:
        parse(text, "some.conf [section] option")
    assert caught.value.where == "some.conf [section] option"
    assert fix in caught.value.fix


def test_a_module_that_fails_is_told_from_one_that_is_missing(tmp_path, monkeypatch):
    (tmp_path / "needs_more.py").write_text("import not_installed")
    (tmp_path / "broken.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(FactoryError, match=r"Importing needs_more raised .*not_installed"):
        parse("class: needs_more.Thing")
    with pytest.raises(FactoryError, match="Importing broken raised ZeroDivisionError"):
        parse("class: broken.Thing")


def test_a_module_that_imports_late_may_fail_late(tmp_path, monkeypatch):
    (tmp_path / "late.py").write_text("def __getattr__(name):\n    import not_installed")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(FactoryError, match=r"Importing late\.Thing raised .*not_installed"):
        parse("class: late.Thing")


def test_a_class_inside_a_class_has_a_name_too():
    assert parse("class: json.JSONDecoder") is json.JSONDecoder
    assert parse(f"class: {__name__}.Outer.Inner") is Outer.Inner


class Outer:
    class Inner:
        pass


@pytest.mark.parametrize(
    "text",
    [
        'json: {{"_type": "{canary}", "_data": [1]}}',
        'json: {{"_type": "set", "_data": "{canary}"}}',
        "json: {canary}",
        "dict: {{'a': {canary}}}",
        "list({{'type': {canary}}}): 1",
        "list({canary}): 1",
        "set({{{canary}: 1}}): 1",
        "eval({{'import': {canary}}}): 1",
        "eval({{'import': ['{canary}']}}): 1",
        "resource({canary}): x",
        "class: {canary}",
        "path: {canary}",
        "str: {canary}",
        "{canary}",
    ],
)
def test_data_and_parameters_run_nothing(text, tmp_path):
    canary = tmp_path / "canary"
    with suppress(ConfigurableError, FactoryError):
        parse(text.format(canary=f"__import__('pathlib').Path('{canary}').touch()"))
    assert not canary.exists()
    parse(f"eval: __import__('pathlib').Path('{canary}').touch()")
    assert canary.exists(), "the canary works"


def test_a_shipped_configuration_is_found_with_and_without_its_folder():
    path = parse("resource: resources/torch.conf")
    assert path.is_file()
    assert parse("resource: torch.conf") == path == parse("resource(zensols_like): resources/torch.conf")


def test_a_file_of_any_package_is_found():
    assert parse("resource(json): decoder.py").is_file()
    with pytest.raises(ConfigurableFileNotFoundError, match="json has no file 'x'"):
        parse("resource(json): x")


@pytest.mark.parametrize("name", ["nope.conf", "../setup.cfg", "/etc/passwd", ""])
def test_what_is_not_shipped_is_an_error_that_lists_what_is(name):
    with pytest.raises(ConfigurableFileNotFoundError, match=r"default\.conf, torch\.conf"):
        parse(f"resource: {name}")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.builds(Path, st.sampled_from(["a", "~", "/b/c", " d", "."])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.sets(st.text() | st.integers(), max_size=3)
        | st.dictionaries(st.text(), inner, max_size=3).filter(lambda value: "_type" not in value)
    ),
    max_leaves=8,
)


@given(VALUES)
@example("True")
@example("list(x y): a")
@example(" a ")
@example(float("inf"))
@example(1e22)
@example(Path("~/x"))
def test_a_value_reads_back_from_its_text(value):
    assert same(parse(Serializer().format_option(value)), value)


def test_a_class_reads_back_from_its_text():
    assert parse(Serializer().format_option(Outer.Inner)) is Outer.Inner


@pytest.mark.parametrize("value", [object(), {1: 2}, {"_type": "set"}, [object()], b"x"])
def test_a_value_without_a_text_is_an_error(value):
    with pytest.raises(ConfigurableError, match="cannot be written"):
        Serializer().format_option(value)
