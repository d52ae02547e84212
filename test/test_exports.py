import builtins
import importlib
import importlib.util
import pkgutil
import subprocess
import sys

import pytest

import zensols_like

MODULES = [
    "zensols_like",
    *(
        module.name
        for module in pkgutil.walk_packages(zensols_like.__path__, "zensols_like.")
        if not module.name.endswith("__main__")
    ),
]
PACKAGES = [name for name in MODULES if importlib.util.find_spec(name).submodule_search_locations]
WITHOUT_TORCH = ["zensols_like", "zensols_like.errors", "zensols_like.config", "zensols_like.cli.main"]


def constants_classes_functions(name):
    return 0 if name.isupper() else 1 if name[0].isupper() else 2, name


@pytest.mark.parametrize("name", MODULES)
def test_all_is_sorted_and_its_names_exist(name):
    module = importlib.import_module(name)
    exported = list(vars(module).get("__all__", ()))
    assert exported == sorted(set(exported), key=constants_classes_functions)
    for exported_name in exported:
        getattr(module, exported_name)


@pytest.mark.parametrize("name", PACKAGES)
def test_all_of_a_package_is_complete(name):
    package = importlib.import_module(name)
    ours = {
        name
        for name, value in vars(package).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("zensols_like")
    }
    assert ours <= set(vars(package).get("__all__", ()))


@pytest.mark.parametrize("name", PACKAGES)
def test_importing_all_of_a_package_hides_no_builtin(name):  # weakness C14
    found = {}
    exec(f"from {name} import *", found)
    assert not {name for name in found if not name.startswith("__")} & set(dir(builtins))


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_importing_it_does_not_import_torch(name):
    if name not in MODULES:
        pytest.skip(f"there is no {name} yet")
    code = f"import sys, {name}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
