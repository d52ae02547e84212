from __future__ import annotations

import pickle
from dataclasses import dataclass

import dill
import pytest
import torch

from zensols_like.config import DictionaryConfig, ImportConfigFactory
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    AggregateEncodableFeatureVectorizer,
    FeatureVectorizerManager,
    FeatureVectorizerManagerSet,
    IdentityEncodableFeatureVectorizer,
    NominalEncodedEncodableFeatureVectorizer,
    VectorizerError,
)

CPU = TorchConfig(use_gpu=False)
PACKAGE = "zensols_like.vectorize"
SECTIONS = {
    "torch_config": {"class_name": "zensols_like.torchconfig.TorchConfig", "use_gpu": "False"},
    "nominal_section": {
        "class_name": f"{PACKAGE}.NominalEncodedEncodableFeatureVectorizer",
        "feature_id": "nominal",
        "categories": "set: b, a",
    },
    "identity_section": {"class_name": f"{PACKAGE}.IdentityEncodableFeatureVectorizer", "feature_id": "identity"},
    "first": {
        "class_name": f"{PACKAGE}.FeatureVectorizerManager",
        "torch_config": "instance: torch_config",
        "configured_vectorizers": "set: nominal_section, identity_section",
    },
    "second": {
        "class_name": f"{PACKAGE}.FeatureVectorizerManager",
        "torch_config": "instance: torch_config",
        "configured_vectorizers": "list: nominal_section",
    },
    "managers": {"class_name": f"{PACKAGE}.FeatureVectorizerManagerSet", "names": "list: first, second"},
}


def factory(**changes):
    sections = {name: {**SECTIONS.get(name, {}), **changes.get(name, {})} for name in {**SECTIONS, **changes}}
    return ImportConfigFactory(DictionaryConfig(sections))


def nominal(feature_id="n", categories=("a", "b")):
    return NominalEncodedEncodableFeatureVectorizer.of(feature_id, categories=categories)


def test_a_manager_makes_the_vectorizers_of_its_sections():
    manager = factory()("first")
    assert list(manager) == list(manager.keys()) == ["identity", "nominal"]
    assert len(manager) == 2
    assert manager.feature_ids == {"nominal", "identity"}
    assert manager["nominal"].manager is manager
    assert manager["nominal"].name == "nominal_section"
    assert manager["nominal"].torch_config is manager.torch_config
    assert dict(manager.items())["nominal"] is manager.get("nominal") is manager["nominal"]
    assert manager["nominal"].transform(["b"]).tolist() == [1]


def test_managers_do_not_share_the_vectorizer_of_a_section():
    managers = factory()("managers")
    assert managers["first"]["nominal"] is not managers["second"]["nominal"]
    assert managers["second"]["nominal"].manager is managers["second"]


def test_a_set_finds_managers_and_vectorizers():
    managers = factory()("managers")
    assert list(managers) == ["first", "second"]
    assert len(managers) == 2
    assert managers.feature_ids == {"nominal", "identity"}
    assert managers.get_vectorizer_names() == ("identity", "nominal")
    assert managers.get_vectorizer("identity") is managers["first"]["identity"]
    assert managers["second"]["first.identity"] is managers["first"]["identity"]
    assert "second.nominal" in managers["first"]
    assert managers.get("nobody") is None
    assert managers["first"].get("nobody.nominal", 1) == managers["first"].get("nobody", 1) == 1


def test_a_set_of_names_is_taken_in_sorted_order():
    managers = factory(managers={"names": "set: second, first"})("managers")
    assert list(managers) == ["first", "second"]


@pytest.mark.parametrize("name", ["nominol", "first.nominol", ""])
def test_a_wrong_name_is_an_error_with_the_right_ones(name):
    with pytest.raises(VectorizerError, match=r"No '.*' in FeatureVectorizerManager 'first'(.|\n)*'nominal'"):
        factory()("managers")["first"][name]


def test_a_wrong_manager_is_an_error_with_the_right_ones():
    with pytest.raises(VectorizerError, match=r"No 'thirst' in FeatureVectorizerManagerSet(.|\n)*'first'"):
        factory()("managers")["thirst"]


def test_a_vectorizer_that_is_nowhere_or_in_several_managers_is_an_error():
    managers = factory()("managers")
    with pytest.raises(VectorizerError, match=r"No manager has a vectorizer 'x'(.|\n)*'identity', 'nominal'"):
        managers.get_vectorizer("x")
    with pytest.raises(VectorizerError, match=r"Several managers have a vectorizer 'nominal'.*first.*second"):
        managers.get_vectorizer("nominal")


def test_sections_of_something_else_are_errors():
    with pytest.raises(VectorizerError, match=r"'torch_config' is no vectorizer manager but a TorchConfig"):
        len(factory(managers={"names": "list: torch_config"})("managers"))
    other = {"class_name": f"{__name__}.Other"}
    manager = factory(other=other, first={"configured_vectorizers": "list: other"})("first")
    with pytest.raises(VectorizerError, match=r"'other' is no vectorizer but a Other"):
        len(manager)


class Other:
    def __init__(self, manager):
        self.manager = manager


def test_a_text_in_place_of_a_list_of_sections_is_an_error():
    manager = FeatureVectorizerManager("m", None, TorchConfig(use_gpu=False), "one, two")
    with pytest.raises(
        VectorizerError, match=r"'one, two' are one text(.|\n)*'configured_vectorizers = list: one, two'"
    ):
        len(manager)
    with pytest.raises(VectorizerError, match=r"'m' are one text(.|\n)*write 'names = list: m'"):
        len(FeatureVectorizerManagerSet("s", None, "m"))


def test_two_vectorizers_of_one_name_are_an_error_with_their_sections():
    made = factory(identity_section={"feature_id": "nominal"})("first")
    with pytest.raises(VectorizerError, match=r"feature_id 'nominal'(.|\n)*(_section'.*){2}"):
        len(made)


def test_managers_can_be_made_in_python():
    first = FeatureVectorizerManager.of("first", CPU, [nominal()])
    second = FeatureVectorizerManager.of(
        "second", CPU, [AggregateEncodableFeatureVectorizer.of("agg", delegate_feature_id="first.n")]
    )
    managers = FeatureVectorizerManagerSet.of("set", [first, second])
    assert managers["second"]["agg"].transform([["a", "b"], ["b"]]).tolist() == [[0, 1], [1, -100]]
    assert next(line for _, line in managers.lines()) == "first:"


def test_names_without_a_configuration_are_an_error():
    with pytest.raises(VectorizerError, match="there is no configuration"):
        len(FeatureVectorizerManager("m", None, CPU, ["section"]))


def test_a_vectorizer_belongs_to_one_manager():
    mine = nominal()
    len(FeatureVectorizerManager.of("first", CPU, [mine]))
    with pytest.raises(VectorizerError, match="belongs to manager 'first' already"):
        len(FeatureVectorizerManager.of("second", CPU, [mine]))


def test_managers_of_one_name_or_with_a_dot_are_an_error():
    for names in (("a", "a"), ("a.b",)):
        managers = FeatureVectorizerManagerSet.of("set", [FeatureVectorizerManager.of(name, CPU, []) for name in names])
        with pytest.raises(VectorizerError, match="cannot be the name of a vectorizer manager"):
            len(managers)


def test_every_vectorizer_of_a_manager_transforms():
    manager = FeatureVectorizerManager.of("m", CPU, [nominal("two", "ab"[::-1].split()), nominal("one", ["ba", "c"])])
    (first, first_by), (second, second_by) = manager.transform(["ba"])
    assert (first_by.feature_id, second_by.feature_id) == ("one", "two")
    assert first.tolist() == second.tolist() == [0]


@pytest.mark.parametrize("module", [pickle, dill])
@pytest.mark.parametrize("used", [False, True])
def test_they_travel_to_worker_processes(module, used):
    configured = factory()("managers")
    python = FeatureVectorizerManagerSet.of("set", [FeatureVectorizerManager.of("second", CPU, [nominal("nominal")])])
    for managers in (configured, python):
        if used:
            managers["second"]["nominal"].transform(["a"])
        there = module.loads(module.dumps(managers))
        vectorizer = there["second"]["nominal"]
        assert vectorizer.manager is there["second"]
        assert there["second"].vectorizer_manager_set is there
        assert vectorizer.transform(["b", "a"]).tolist() == [1, 0]


def test_bare_dataclass_subclasses_work():
    @dataclass
    class Manager(FeatureVectorizerManager):
        extra: int

    @dataclass
    class Managers(FeatureVectorizerManagerSet):
        extra: int

    manager = Manager("m", None, CPU, [IdentityEncodableFeatureVectorizer.of("i")], 3)
    managers = Managers("s", None, [manager], 4)
    assert torch.equal(managers["m"]["i"].transform(torch.ones(1)), torch.ones(1))
    assert managers.extra + manager.extra == 7
    assert "FeatureVectorizerManagerSet.of" not in repr(managers)
