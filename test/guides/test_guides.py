"""What the guides show are files that are tested, or a part of an example that is."""

import importlib
import re
from pathlib import Path

import pytest

from zensols_like.vectorize import vectorizers

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs/guides").glob("*.md"))
FILES = [*(ROOT / "test/guides").rglob("*.py")]
EXAMPLES = {"images": ("digits", 2), "text": ("functions", 1)}
"""The example of a guide, and how many blocks show something else."""


def blocks(guide, language):
    return re.findall(rf"```{language}\n(.*?)```", guide.read_text(), re.DOTALL)


def unindented(text):
    """A text without what stands before its lines, so that a part of a file can be found in it."""
    return "\n".join(line.strip() for line in text.strip().splitlines())


@pytest.mark.parametrize(
    "guide", [path for path in GUIDES if path.stem.startswith("add-a-")], ids=lambda path: path.stem
)
def test_a_guide_to_add_something_shows_one_new_file_and_its_test(guide):
    files = {path.read_text(): path.name for path in FILES}
    shown = [files.get(block, block) for block in blocks(guide, "python")]
    assert shown[1] == f"test_{shown[0]}"
    assert {f"test_{name.removeprefix('test_')}" for name in shown} <= set(files.values())
    for name in shown:
        assert f"{name}`" in guide.read_text()


def test_the_guide_to_vectorizers_lists_those_that_there_are():
    listed = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/guides/add-a-vectorizer.md").read_text(), re.MULTILINE)
    assert set(listed) == set(vectorizers.__all__) - {"CategoryEncodableFeatureVectorizer"}  # a base


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_guide_to_an_example_shows_parts_of_it(name):
    example, others = EXAMPLES[name]
    guide = ROOT / f"docs/guides/{name}.md"
    parts = [path for path in (ROOT / "examples" / example).glob("*") if path.is_file() and path.suffix != ".npz"]
    files = [unindented(path.read_text()) for path in parts]
    shown = [unindented(block) for language in ("ini", "python") for block in blocks(guide, language)]
    assert sum(not any(block in file for file in files) for block in shown) == others


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_links_lead_somewhere(guide):
    for target in re.findall(r"\]\(([^)#:]+)\)", guide.read_text()):
        assert (guide.parent / target).exists()


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_classes_that_a_configuration_names_exist(guide):
    for block in blocks(guide, "ini"):
        for module, name in re.findall(r"class_name = (zensols_like[\w.]*)\.(\w+)", block):
            assert name in importlib.import_module(module).__all__
