from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from zensols_like.loader.device import DeviceCopier
from zensols_like.loader.packed import Packed, pack, size_of

CPU = torch.device("cpu")
DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int8, torch.bool, torch.complex64]


@st.composite
def tensors(draw: st.DrawFn) -> dict[str, Tensor | None]:
    def one() -> Tensor | None:
        if draw(st.integers(0, 5)) == 0:
            return None
        shape = draw(st.lists(st.integers(0, 4), max_size=3))
        numbers = torch.arange(torch.Size(shape).numel()).reshape(shape)
        tensor = (numbers + draw(st.integers(0, 9))).to(draw(st.sampled_from(DTYPES)))
        return tensor.transpose(0, -1) if draw(st.booleans()) and tensor.dim() > 1 else tensor

    return {f"t{number}": one() for number in range(draw(st.integers(0, 5)))}


def assert_same(found: dict[str, Tensor | None], expected: dict[str, Tensor | None]) -> None:
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        other = found[name]
        if tensor is None:
            assert other is None
        else:
            assert other is not None
            assert other.dtype == tensor.dtype
            assert torch.equal(other, tensor)


# ---- packing


@given(tensors())
def test_packed_tensors_come_back(given_tensors: dict[str, Tensor | None]) -> None:
    assert_same(pack(given_tensors).views(), given_tensors)


@given(tensors(), st.integers(0, 500))
def test_a_buffer_is_used_where_it_is_large_enough(given_tensors: dict[str, Tensor | None], size: int) -> None:
    out = torch.full((size,), 255, dtype=torch.uint8)
    packed = pack(given_tensors, out)
    assert_same(packed.views(), given_tensors)
    needed = pack(given_tensors).buffer.nbytes
    assert (packed.buffer.untyped_storage().data_ptr() == out.untyped_storage().data_ptr()) == (0 < needed <= size) or (
        needed == 0
    )


def test_every_tensor_begins_at_a_multiple_of_64_bytes() -> None:
    views = pack({"a": torch.zeros(3, dtype=torch.bool), "b": torch.zeros(5), "c": torch.zeros(1)}).views()
    offsets = [view.storage_offset() * view.element_size() for view in views.values() if view is not None]
    assert offsets == [0, 64, 128]


def test_what_is_not_dense_lies_beside_the_buffer() -> None:
    sparse = torch.eye(3).to_sparse()
    packed = pack({"a": torch.ones(2), "s": sparse})
    assert packed.buffer.nbytes == 8
    assert packed.views()["s"] is sparse
    assert list(packed.views()) == ["a", "s"]


def test_views_of_one_batch_share_one_piece_of_memory() -> None:
    views = pack({"a": torch.ones(2), "b": torch.ones(3)}).views()
    assert len({view.untyped_storage().data_ptr() for view in views.values() if view is not None}) == 1


def test_the_size_is_that_of_the_elements() -> None:
    assert size_of({"a": torch.zeros(3, 2), "b": None, "c": torch.zeros(2, dtype=torch.bool)}) == 26


# ---- the copy to a device, which on the CPU goes the same way


def numbered(number: int, size: int = 4) -> dict[str, Tensor | None]:
    return {"x": torch.full((size,), float(number)), "y": None}


def send(copier: DeviceCopier, number: int, size: int = 4) -> Packed:
    slot = copier.lend()
    return copier.copy(pack(numbered(number, size), slot.buffer), slot).take()


def test_batches_arrive_as_they_were_while_slots_are_used_again() -> None:
    copier = DeviceCopier(CPU, slots=2)
    arrived = [send(copier, number, 1 + number % 5) for number in range(20)]
    for number, packed in enumerate(arrived):
        assert_same(packed.views(), numbered(number, 1 + number % 5))


def test_host_memory_is_made_once_for_each_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    copier = DeviceCopier(CPU, slots=3)
    made: list[int] = []
    allocate = copier.allocate
    monkeypatch.setattr(copier, "allocate", lambda size: made.append(size) or allocate(size))
    for number in range(20):
        send(copier, number)
    assert made == [16, 16, 16]


def test_packing_into_a_slot_copies_once() -> None:
    copier = DeviceCopier(CPU, slots=1)
    send(copier, 1)
    slot = copier.lend()
    packed = pack(numbered(2), slot.buffer)
    assert packed.buffer.data_ptr() == slot.buffer.data_ptr()


def test_a_slot_that_was_not_used_is_lent_again() -> None:
    copier = DeviceCopier(CPU, slots=1)
    copier.give_back(copier.lend())
    assert_same(send(copier, 1).views(), numbered(1))


def test_what_stays_on_the_host_is_copied_and_not_given_away() -> None:
    copier = DeviceCopier(CPU, slots=1)
    kept = pack(numbered(1))
    arrived = copier.start(kept).take().views()
    assert arrived["x"] is not None
    arrived["x"].zero_()
    assert_same(kept.views(), numbered(1))
