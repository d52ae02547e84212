import io
import os
import pickle
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.config import (
    ConfigurableError,
    ConfigurableFileNotFoundError,
    DictionaryConfig,
    ExtendedInterpolationConfig,
    ExtendedInterpolationEnvConfig,
    IniConfig,
    Settings,
    StringConfig,
    load_config,
)

TEXT = """
# a comment
[default]
root = /data
; another comment
Case = Kept

[model]
rate = 0.1
sizes = list: 1, 2
folder = path: ${default:root}/models
file = ${folder}/best
long = one
  two

  three
"""


@pytest.fixture
def conf(tmp_path):
    path = tmp_path / "my.conf"
    path.write_text(TEXT)
    return path


def test_options_are_texts_in_sections(conf):
    config = IniConfig(conf)
    assert config.sections == ("default", "model")
    assert config.get_option("rate", "model") == "0.1"
    assert config.get_option("root") == "/data"
    assert config.options == {"root": "/data", "Case": "Kept"}
    assert config.get_options("model", ["rate"]) == {"rate": "0.1"}
    assert config.get_option("long", "model") == "one\ntwo\n\nthree"
    assert config.get_option("file", "model") == "${folder}/best"


def test_it_is_asked_what_it_has(conf):
    config = IniConfig(conf)
    assert config.has_option("rate", "model")
    assert not config.has_option("nope", "model")
    assert not config.has_option("rate", "nope")
    assert "model" in config
    assert "nope" not in config
    assert list(config) == ["default", "model"]


def test_options_are_read_as_types():
    config = DictionaryConfig(
        {"default": {"n": 3, "x": "1e2", "yes": "On", "of": "a, b", "to": "path: ~/a", "bare": "b"}}
    )
    assert config.get_option_int("n") == 3
    assert config.get_option_float("x") == 100.0
    assert config.get_option_boolean("yes") is True
    assert config.get_option_list("of") == ["a", "b"]
    assert config.get_option_path("to") == Path.home() / "a"
    assert config.get_option_path("bare") == Path("b")
    assert config.get_option_object("x") == 100.0
    for read in (config.get_option_int, config.get_option_float, config.get_option_boolean):
        with pytest.raises(ConfigurableError, match=r"DictionaryConfig \[default\] of"):
            read("of")


def test_a_section_is_settings(conf):
    config = load_config(conf)
    assert config["model"].folder == Path("/data/models")
    assert config["model"]["sizes"] == ["1", "2"]
    assert config.populate({}, "default", parse_types=False) == {"root": "/data", "Case": "Kept"}
    settings = Settings()
    assert config.populate(settings, "default") is settings
    assert settings.root == "/data"


def test_options_refer_to_each_other(conf):
    config = ExtendedInterpolationConfig(conf)
    assert config.get_option("file", "model") == "path: /data/models/best"
    config.set_option("root", "/else")
    assert config.get_option("file", "model") == "path: /else/models/best"
    assert config.asdict()["model"]["folder"] == "path: /else/models"
    assert config.as_one_tier_dict()["model:folder"] == "path: /else/models"


def test_two_dollars_are_one():
    config = ExtendedInterpolationConfig(io.StringIO("[a]\nb = $${x}\nc = ${b}"))
    assert config.get_option("c", "a") == "${x}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\nb = ${nope}", r"no option 'nope' in section \[a\]"),
        ("[a]\nb = ${nope:x}", r"no section \[nope\]"),
        ("[a]\nb = ${b}", "circle: a:b -> a:b"),
        ("[a]\nb = ${c}\nc = ${d:e}\n[d]\ne = ${a:b}", "circle: a:b -> a:c -> d:e -> a:b"),
        ("[a]\nb = $c", "'\\$' stands alone"),
        ("[a]\nb = ${}", "'\\$' stands alone"),
        ("[a]\nb = ${env:NOT_SET_ANYWHERE}", "variable 'NOT_SET_ANYWHERE' is not set"),
    ],
)
def test_a_wrong_reference_is_an_error_that_names_the_option(text, message, tmp_path):
    path = tmp_path / "x.conf"
    path.write_text(text)
    with pytest.raises(ConfigurableError, match=message) as caught:
        load_config(path).get_option("b", "a")
    assert caught.value.where == f"{path} [a] b"


def test_a_circle_elsewhere_does_not_hide_the_chain():
    config = ExtendedInterpolationConfig(io.StringIO("[a]\nb = ${c}\nc = ${c}"))
    with pytest.raises(ConfigurableError, match="circle: a:c -> a:c"):
        config.get_option("b", "a")


def test_the_environment_is_a_section_that_is_not_shown(monkeypatch):
    monkeypatch.setenv("OURS", "a $ b ${c}")
    config = ExtendedInterpolationEnvConfig(io.StringIO("[a]\nb = <${env:OURS}>"))
    assert config.get_option("b", "a") == "<a $ b ${c}>"
    assert config.get_option("OURS", "env") == "a $ b ${c}"
    assert config.has_option("OURS", "env")
    assert config.get_options("env")["OURS"] == "a $ b ${c}"
    assert config.sections == ("a",)
    assert "env" not in config.asdict()


def test_a_section_of_the_environment_has_defaults():
    text = "[env]\nA = default\nB = default\n[x]\nboth = ${env:A} ${env:B}"
    config = ExtendedInterpolationEnvConfig(io.StringIO(text), env={"A": "set", "C": "gone"}, remove_vars=["C"])
    assert config.get_option("both", "x") == "set default"
    assert not config.has_option("C", "env")


def test_defaults_of_the_environment_do_not_show_the_rest_of_it():
    config = ExtendedInterpolationEnvConfig(io.StringIO("[env]\nA = 1\n[x]"), env={"SECRET": "s"})
    copied = IniConfig(config)
    assert config.asdict() == copied.asdict() == {"env": {"A": "1"}, "x": {}}
    config.remove_section("env")
    assert config.sections == ("x",)


def test_only_the_variables_that_are_used_travel(monkeypatch):
    monkeypatch.setenv("USED", "used-value")
    monkeypatch.setenv("SECRET", "secret-value")
    config = ExtendedInterpolationEnvConfig(io.StringIO("[a]\nb = ${env:USED}"))
    pickled = pickle.dumps(config)
    assert b"secret-value" not in pickled
    monkeypatch.setenv("USED", "changed")
    copy = pickle.loads(pickled)
    assert copy.get_option("b", "a") == "used-value"
    assert copy.get_option("SECRET", "env") == os.environ["SECRET"]


@pytest.mark.parametrize(
    "make",
    [
        IniConfig,
        ExtendedInterpolationConfig,
        ExtendedInterpolationEnvConfig,
        lambda path: IniConfig(path.open()),
        lambda path: IniConfig(IniConfig(path)),
        lambda path: DictionaryConfig(IniConfig(path).asdict(), use_interpolation=True),
        lambda _: StringConfig("model.rate=0.1,default.root=/data"),
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed file")
def test_a_configuration_travels(make, conf):
    config = make(conf)
    conf.unlink()
    copy = pickle.loads(pickle.dumps(config))
    assert copy.asdict() == config.asdict()
    assert copy.where("model", "rate") == config.where("model", "rate")


def test_a_folder_is_read_in_the_order_of_names(tmp_path):
    (tmp_path / "b.conf").write_text("[a]\nx = 2\nz = 3")
    (tmp_path / "a.conf").write_text("[a]\nx = 1\ny = 1")
    (tmp_path / "c.txt").write_text("not one")
    config = IniConfig(tmp_path)
    assert config.asdict() == {"a": {"x": "2", "y": "1", "z": "3"}}
    assert config.where("a", "x") == f"{tmp_path}/b.conf [a] x"
    assert config.where("a", "y") == f"{tmp_path}/a.conf [a] y"
    assert config.where("a") == f"{tmp_path}/a.conf [a]"


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(ConfigurableFileNotFoundError, match=r"no configuration file 'my\.conf'") as caught:
        load_config(tmp_path / "my.conf")
    assert caught.value.where == str(tmp_path / "my.conf")
    assert caught.value.exit_code == 3
    with pytest.raises(ConfigurableFileNotFoundError, match="no configuration in the folder"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a = 1", "no section headers"),
        (b"[a]\nb", "parsing errors"),
        (b"[a]\n[a]", "already exists"),
        (b"[a]\nb = 1\nb = 2", "already exists"),
        (b"[a]\nb = \xff", "cannot be read"),
    ],
)
def test_a_file_that_is_no_configuration_is_an_error(data, message, tmp_path):
    path = tmp_path / "my.conf"
    path.write_bytes(data)
    with pytest.raises(ConfigurableError, match=message) as caught:
        IniConfig(path)
    assert caught.value.where == str(path)


def test_something_else_is_no_configuration():
    with pytest.raises(ConfigurableError, match="A dict is not a configuration"):
        IniConfig({})


def test_a_missing_section_or_option_is_an_error_with_the_closest_name(conf):
    config = IniConfig(conf)
    with pytest.raises(ConfigurableError, match=r"no section \[modl\]") as caught:
        config.get_options("modl")
    assert (caught.value.where, caught.value.fix) == (str(conf), "did you mean 'model'? sections: default, model")
    with pytest.raises(ConfigurableError, match=r"no option 'rat' in section \[model\]") as caught:
        config.get_option("rat", "model")
    assert caught.value.where == f"{conf} [model]"
    assert "did you mean 'rate'" in caught.value.fix


def test_no_section_passes_its_options_on():
    config = IniConfig(io.StringIO("[DEFAULT]\na = 1\n[b]\nc = 2"))
    assert config.asdict() == {"DEFAULT": {"a": "1"}, "b": {"c": "2"}}


def test_overrides_win_and_stay(conf):
    config = load_config(conf, ["default.root = /over", "model.new=a=b", "model.rate=0.2"])
    assert config["model"].folder == Path("/over/models")
    assert config.get_option("new", "model") == "a=b"
    assert config.where("model", "rate") == "override [model] rate"
    config.set_option("rate", "0.3", "model")
    config.reload()
    assert config.get_option("rate", "model") == "0.2"


def test_an_override_reaches_the_environment():
    config = ExtendedInterpolationEnvConfig(io.StringIO("[a]\nb = ${env:X}"), env={"X": "1"})
    config.override("env.X=2")
    assert config.get_option("b", "a") == "2"


@pytest.mark.parametrize("assignment", ["model.rate", "rate=1", ".rate=1", "model.=1", ""])
def test_what_is_no_override_is_an_error(assignment, conf):
    with pytest.raises(ConfigurableError, match=r"section\.option=value"):
        load_config(conf, [assignment])


def test_an_override_of_a_missing_section_is_an_error_that_lists_the_sections(conf):
    with pytest.raises(ConfigurableError, match=r"no section \[modle\]") as caught:
        load_config(conf, ["modle.rate=1"])
    assert caught.value.fix == "did you mean 'model'? sections: default, model"
    assert caught.value.where == "override modle.rate=1"


def test_options_and_sections_are_set_and_removed():
    config = IniConfig()
    config.set_option("a", (1, "x"), "new")
    config.set_option("b", "tuple: y", "new")
    assert config["new"].asdict() == {"a": (1, "x"), "b": ("y",)}
    config.remove_section("new")
    assert config.sections == ()
    with pytest.raises(ConfigurableError, match=r"no section \[new\]"):
        config.remove_section("new")


def test_a_value_that_cannot_be_written_is_an_error_that_names_the_option():
    with pytest.raises(ConfigurableError, match=r"DictionaryConfig \[a\] b"):
        DictionaryConfig({"a": {"b": object()}})


def test_the_other_configuration_wins_a_merge(conf, tmp_path):
    other = tmp_path / "other.conf"
    other.write_text("[model]\nrate = 0.5\n[extra]\na = ${default:root}/${model:rate}")
    config = load_config(conf)
    config.merge(load_config(other))
    assert config.get_option("rate", "model") == "0.5"
    assert config.get_option("a", "extra") == "/data/0.5"
    assert config.where("model", "rate") == f"{other} [model] rate"
    assert config.where("model", "folder") == f"{conf} [model] folder"


def test_a_copied_option_means_the_same_with_and_without_references():
    plain = IniConfig(io.StringIO("[a]\nb = 1 $ ${x}"))
    referring = ExtendedInterpolationConfig(io.StringIO("[c]\nd = ${e}\ne = 2"))
    plain.copy_sections(referring)
    assert referring.get_option("b", "a") == "1 $ ${x}"
    referring.copy_sections(plain, ["c"])
    assert plain.get_option("d", "c") == "2"


def test_a_string_is_a_configuration():
    config = StringConfig("a.b=1, a.c=x.y=z,d.e.f=2")
    assert config.asdict() == {"a": {"b": "1", "c": "x.y=z"}, "d.e": {"f": "2"}}
    assert StringConfig("a.b=1, 2; a.c=3", r";\s*").asdict() == {"a": {"b": "1, 2", "c": "3"}}
    with pytest.raises(ConfigurableError, match=r"section\.option=value"):
        StringConfig("nothing")


NAMES = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=8)
LINES = st.text(string.ascii_letters + string.digits + "=:$[]{}\"' .,", max_size=12).map(str.strip)
TEXTS = st.lists(LINES.filter(bool), min_size=1, max_size=3).map("\n".join) | st.just("")


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, TEXTS, max_size=3), max_size=3))
def test_what_is_written_reads_back(sections):
    written = io.StringIO()
    DictionaryConfig(sections).write(writer=written)
    assert IniConfig(io.StringIO(written.getvalue())).asdict() == sections


@given(st.dictionaries(NAMES, st.text(), max_size=3))
def test_a_value_that_is_set_means_itself_with_references_too(options):
    config = DictionaryConfig({}, use_interpolation=True)
    for name, value in options.items():
        config.set_option(name, (value,), "a")
    assert {name: config["a"][name] for name in options} == {name: (value,) for name, value in options.items()}
