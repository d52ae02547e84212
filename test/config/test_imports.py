import io
import pickle
from pathlib import Path

import pytest

from zensols_like.config import (
    ConfigurableError,
    ConfigurableFileNotFoundError,
    DictionaryConfig,
    EnvironmentConfig,
    FactoryError,
    ImportConfigFactory,
    ImportIniConfig,
    load_config,
    resource_path,
)


@pytest.fixture
def write(tmp_path):
    """Writes files by name, with ``__`` for the dot, and gives the path of the first one."""

    def write_files(**files):
        paths = [tmp_path / name.replace("__", ".").replace("_in_", "/") for name in files]
        for path, text in zip(paths, files.values(), strict=True):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return paths[0]

    return write_files


def test_a_file_wins_over_what_it_imports_and_later_imports_over_earlier_ones(write):
    path = write(
        exp__conf="[import]\nconfig_files = list: one.conf, two.yaml\n[a]\nx = exp",
        one__conf="[a]\nx = one\ny = one\nz = one",
        two__yaml="a:\n  x: two\n  y: two\n",
    )
    config = load_config(path)
    assert config.asdict() == {"a": {"x": "exp", "y": "two", "z": "one"}}
    origins = [config.origin("a", name) for name in "xyz"]
    assert origins == [str(path.parent / name) for name in ("exp.conf", "two.yaml", "one.conf")]


def test_an_experiment_is_a_small_file_over_shipped_defaults(write):
    path = write(
        exp__conf="""
[import]
config_files = list: resource: default.conf, resource: torch.conf
[default]
root_dir = /project
[torch_config]
data_type = float64
""",
    )
    config = load_config(path)
    assert config["default"].temporary_dir == "/project/target"
    made = ImportConfigFactory(config)("torch_config")
    assert str(made.data_type) == "torch.float64"
    assert config.origin("torch_config", "use_gpu") == str(resource_path("torch.conf"))


def test_yaml_imports_and_is_imported(write):
    path = write(
        exp__yaml="import:\n  config_files: [base.conf]\na:\n  x: [1]\n",
        base__conf="[import]\nconfig_file = deep.json\n[a]\ny = 2",
        deep__json='{"a": {"x": 0, "z": {"k": null}}}',
    )
    assert load_config(path)["a"].asdict() == {"x": [1], "z": {"k": None}, "y": 2}


def test_paths_start_at_the_folder_of_the_file_that_imports(write, monkeypatch, tmp_path):
    path = write(
        exp__conf="[import]\nconfig_file = path: shared/base.conf",
        shared_in_base__conf="[import]\nconfig_file = more.conf",
        shared_in_more__conf="[a]\nx = 1",
    )
    monkeypatch.chdir(tmp_path.parent)
    assert load_config(path).asdict() == {"a": {"x": "1"}}


def test_sections_say_what_to_import_and_are_gone_then(write, monkeypatch):
    monkeypatch.setenv("SEED", "3 $")
    path = write(
        exp__conf="""
[import]
sections = list: base, run, text, off
[base]
type = import
config_file = ${default:name}.conf
references = list: default
[run]
type = environment
section_name = run
includes = list: SEED, NOT_SET
[text]
type = string
config_str = more.a=1,more.b=2
[off]
enabled = False
config_file = nowhere.conf
[default]
name = base
""",
        base__conf="[b]\nsee = ${default:name} ${run:SEED}",
    )
    config = load_config(path)
    assert config.asdict() == {
        "b": {"see": "base 3 $"},
        "run": {"SEED": "3 $"},
        "more": {"a": "1", "b": "2"},
        "default": {"name": "base"},
    }
    assert config.origin("run", "SEED") == "environment"


def test_a_file_is_read_as_its_type_says(write):
    path = write(
        exp__conf="[import]\nsections = list: y\n[y]\ntype = yaml\nconfig_file = data.txt", data__txt="a:\n  b: [1]\n"
    )
    assert load_config(path)["a"].b == [1]


def test_imported_files_see_what_imports_them_also_when_they_import(write):
    path = write(
        exp__conf="[import]\nconfig_file = base.conf\n[default]\nkind = small",
        base__conf="[import]\nconfig_file = ${default:kind}.conf\n[default]\nkind = large",
        small__conf="[a]\nsize = 1 ${default:kind}",
        large__conf="[a]\nsize = 1000",
    )
    assert load_config(path)["a"].size == "1 small"


def test_a_section_sees_what_is_imported_before_it(write):
    path = write(
        exp__conf="[import]\nconfig_file = base.conf\nsections = list: m\n[m]\nconfig_file = ${default:more}.conf",
        base__conf="[default]\nmore = more",
        more__conf="[a]\nx = 1",
    )
    assert load_config(path).sections == ("default", "a")


def test_a_file_imported_twice_is_read_once(write):
    path = write(
        exp__conf="[import]\nconfig_files = list: b.conf, c.conf",
        b__conf="[import]\nconfig_file = default.conf\n[a]\nx = b",
        c__conf="[import]\nconfig_file = ./default.conf\n[a]\ny = c",
        default__conf="[a]\nx = default\ny = default",
    )
    assert load_config(path).asdict() == {"a": {"x": "b", "y": "c"}}


def test_a_circle_of_imports_is_an_error_that_shows_it(write, tmp_path):
    path = write(
        a__conf="[import]\nconfig_file = b.conf",
        b__conf="[import]\nsections = list: again\n[again]\nconfig_files = list: c.yaml",
        c__yaml="import: {config_file: b.conf}",
    )
    with pytest.raises(ConfigurableError, match="import each other in a circle") as caught:
        load_config(path)
    folder = f"{tmp_path}/"
    assert f"circle: {folder}b.conf -> {folder}c.yaml -> {folder}b.conf." in caught.value.what
    assert caught.value.where == f"{folder}c.yaml [import] config_file"
    assert caught.value.__notes__ == [
        f"imported by {folder}b.conf [again] config_files",
        f"imported by {folder}a.conf [import] config_file",
    ]


def test_a_file_that_imports_itself_is_a_circle(write):
    with pytest.raises(ConfigurableError, match="circle"):
        load_config(write(a__conf="[import]\nconfig_file = a.conf"))


def test_overrides_win_and_decide_what_is_imported(write):
    path = write(
        exp__conf="[import]\nconfig_file = ${default:which}.conf\n[default]\nwhich = one",
        one__conf="[a]\nx = 1",
        two__conf="[a]\nx = 2\n[b]\ny = 2",
        other__conf="[b]\ny = other",
    )
    assert load_config(path, ["default.which=two", "a.x=3"]).asdict() == {
        "a": {"x": "3"},
        "b": {"y": "2"},
        "default": {"which": "two"},
    }
    config = load_config(path, ["import.config_file=other.conf"])
    assert config.asdict() == {"b": {"y": "other"}, "default": {"which": "one"}}
    with pytest.raises(ConfigurableError, match=r"no section \[b\]"):
        load_config(path, ["b.y=3"])


def test_an_override_reaches_an_environment_that_decides_what_is_imported(write):
    path = write(exp__conf="[import]\nconfig_file = ${env:WHICH_ONE}.conf", one__conf="[a]\nx = ${env:WHICH_ONE}")
    assert load_config(path, ["env.WHICH_ONE=one"])["a"].x == "one"


@pytest.mark.parametrize(
    ("text", "message", "where", "fix"),
    [
        ("[import]\nconfig_fil = x", "no option 'config_fil'", "[import] config_fil", "did you mean 'config_file'"),
        ("[import]\nsections = list: nope", r"no section \[nope\]", "", "sections: import"),
        (
            "[import]\nsections = a\n[a]\ntype = yml\nconfig_file = x",
            "no type 'yml'",
            "[a] type",
            "did you mean 'yaml'",
        ),
        (
            "[import]\nsections = a\n[a]\nconfig_file = x.conf\nreferences = list: defalt\n[default]",
            r"no section \[defalt\] for the imported files",
            "[a] references",
            "did you mean 'default'",
        ),
        ("[import]\nconfig_file = ${x:y}", r"no section \[x\]", "[import] config_file", "sections"),
        ("[import]\nconfig_file = resource: torhc.conf", "No configuration", "[import] config_file", "torch.conf"),
    ],
)
def test_a_wrong_import_is_an_error_that_says_where(write, text, message, where, fix):
    path = write(exp__conf=text)
    with pytest.raises(ConfigurableError, match=message) as caught:
        load_config(path)
    assert caught.value.where == f"{path} {where}".strip()
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("type = environment\nsection = x", "takes no argument 'section'", "did you mean 'section_name'"),
        ("type = string", "needs the arguments", "set them in [a]"),
    ],
)
def test_a_wrong_argument_of_an_import_is_an_error(write, text, message, fix):
    path = write(exp__conf=f"[import]\nsections = list: a\n[a]\n{text}")
    with pytest.raises(FactoryError, match=message) as caught:
        load_config(path)
    assert fix in caught.value.fix
    assert caught.value.where.startswith(f"{path} [a]")


def test_a_missing_file_is_an_error_that_says_who_imports_it(write, tmp_path):
    path = write(exp__conf="[import]\nconfig_file = nope.conf")
    with pytest.raises(ConfigurableFileNotFoundError, match=r"nope\.conf") as caught:
        load_config(path)
    assert caught.value.where == str(tmp_path / "nope.conf")
    assert caught.value.__notes__ == [f"imported by {path} [import] config_file"]


def test_a_folder_imports_as_a_file_does(write, tmp_path):
    write(
        exp_in_a__conf="[import]\nconfig_file = ../base.yml", exp_in_b__conf="[a]\nx = 1", base__yml="a: {x: 0, y: 2}"
    )
    assert load_config(tmp_path / "exp").asdict() == {"a": {"x": "1", "y": "2"}}


def test_open_files_and_other_configurations_import_from_the_current_folder(write, monkeypatch, tmp_path):
    write(base__conf="[a]\nx = 1")
    monkeypatch.chdir(tmp_path)
    text = "[import]\nconfig_file = base.conf"
    assert ImportIniConfig(io.StringIO(text)).asdict() == {"a": {"x": "1"}}
    source = DictionaryConfig({"import": {"config_file": "base.conf"}})
    assert ImportIniConfig(source).asdict() == {"a": {"x": "1"}}
    assert source.sections == ("import",)
    assert ImportIniConfig().sections == ()


def test_another_section_may_say_what_to_import(write):
    path = write(exp__conf="[use]\nconfig_file = base.conf\n[import]\nx = 1", base__conf="[a]\ny = 2")
    config = ImportIniConfig(path, config_section="use")
    assert config.asdict() == {"a": {"y": "2"}, "import": {"x": "1"}}


def test_what_was_imported_travels_and_is_read_again(write, tmp_path):
    path = write(exp__conf="[import]\nconfig_file = base.conf\n[b]", base__conf="[a]\nx = 1")
    config = load_config(path, ["a.y=3"])
    there = pickle.loads(pickle.dumps(config))
    assert there.asdict() == config.asdict() == {"a": {"x": "1", "y": "3"}, "b": {}}
    (tmp_path / "base.conf").write_text("[a]\nx = 2")
    config.reload()
    assert config.asdict() == {"a": {"x": "2", "y": "3"}, "b": {}}
    for file in tmp_path.iterdir():
        file.unlink()
    assert there["a"].x == 1


def test_the_environment_is_a_configuration():
    config = EnvironmentConfig(env={"A": "1", "PS1": "$ ${x}"})
    assert config.asdict() == {"env": {"A": "1", "PS1": "$ ${x}"}}
    assert config.where("env", "A") == "environment [env] A"
    whole = EnvironmentConfig("all")
    assert set(whole.get_options("all")) >= {"PATH"}


def test_every_shipped_configuration_can_be_imported(write):
    names = sorted(path.name for path in Path(resource_path("default.conf")).parent.glob("*.conf"))
    items = ", ".join(f"resource: {name}" for name in names)
    config = load_config(write(exp__conf=f"[import]\nconfig_files = list: {items}"))
    assert "default" in config
    config.asdict()
