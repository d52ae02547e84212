import io
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.config import ConfigurableError, IniConfig, JsonConfig, Serializer, YamlConfig, load_config

TEXT = """
default:
  root: /data
model:
  rate: 1e-3
  size: 3
  on: true
  none: ~
  sizes: [1, 2.5, null]
  maps: {a: {b: [1]}}
  folder: 'path: ${default:root}/models'
  names: list: a, b
""".replace("names: list: a, b", "names: 'list: a, b'")


def read(text, kind=YamlConfig, **options):
    return kind(io.StringIO(text), **options)


def test_yaml_means_the_same_as_ini():
    ini = "[default]\nroot = /data\n[model]\nrate = 1e-3\nfolder = path: ${default:root}/models\nnames = list: a, b"
    ours, theirs = read(TEXT, use_interpolation=True), IniConfig(io.StringIO(ini), use_interpolation=True)
    assert ours.sections == theirs.sections
    for section in theirs.sections:
        for name, value in theirs[section].items():
            assert ours[section][name] == value


def test_values_of_yaml_pass_as_they_are():
    model = read(TEXT, use_interpolation=True)["model"].asdict()
    assert model == {
        "rate": 0.001,
        "size": 3,
        "on": True,
        "none": None,
        "sizes": [1, 2.5, None],
        "maps": {"a": {"b": [1]}},
        "folder": Path("/data/models"),
        "names": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("NO", "NO"),
        ("off", "off"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("010", 10),
        ("-1.5e3", -1500.0),
        (".5", 0.5),
        ("'3'", "3"),
        ('"1.0"', "1.0"),
        ("'True'", "True"),
        ("'null'", "null"),
        ("None", None),
        ("True", True),
        ("FALSE", False),
        ("''", ""),
        ("", None),
        ("007x", "007x"),
        ("[no, 'path: x', 1]", ["no", "path: x", 1]),
        ("|\n    two\n    lines", "two\nlines\n"),
    ],
)
def test_a_scalar_of_yaml_is_what_it_looks_like(text, value):
    found = read(f"a:\n  b: {text}\n")["a"]["b"]
    assert (type(found), found) == (type(value), value)


@given(
    st.dictionaries(
        st.text("abc", min_size=1),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz"), inner, max_size=3),
            max_leaves=5,
        ),
    )
)
def test_native_values_come_back_from_yaml_and_json(options):
    assert read(yaml.safe_dump({"a": options}))["a"].asdict() == options
    assert read(json.dumps({"a": options}), JsonConfig)["a"].asdict() == options


@given(st.text())
def test_a_quoted_text_that_is_no_directive_stays_a_text(text):
    handlers = ("list", "path", "str", "set", "dict", "json", "class", "eval", "tuple", "resource")
    if text.startswith(handlers) or Serializer().format_option(text).startswith("json: "):
        return
    found = read(json.dumps({"a": {"b": text}}), JsonConfig)["a"]["b"]
    assert found == text


def test_references_are_looked_up_inside_of_lists_and_mappings():
    text = "a:\n  root: /x\n  files: ['${root}/1', {deep: '${root}/2'}]\n  price: ['$$5']"
    config = read(text, use_interpolation=True)
    assert config["a"]["files"] == ["/x/1", {"deep": "/x/2"}]
    assert config["a"]["price"] == ["$5"]


@given(st.text())
def test_what_a_reference_stands_for_never_changes_the_list_around_it(text):
    config = read("a:\n  b: ['<${c}>', 1]\n", use_interpolation=True)
    config._put("here", "a", "c", text.replace("$", "$$"))
    expected = text[4:].lstrip() if text.startswith("str:") else text
    assert config["a"]["b"] == [f"<{expected}>", 1]


def test_a_quoted_number_stays_what_it_is_in_the_middle_of_a_text():
    config = read("a:\n  version: '1.0'\n  same: ${version}\n  file: 'path: v/${version}'", use_interpolation=True)
    assert (config["a"].version, config["a"].same, config["a"].file) == ("1.0", "1.0", Path("v/1.0"))


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ("a: 1", "no options, but 1", "x.yaml [a]"),
        ("- a", "no sections, but", "x.yaml"),
        ("1: {a: 2}", "1 is no name of sections", "x.yaml"),
        ("a: {true: 2}", "True is no name of options", "x.yaml [a]"),
        ("a: {b: 1, b: 2}", "'b' is there twice", "x.yaml"),
        ("a:\n  b: 1\na:\n  c: 1", "'a' is there twice.*line 3, column 1", "x.yaml"),
        ("a:\n  b: instance: c", "line 2.*put in quotes, as 'instance: section'", "x.yaml"),
        ("a: {b: {1: 2}}", "cannot be written", "x.yaml [a] b"),
        ("a: {b: !!python/name:os.system }", "not a configuration", "x.yaml"),
        ("a: {b: !!python/object/apply:os.system [ls]}", "not a configuration", "x.yaml"),
        ("a: [", "not a configuration", "x.yaml"),
        ("a: list: b", "not a configuration", "x.yaml"),
        ("a: {b: 1}\n---\nc: {d: 1}", "not a configuration", "x.yaml"),
        ("a: {b: '${c}'}", "no option 'c'", "x.yaml [a] b"),
    ],
)
def test_what_is_no_configuration_is_an_error_that_says_where(text, message, where, tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurableError, match=message) as caught:
        load_config(path).asdict()
    assert caught.value.where == str(tmp_path / where)


def test_json_is_read_by_its_suffix(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"a": {"b": "path: ${c}/x", "c": "y", "d": [1]}}')
    assert load_config(path)["a"].asdict() == {"b": Path("y/x"), "c": "y", "d": [1]}
    path.write_text('{"a": {"b": 1, "b": 2}}')
    with pytest.raises(ConfigurableError, match="'b' is there twice"):
        load_config(path)
    path.write_text("{")
    with pytest.raises(ConfigurableError, match="not a configuration"):
        load_config(path)


def test_an_empty_document_has_no_sections():
    assert read("").sections == read("", JsonConfig).sections == ()
    assert read("a:\nb: {}").asdict() == {"a": {}, "b": {}}


def test_merge_keys_of_yaml_are_merged():
    text = "base: &base\n  a: 1\n  b: 2\nmore:\n  <<: *base\n  b: 3\n"
    assert read(text)["more"].asdict() == {"a": 1, "b": 3}
