from __future__ import annotations

import pickle
from dataclasses import dataclass

import pytest

from zensols_like.errors import FactoryError
from zensols_like.settings import NetworkSettings
from zensols_like.torchconfig import TorchConfig


class Module:
    def __init__(self, settings, *args, **kwargs):
        self.given = settings, args, kwargs


@dataclass
class Settings(NetworkSettings):
    module: str

    def get_module_class_name(self):
        return self.module


def test_a_module_is_made_of_its_settings():
    settings = Settings("net", None, TorchConfig(use_gpu=False), f"{__name__}.Module")
    assert settings.create_module(1, size=2).given == (settings, (1,), {"size": 2})
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_a_module_that_does_not_exist_is_an_error_that_names_the_settings():
    with pytest.raises(FactoryError, match=r"Modle(.|\n)*Settings 'net'"):
        Settings("net", None, TorchConfig(), f"{__name__}.Modle").create_module()
