import re

import pytest

from zensols_like import errors

TREE = re.findall(r"^[ │├└─]*(\w+) +(\d?)  \w", errors.__doc__, re.MULTILINE)


def test_the_tree_at_the_top_has_every_error():
    assert sorted(name for name, _ in TREE) == errors.__all__


@pytest.mark.parametrize(("name", "code"), TREE)
def test_the_tree_has_the_exit_codes(name, code):
    kind = getattr(errors, name)
    assert kind.exit_code == int(code or kind.__base__.exit_code)
