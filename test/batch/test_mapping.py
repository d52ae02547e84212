from __future__ import annotations

from io import StringIO

import pytest

from zensols_like.batch import (
    BatchFeatureMapping,
    ConfigBatchFeatureMapping,
    FieldFeatureMapping,
    ManagerFeatureMapping,
    MappingError,
)


def words() -> ManagerFeatureMapping:
    return ManagerFeatureMapping("words", (FieldFeatureMapping("tokens", "t"), FieldFeatureMapping("mask", "m")))


def labels() -> ManagerFeatureMapping:
    return ManagerFeatureMapping("labels", (FieldFeatureMapping("label", "l", is_agg=True),))


def test_edits_do_not_change_the_mappings_that_are_shared() -> None:  # weakness A9
    shared = words()
    edited = ConfigBatchFeatureMapping("label", [labels(), shared], field_remove=["mask"])
    assert edited.get_attributes() == ("label", "tokens")
    assert [field.attr for field in shared.fields] == ["tokens", "mask"]
    assert ConfigBatchFeatureMapping("label", [labels(), shared]).get_attributes() == ("label", "tokens", "mask")


def test_attributes_doubled_by_adds_are_refused() -> None:  # weaknesses A9, C13
    adds = [BatchFeatureMapping(None, [ManagerFeatureMapping("other", (FieldFeatureMapping("tokens", "x"),))])]
    with pytest.raises(MappingError, match=r"\['tokens'\] are mapped more than once"):
        ConfigBatchFeatureMapping("label", [words()], batch_feature_mapping_adds=adds)


def test_an_attribute_mapped_twice_is_refused() -> None:  # weakness C13
    with pytest.raises(ValueError, match=r"\['label'\] are mapped more than once"):
        BatchFeatureMapping("label", [labels(), labels()])


def test_a_forgotten_comma_is_named() -> None:
    with pytest.raises(MappingError, match=r"no list of FieldFeatureMapping(.|\n)*fields of manager 'm'(.|\n)*for one"):
        ManagerFeatureMapping("m", (FieldFeatureMapping("a", "same")))  # type: ignore[arg-type]
    with pytest.raises(MappingError, match=r"no list of ManagerFeatureMapping(.|\n)*where: manager_mappings"):
        BatchFeatureMapping("label", labels())  # type: ignore[arg-type]
    for adds in (BatchFeatureMapping("label", [labels()]), [labels()]):
        with pytest.raises(MappingError, match=r"no list of BatchFeatureMapping(.|\n)*batch_feature_mapping_adds"):
            ConfigBatchFeatureMapping("label", [words()], adds)  # type: ignore[arg-type]


def test_one_vectorizer_may_serve_two_attributes() -> None:
    fields = (FieldFeatureMapping("a", "same"), FieldFeatureMapping("b", "same"))
    assert BatchFeatureMapping(None, [ManagerFeatureMapping("m", fields)]).get_attributes() == ("a", "b")


def test_a_mapping_without_a_label_says_none() -> None:  # weakness C7
    found = ConfigBatchFeatureMapping(None, [words()])
    assert found.label_feature_id is None
    assert found.label_vectorizer_manager is None
    assert BatchFeatureMapping("label", [words()]).label_feature_id is None


def test_without_a_label_of_its_own_it_takes_that_of_the_added() -> None:  # weakness C7
    added = BatchFeatureMapping("label", [labels()])
    assert ConfigBatchFeatureMapping(None, [words()], [added]).label_feature_id == "l"


@pytest.mark.parametrize("kept", [["tokens", "label"], ("tokens", "label"), {"tokens", "label"}])
def test_fields_to_keep_may_be_any_collection(kept: list[str]) -> None:  # weakness C7
    assert ConfigBatchFeatureMapping("label", [labels(), words()], field_keep=kept).get_attributes() == (
        "label",
        "tokens",
    )


def test_fields_are_added_then_kept_then_removed() -> None:
    added = BatchFeatureMapping(None, [ManagerFeatureMapping("other", (FieldFeatureMapping("size", "s"),))])
    found = ConfigBatchFeatureMapping(
        "label", [labels(), words()], [added], field_remove=["tokens"], field_keep=["label", "size", "tokens"]
    )
    assert found.get_attributes() == ("label", "size")


def test_unknown_fields_are_named() -> None:
    with pytest.raises(MappingError, match=r"no attributes \['nope'\](.|\n)*\['mask', 'tokens'\]"):
        ConfigBatchFeatureMapping(None, [words()], field_remove=["nope"])


def test_a_field_is_removed_from_a_manager() -> None:
    manager = words()
    assert manager.remove_field("mask")
    assert not manager.remove_field("mask")
    assert [field.attr for field in manager.fields] == ["tokens"]


def test_a_mapping_is_written_for_people() -> None:
    out = StringIO()
    BatchFeatureMapping("label", [labels()]).write(writer=out)
    assert "vectorizer_manager_name: labels" in out.getvalue()


@pytest.mark.parametrize("option", ["field_remove", "field_keep"])
def test_a_text_is_no_list_of_attributes(option: str) -> None:
    with pytest.raises(MappingError, match=f"{option} 'mask' is one text") as caught:
        ConfigBatchFeatureMapping(None, [words()], **{option: "mask"})  # type: ignore[arg-type]
    assert caught.value.fix == f"write '{option} = list: mask'"


@pytest.mark.parametrize("kind", [BatchFeatureMapping, ConfigBatchFeatureMapping])
def test_a_label_that_is_not_mapped_is_refused(kind: type[BatchFeatureMapping]) -> None:
    with pytest.raises(MappingError, match="The label 'nope' is not among the attributes") as caught:
        kind("nope", [words()])
    assert "use one of ['mask', 'tokens'], or None" in str(caught.value.fix)
    for label in ("label", None, "tokens"):
        assert kind(label, [words()]).label_attribute_name == label


def test_a_label_may_be_removed_for_data_without_it() -> None:
    both = BatchFeatureMapping("tokens", [words()])
    assert ConfigBatchFeatureMapping(None, [], [both], field_remove=["tokens"]).label_feature_id is None
