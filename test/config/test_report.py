import io
import json

import pytest
import typer
from typer.testing import CliRunner

from zensols_like.cli.config import show_config
from zensols_like.cli.exits import Exits
from zensols_like.config import ConfigurableError, DictionaryConfig, load_config, report_config, resource_path

TEXT = """
[import]
config_file = resource: default.conf
[default]
root_dir = ${env:PLACE}
[db]
password = hunter2
login = me/${password}
again = <${login}>
url = postgresql://me:hunter2@host/data
options = dict: {'password': 'hunter2', 'n': 1}
query = host?token=hunter2&x=1
from_env = ${env:MY_TOKEN}
path = path: ${default:temporary_dir}/db
"""


@pytest.fixture
def conf(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "hunter2")
    monkeypatch.setenv("PLACE", "/place")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "exp.conf"
    path.write_text(TEXT)
    return path


@pytest.fixture
def run():
    app = typer.Typer(cls=Exits)
    app.callback()(lambda: None)
    app.command("config")(show_config)
    return lambda *arguments: CliRunner().invoke(app, ["config", *map(str, arguments)])


def test_a_report_says_what_each_option_comes_to_and_from_where(conf):
    report = report_config(load_config(conf, ["default.data_dir=/d"]))
    found = {option.name: option for option in report.sections["default"]}
    assert (found["root_dir"].value, found["root_dir"].origin) == ("/place", "exp.conf")
    assert found["root_dir"].references == ("env:PLACE",)
    assert (found["temporary_dir"].value, found["temporary_dir"].note) == (
        "/place/target",
        "resource: default.conf, with default:root_dir",
    )
    assert (found["data_dir"].value, found["data_dir"].origin) == ("/d", "override")


def test_the_document_says_what_it_is_as_that_of_every_command(conf, run):
    found = json.loads(run("-c", conf, "--json").stdout)
    assert list(found) == ["schema_version", "report", "source", "sections"]
    assert (found["schema_version"], found["report"]) == (1, "config")


def test_secrets_are_masked_wherever_they_show(conf, run):
    report = report_config(load_config(conf))
    assert {option.name: option.value for option in report.sections["db"]} == {
        "password": "***",
        "login": "***",
        "again": "***",
        "url": "postgresql://me:***@host/data",
        "options": "dict: {'password': '***', 'n': 1}",
        "query": "host?token=***&x=1",
        "from_env": "***",
        "path": "path: /place/target/db",
    }
    text = io.StringIO()
    report.write(writer=text)
    outputs = [text.getvalue(), json.dumps(report.asdict()), run("-c", conf).output, run("-c", conf, "--json").output]
    assert not any("hunter2" in output for output in outputs)


@pytest.mark.parametrize(
    "name", ["password", "DB_PASSWORD", "dbPassword", "api-key", "apikey", "token", "tokens", "key"]
)
def test_a_name_that_speaks_of_a_secret_is_masked(name):
    (option,) = report_config(DictionaryConfig({"a": {name: "x"}})).sections["a"]
    assert option.value == "***"


@pytest.mark.parametrize("name", ["key_path", "batch_size", "monkey", "tokenizer", "keyed", "author", "_"])
def test_a_name_that_does_not_is_shown(name):
    (option,) = report_config(DictionaryConfig({"a": {name: "x"}})).sections["a"]
    assert option.value == "x"


def test_a_text_without_references_has_none():
    (option,) = report_config(DictionaryConfig({"a": {"b": "${c}"}})).sections["a"]
    assert (option.value, option.references) == ("${c}", ())


def test_a_report_of_an_unknown_section_or_reference_is_an_error(conf):
    with pytest.raises(ConfigurableError, match=r"no section \[dbx\]"):
        report_config(load_config(conf), ["dbx"])
    with pytest.raises(ConfigurableError, match="no option 'nope'"):
        report_config(load_config(conf, ["db.x=${nope}"]))


def test_the_command_prints_sections_as_text_and_json(conf, run):
    result = run("-c", conf, "-s", "default", "-o", "default.data_dir=/d")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "[default]"
    assert [line.split("  # ")[1] for line in lines if line.startswith("data_dir = /d ")] == ["override"]
    found = json.loads(run("-c", conf, "--json").stdout)
    assert list(found["sections"]) == ["default", "db"]
    assert found["sections"]["default"]["root_dir"] == {
        "value": "/place",
        "origin": "exp.conf",
        "references": ["env:PLACE"],
    }


def test_the_command_says_what_is_wrong_and_exits_with_its_code(conf, run):
    result = run("-c", conf, "-s", "dbx")
    assert result.exit_code == 2
    assert "did you mean 'db'" in result.stderr
    assert run("-c", conf.parent / "nope.conf").exit_code == 3


def test_values_of_many_lines_are_indented(run, tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("a:\n  b: |\n    one\n    two\n  c: ''\n")
    assert run("-c", path).output == f"[a]\nb = one  # {path}\n    two\nc =      # {path}\n\n"


def test_shipped_files_are_named(run):
    output = run("-c", resource_path("torch.conf"), "-s", "torch_config").output
    assert "# resource: torch.conf" in output
