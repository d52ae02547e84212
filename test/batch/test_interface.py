from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zensols_like.batch import BatchDirectoryCompositeStash
from zensols_like.errors import CorruptBatch
from zensols_like.persist.directory import DirectoryRecords

GROUPS = ({"a"}, {"b", "c"}, {"d"})
OLD, NEW = dict.fromkeys("abcd", 1), dict.fromkeys("abcd", 2)


class Killed(BaseException):
    """The process ends here."""


@given(is_there=st.booleans(), is_deleted=st.booleans(), steps=st.integers(0, 6))
@settings(max_examples=30)
def test_a_batch_that_a_crash_interrupts_is_whole_or_absent(is_there: bool, is_deleted: bool, steps: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        stash = BatchDirectoryCompositeStash(Path(folder), GROUPS)
        stash.dump("other", OLD)
        if is_there:
            stash.dump("0", OLD)
        left = steps

        def counted(do: Any) -> Any:
            def step(*arguments: Any) -> Any:
                nonlocal left
                if left == 0:
                    raise Killed
                left -= 1
                return do(*arguments)

            return step

        for name in ("_write", "delete"):
            patch.setattr(DirectoryRecords, name, counted(getattr(DirectoryRecords, name)))
        with suppress(Killed):
            stash.delete("0") if is_deleted else stash.dump("0", NEW)
        patch.undo()
        again = BatchDirectoryCompositeStash(Path(folder), GROUPS)
        assert again.load("0") in ([None, OLD] if is_deleted else [None, OLD, NEW])
        assert again.exists("0") == ("0" in tuple(again.keys())) == (again.load("0") is not None)
        again.dump("0", NEW)
        assert (again["0"], again["other"]) == (NEW, OLD)


def test_a_record_that_somebody_removed_is_damage(tmp_path: Path) -> None:
    stash = BatchDirectoryCompositeStash(tmp_path, GROUPS)
    stash.dump("0", OLD)
    stash.records.path_of("0", "b-c").unlink()
    with pytest.raises(CorruptBatch, match="no record of group 'b-c', but of others"):
        stash.load("0")
    assert stash.selecting({"a", "d"}).load("0") == {"a": 1, "d": 1}
