"""Which attribute of a data point goes through which vectorizer of which manager."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from zensols_like.config import Dictable
from zensols_like.errors import MappingError

__all__ = ["BatchFeatureMapping", "ConfigBatchFeatureMapping", "FieldFeatureMapping", "ManagerFeatureMapping"]


@dataclass
class FieldFeatureMapping(Dictable):
    """An attribute of the data points of a batch."""

    attr: str
    """The name of the attribute in the batch."""
    feature_id: str
    """The ID of the vectorizer in its manager."""
    is_agg: bool = False
    """Whether the values of all data points are encoded together, as one value; otherwise they are encoded each on its
    own, and their tensors are concatenated."""
    attr_access: str | None = None
    """The name of the attribute on the data point, where it differs from ``attr``."""
    is_label: bool = False
    """Whether this is a label where there is more than one; what data for prediction does not have."""

    @property
    def attribute_accessor(self) -> str:
        """The name of the attribute on the data point."""
        return self.attr if self.attr_access is None else self.attr_access


@dataclass
class ManagerFeatureMapping(Dictable):
    """The attributes that go through one vectorizer manager."""

    vectorizer_manager_name: str
    """The name of the manager in the manager set."""
    fields: Sequence[FieldFeatureMapping]
    """The attributes."""

    def __post_init__(self) -> None:
        _require_list(self.fields, FieldFeatureMapping, f"fields of manager {self.vectorizer_manager_name!r}")

    def remove_field(self, attr: str) -> bool:
        """Take an attribute out; whether it was there."""
        kept = tuple(field for field in self.fields if field.attr != attr)
        removed = len(kept) < len(self.fields)
        self.fields = kept
        return removed


def _require_list(given: Any, kind: type[Any], where: str) -> None:
    """Refuse what is no list of a kind, as a field in brackets without the comma that makes a tuple of it.

    Raises:
        MappingError: It is none.
    """
    if not isinstance(given, Collection) or not all(isinstance(one, kind) for one in given):
        raise MappingError(
            f"This is no list of {kind.__name__}: {given!r}.", where, f"write [{kind.__name__}(…)], also for one"
        )


@dataclass
class BatchFeatureMapping(Dictable):
    """How the data points of a batch are encoded and decoded.

    Best defined once, at the level of the class of the batch.

    Args:
        label_attribute_name: The attribute that is the label; ``None`` when there is none.
        manager_mappings: The attributes by vectorizer manager.

    Raises:
        MappingError: Two fields have the same attribute, or the label is none of the attributes.

    Example:
        >>> mapping = BatchFeatureMapping(
        ...     "label",
        ...     [ManagerFeatureMapping("flowers", (FieldFeatureMapping("label", "species", is_agg=True),))],
        ... )
        >>> mapping.label_feature_id
        'species'
    """

    label_attribute_name: str | None = "label"
    """The attribute that is the label."""
    manager_mappings: Sequence[ManagerFeatureMapping] = field(default_factory=list)
    """The attributes by vectorizer manager."""

    def __post_init__(self) -> None:
        self.check()
        self._require_label(self.get_attributes())

    def check(self) -> None:
        """Refuse an attribute that is mapped twice.

        Raises:
            MappingError: Two fields have the same attribute.
        """
        _require_list(self.manager_mappings, ManagerFeatureMapping, "manager_mappings")
        counts = Counter(field.attr for _, field in self.pairs())
        twice = sorted(name for name, count in counts.items() if count > 1)
        if twice:
            raise MappingError(
                f"The attributes {twice} are mapped more than once.",
                f"managers {[manager.vectorizer_manager_name for manager in self.manager_mappings]}",
                "give each field a name of its own with attr, and say where its value comes from with attr_access",
            )

    def _require_label(self, known: Collection[str]) -> None:
        """Refuse a label that is none of the attributes; that of the default need not be there.

        Raises:
            MappingError: It is none.
        """
        label = self.label_attribute_name
        if known and label not in (None, BatchFeatureMapping.label_attribute_name, *known):
            raise MappingError(
                f"The label {label!r} is not among the attributes.",
                "label_attribute_name",
                f"use one of {sorted(known)}, or None where there is no label",
            )

    def pairs(self) -> Iterator[tuple[ManagerFeatureMapping, FieldFeatureMapping]]:
        """Every field with its manager, in order."""
        for manager in self.manager_mappings:
            for mapped in manager.fields:
                yield manager, mapped

    def get_attributes(self) -> tuple[str, ...]:
        """The names of the attributes, in order."""
        return tuple(mapped.attr for _, mapped in self.pairs())

    def get_field_map_by_feature_id(self, feature_id: str) -> tuple[ManagerFeatureMapping, FieldFeatureMapping] | None:
        """The first field of a vectorizer, with its manager; ``None`` when there is none."""
        return next((pair for pair in self.pairs() if pair[1].feature_id == feature_id), None)

    def get_field_map_by_attribute(
        self, attribute_name: str
    ) -> tuple[ManagerFeatureMapping, FieldFeatureMapping] | None:
        """The field of an attribute, with its manager; ``None`` when there is none."""
        return next((pair for pair in self.pairs() if pair[1].attr == attribute_name), None)

    def is_label(self, mapped: FieldFeatureMapping) -> bool:
        """Whether a field is a label."""
        return mapped.is_label or mapped.attr == self.label_attribute_name

    @property
    def label_feature_id(self) -> str | None:
        """The ID of the vectorizer of the label; ``None`` without a label."""
        found = self._label()
        return None if found is None else found[1].feature_id

    @property
    def label_vectorizer_manager(self) -> ManagerFeatureMapping | None:
        """The mapping of the manager of the label; ``None`` without a label."""
        found = self._label()
        return None if found is None else found[0]

    def _label(self) -> tuple[ManagerFeatureMapping, FieldFeatureMapping] | None:
        if self.label_attribute_name is None:
            return None
        return self.get_field_map_by_attribute(self.label_attribute_name)


@dataclass
class ConfigBatchFeatureMapping(BatchFeatureMapping):
    """A mapping edited by configuration: other mappings are added, then fields are kept, then fields are removed.

    The edits are made on copies, so that a manager's mapping can serve several of these.

    Args:
        batch_feature_mapping_adds: The mappings whose fields are added; without a ``label_attribute_name`` of its own
            this one takes theirs.
        field_remove: The attributes to leave out.
        field_keep: The attributes to keep; all when ``None``.
    """

    batch_feature_mapping_adds: Sequence[BatchFeatureMapping] = field(default_factory=list)
    """Mappings to add."""
    field_remove: Collection[str] = field(default_factory=list)
    """Attributes to leave out."""
    field_keep: Collection[str] | None = None
    """Attributes to keep; all when ``None``."""

    def __post_init__(self) -> None:
        _require_list(self.manager_mappings, ManagerFeatureMapping, "manager_mappings")
        _require_list(self.batch_feature_mapping_adds, BatchFeatureMapping, "batch_feature_mapping_adds")
        for option in ("field_remove", "field_keep"):
            names = getattr(self, option)
            if isinstance(names, str):
                raise MappingError(
                    f"The {option} {names!r} is one text, not a list of attributes.",
                    option,
                    f"write '{option} = list: {names}'",
                )
        managers = [*self.manager_mappings]
        for added in self.batch_feature_mapping_adds:
            managers += added.manager_mappings
            if self.label_attribute_name is None:
                self.label_attribute_name = added.label_attribute_name
        known = {mapped.attr for manager in managers for mapped in manager.fields}
        unknown = sorted({*self.field_remove, *(self.field_keep or ())} - known)
        if unknown:
            raise MappingError(
                f"There are no attributes {unknown} to keep or remove.", None, f"use some of {sorted(known)}"
            )
        self._require_label(known)  # which may be removed, as for data without it
        edited = (
            replace(manager, fields=tuple(mapped for mapped in manager.fields if self._is_kept(mapped.attr)))
            for manager in managers
        )
        self.manager_mappings = [manager for manager in edited if len(manager.fields) > 0]
        self.check()

    def _is_kept(self, attr: str) -> bool:
        return attr not in self.field_remove and (self.field_keep is None or attr in self.field_keep)
