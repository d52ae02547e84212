import pytest

from zensols_like.errors import PersistableError
from zensols_like.persist import DirectoryStash
from zensols_like.testing.stash import StashContract

FORMAT = "guides.formats.json_text"


class TestDirectoryStashOfJson(StashContract):
    def make(self, tmp_path):
        return DirectoryStash(tmp_path, format=FORMAT)


def test_the_text_can_be_read_in_the_file(tmp_path):
    DirectoryStash(tmp_path, format=FORMAT).dump("rose", {"petals": [5, 8]})
    assert b'{"petals": [5, 8]}' in next(tmp_path.iterdir()).read_bytes()


@pytest.mark.parametrize("value", [(1, 2), {1: "a"}, float("nan"), {"a": {3}}])
def test_what_would_not_come_back_equal_is_refused(tmp_path, value):
    with pytest.raises(PersistableError, match="JSON cannot hold"):
        DirectoryStash(tmp_path, format=FORMAT).dump("a", value)
