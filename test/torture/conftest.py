"""Asserts of the battery say what they compared."""

import pytest

pytest.register_assert_rewrite("torture")
