"""Batches against the rules of a configuration."""

from __future__ import annotations

import pytest
from support.flowers import flower_stash, items

from zensols_like.config import DictionaryConfig
from zensols_like.errors import ConfigurationError
from zensols_like.inspect import BatchChecks, StashReader, check_store


def reader_of(folder, **options) -> StashReader:
    stash = flower_stash(folder, **options)
    stash.prime()
    return StashReader(stash)


def checks_of(**rules) -> BatchChecks:
    return BatchChecks.of(DictionaryConfig({"checks": rules}))


def test_rules_that_hold(tmp_path):
    checks = checks_of(
        label="int64[N], min 0, max 2, balance 0.2", leaves="int16[N, T]", noise="float32[N, 3], finite", size="max 19"
    )
    report = check_store(reader_of(tmp_path), checks)
    assert report.broken == ()
    assert (report.batches, len(report.rules)) == (5, 8)


def test_a_value_out_of_range_is_named_with_its_data_point_and_index(tmp_path):
    (broken,) = check_store(reader_of(tmp_path), checks_of(size="max 4, min 0")).broken
    assert (broken.attribute, broken.rule, broken.count) == ("size", "max 4", 15)
    first = broken.violations[0]
    assert (first.batch_id, first.split, first.data_point_id, first.value) == ("1", "train", "5", 5.0)
    assert first.index[0] == 1
    assert len(broken.violations) == 3


def test_named_dimensions_must_agree_over_attributes(tmp_path):
    (broken,) = check_store(reader_of(tmp_path), checks_of(leaves="[N, T]", noise="[N, T]")).broken
    assert (broken.attribute, broken.count) == ("noise", 5)
    assert broken.violations[0].what == "T is 3, and 2 in leaves"
    assert broken.violations[0].data_point_id is None


def test_a_rare_class_is_named_with_its_split(tmp_path):
    source = items(20)
    for id in range(12):
        source[str(id)]["label"] = "lily" if id == 7 else "rose"
    report = check_store(reader_of(tmp_path, source=source), checks_of(label="balance 0.1"))
    whats = [violation.what for rule in report.broken for violation in rule.violations]
    assert sorted(whats) == ["class 'iris' is 0.0% of split 'train'", "class 'lily' is 8.3% of split 'train'"]


def test_balance_is_for_classes(tmp_path):
    with pytest.raises(ConfigurationError, match="is for classes, which 'noise' does not hold"):
        check_store(reader_of(tmp_path), checks_of(noise="balance 0.1"))


def test_a_rule_for_no_attribute_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"rules for \['nope'\]"):
        check_store(reader_of(tmp_path), checks_of(nope="finite"))


def test_a_section_that_is_not_there_is_told_how_to_write_one():
    with pytest.raises(ConfigurationError, match=r"There is no section \[checks\]") as caught:
        BatchChecks.of(DictionaryConfig({"default": {}}))
    assert "size = float32[N, 4], finite, min 0" in str(caught.value)
