"""IDs follow the sorted labels as documented, or the order in which they are configured (A13)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.config import ImportConfigFactory, StringConfig
from zensols_like.errors import VectorizerError
from zensols_like.vectorize import NominalEncodedEncodableFeatureVectorizer, OneHotEncodedEncodableFeatureVectorizer

LABELS = ["small", "medium", "large"]


def nominal(categories: Any, **options: Any) -> NominalEncodedEncodableFeatureVectorizer:
    return NominalEncodedEncodableFeatureVectorizer.of("size", categories=categories, **options)


@given(st.permutations(LABELS))
def test_ids_follow_the_configured_order_when_so_asked(labels: list[str]) -> None:  # weakness A13
    kept = nominal(labels, sort_categories=False)
    assert kept.by_label == {label: number for number, label in enumerate(labels)}
    assert kept.get_classes(kept.transform(LABELS)) == LABELS
    assert nominal(labels).by_label == {"large": 0, "medium": 1, "small": 2}


def test_rows_follow_the_configured_order_too() -> None:
    one_hot = OneHotEncodedEncodableFeatureVectorizer.of(
        "size", categories=LABELS, optimize_bools=False, sort_categories=False
    )
    assert torch.equal(one_hot.transform(LABELS), torch.eye(3))


def test_a_label_that_is_given_twice_has_its_first_place() -> None:
    kept = nominal(np.array([3, 1, 3, 2]), sort_categories=False)
    assert list(kept.by_label.items()) == [(3, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize("labels", [{"a", "b"}, frozenset("ab"), {"a": 1}.keys()])
def test_a_set_has_no_order_to_keep(labels: Any) -> None:
    with pytest.raises(VectorizerError, match="has no order"):
        nominal(labels, sort_categories=False)


def test_only_what_changes_the_ids_changes_the_fingerprint() -> None:
    in_order = nominal(sorted(LABELS), sort_categories=False)
    assert nominal(LABELS).fingerprint() == nominal(set(LABELS)).fingerprint() == in_order.fingerprint()
    assert nominal(LABELS, sort_categories=False).fingerprint() != nominal(LABELS).fingerprint()


def test_a_configuration_may_ask_for_its_order() -> None:
    name = "zensols_like.vectorize.NominalEncodedEncodableFeatureVectorizer"
    text = f"v.class_name={name};v.manager=None;v.feature_id=size;v.sort_categories=False;v.categories=list: b, a"
    assert ImportConfigFactory(StringConfig(text, ";"))("v").by_label == {"b": 0, "a": 1}
