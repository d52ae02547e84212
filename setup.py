"""The package list; everything else stands in setup.cfg."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["zensols_like", "zensols_like.*"]), "zensols_like.resources"],
    package_dir={"zensols_like.resources": "resources"},
)
