from __future__ import annotations

import io
import pickle
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from zensols_like.errors import DeepLearnError
from zensols_like.torchconfig import CudaInfo, TorchConfig, printopts

CPU = TorchConfig(use_gpu=False)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


def test_asking_for_a_gpu_that_is_not_there_gives_the_cpu(no_gpu):
    config = TorchConfig()
    assert config.device == torch.device("cpu")
    assert config.using_cpu
    assert not config.gpu_available
    assert config.cuda_devices == config.cuda_configs == ()


def test_a_gpu_is_used_when_there_is_one(two_gpus):
    assert TorchConfig().device == torch.device("cuda", 0)
    assert TorchConfig(cuda_device_index=1).device == torch.device("cuda", 1)
    assert TorchConfig(use_gpu=False).device == torch.device("cpu")
    assert [config.device.index for config in TorchConfig(data_type=torch.float16).cuda_configs] == [0, 1]


def test_a_gpu_that_does_not_exist_is_an_error_with_those_that_do(two_gpus):
    with pytest.raises(DeepLearnError, match=r"No CUDA device 2(.|\n)*\[0, 1\]"):
        TorchConfig(cuda_device_index=2).device  # noqa: B018


def test_a_device_can_be_named_and_set():
    config = TorchConfig(device_name="meta")
    assert config.zeros(2).device == torch.device("meta")
    config.device = "cpu"
    assert config.device == config.cpu_device
    config.device = torch.device("meta")
    assert config.device_name == "meta"


def test_a_device_that_torch_does_not_know_is_refused_at_once():
    for name in ("cudda", "cpu:x", 1.5):
        with pytest.raises(DeepLearnError, match=r"No device .*(.|\n)*such as cpu"):
            TorchConfig(device_name=name)
    config = TorchConfig(device_name="cpu")
    with pytest.raises(DeepLearnError, match="No device 'cudda'"):
        config.device = "cudda"
    assert config.device_name == "cpu"


@pytest.mark.parametrize("given", ["float16", "torch.float16", "half", torch.float16])
def test_a_data_type_may_be_given_by_name(given):
    assert TorchConfig(use_gpu=False, data_type=given).ones(1).dtype == torch.float16


def test_an_unknown_data_type_is_an_error_with_those_that_are_known():
    with pytest.raises(DeepLearnError, match=r"'flaot32'(.|\n)*'float32'"):
        TorchConfig(data_type="flaot32")
    with pytest.raises(DeepLearnError, match=r"numpy.float32(.|\n)*'float32'"):
        TorchConfig(data_type=np.float32)


def test_it_is_small_when_pickled_and_equal_after():
    config = TorchConfig(use_gpu=False, data_type="bfloat16")
    data = pickle.dumps(config)
    assert len(data) < 300
    assert pickle.loads(data) == config


def test_a_bare_dataclass_subclass_works():
    @dataclass
    class Named(TorchConfig):
        label: str = "mine"

    assert Named(use_gpu=False, label="x").zeros(1).tolist() == [0]


@pytest.mark.parametrize(
    ("data_type", "float_type", "int_type"),
    [
        ("float32", torch.float32, torch.int32),
        ("float64", torch.float64, torch.int64),
        ("bfloat16", torch.bfloat16, torch.int16),
        ("int64", torch.float64, torch.int64),
        ("uint8", torch.float16, torch.uint8),
    ],
)
def test_tensors_of_numbers_and_their_types(data_type, float_type, int_type):
    config = TorchConfig(use_gpu=False, data_type=data_type)
    assert config.singleton([[1]]).dtype == config.from_iterable(iter([1, 2])).dtype == config.data_type
    assert config.float([1]).dtype == config.float_type == float_type
    assert config.int([1]).dtype == config.int_type == int_type
    assert config.ones(1).dtype == config.zeros((1,)).dtype == config.empty(1).dtype == config.data_type
    assert isinstance(config.ones(1), config.tensor_class)


def test_a_data_type_given_with_a_tensor_goes_before():
    assert CPU.zeros(2, dtype=torch.int8).dtype == CPU.singleton(1, dtype=torch.int8).dtype == torch.int8


def test_numpy_arrays_keep_their_data_type():
    assert CPU.from_numpy(np.arange(2, dtype=np.int8)).dtype == torch.int8
    assert CPU.numpy_data_type is np.float32
    with pytest.raises(DeepLearnError, match="bfloat16 has no numpy type"):
        TorchConfig(data_type="bfloat16").numpy_data_type  # noqa: B018


def test_sparse_tensors():
    sparse = CPU.sparse([[0, 1], [1, 0]], [2, 3], (2, 2))
    assert CPU.is_sparse(sparse)
    assert not CPU.is_sparse(CPU.ones(1))
    assert sparse.to_dense().tolist() == [[0, 2], [3, 0]]


def test_moving_copying_and_comparing():
    arr = torch.ones(2, 2, requires_grad=True)
    assert CPU.to(arr) is arr
    assert CPU.to_type(arr) is arr
    copy = CPU.clone(arr * 2)
    assert copy.is_leaf
    assert copy.requires_grad
    assert not CPU.clone(torch.tensor([1])).requires_grad
    assert CPU.same_device(arr)
    assert CPU.same_device(torch.nn.Linear(1, 1))
    assert CPU.is_on_cpu(arr)
    assert CPU.equal(CPU.cat([arr, arr]), torch.ones(4, 2))
    assert not CPU.equal(arr, torch.ones(2, 3))
    assert CPU.close(arr, arr + 1e-9)
    assert not CPU.close(arr, arr + 1)


@pytest.mark.parametrize("name", ["cpu", "cpu:0", "meta", "meta:0"])
def test_a_device_is_the_same_by_each_of_its_names(name):
    config = TorchConfig(device_name=name)
    for made in (config.zeros(2), config.to(torch.ones(2)), config.to(torch.nn.Linear(1, 1))):
        assert config.same_device(made)
    for other in {"cpu", "meta"} - {name.partition(":")[0]}:
        assert not config.same_device(torch.ones(2, device=other))
    out = io.StringIO()
    mine = config.zeros(3, 5, 7, 13)
    config.write_device_tensors(out)
    assert f"Tensor (3, 5, 7, 13) torch.float32 {mine.device}\n" in out.getvalue()


@pytest.mark.parametrize("name", ["cuda", "cuda:7"])
def test_no_gpu_is_asked_about_what_lies_elsewhere(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "_lazy_init", lambda: pytest.fail("CUDA was started"))
    assert not TorchConfig(device_name=name).same_device(torch.ones(1))


def test_tensors_are_let_go_of_on_the_cpu():
    arr = torch.ones(2, requires_grad=True)
    assert not CPU.to_cpu_deallocate(arr).requires_grad
    assert CPU.to_cpu_deallocate(None) is None
    first, second = CPU.to_cpu_deallocate(arr, None)
    assert first is not None
    assert second is None


def test_the_padding_of_the_cross_entropy_loss_is_ignored_by_it():
    labels = CPU.cross_entropy_pad((3,)).to(torch.int64)
    labels[0] = 1
    scores = torch.rand(3, 2)
    loss = torch.nn.functional.cross_entropy
    torch.testing.assert_close(loss(scores, labels), loss(scores[:1], labels[:1]))


def test_live_tensors_are_found():
    mine = torch.ones(3, 5, 7, 11)
    assert any(found is mine for found in CPU.in_memory_tensors())
    out = io.StringIO()
    CPU.write_device_tensors(out)
    CPU.write_in_memory_tensors(out)
    assert out.getvalue().count("Tensor (3, 5, 7, 11) torch.float32 cpu\n") >= 2
    CPU.empty_cache()


def test_the_devices_can_be_looked_at(no_gpu):
    out = io.StringIO()
    CPU.info.write(writer=out)
    assert out.getvalue() == "no CUDA devices\n"
    assert CudaInfo().num_devices == 0


def test_print_options_are_given_back_after_an_error():
    number = torch.tensor(1 / 3)
    before = repr(number)
    with suppress(ZeroDivisionError), printopts(precision=1):
        assert repr(number) == "tensor(0.3)"
        raise ZeroDivisionError
    assert repr(number) == before


@pytest.mark.process
def test_init_does_something_once_and_keeps_cudnn_on():
    script = """
import torch
from zensols_like.torchconfig import TorchConfig
assert TorchConfig.get_random_seed_context() is None
TorchConfig.init("forkserver", {"seed": 3})
first = torch.rand(1)
TorchConfig.init("spawn", {"seed": 3})
assert not torch.equal(first, torch.rand(1))
assert torch.multiprocessing.get_start_method() == "forkserver"
assert torch.backends.cudnn.enabled
assert TorchConfig.get_random_seed() == 3
"""
    subprocess.run([sys.executable, "-c", script], check=True)
