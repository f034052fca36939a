"""Assertions of the features and the adapters explain themselves, as those of tests do."""

import pytest

pytest.register_assert_rewrite(
    "tests.matrix.features",
    "tests.matrix.failures",
    "tests.matrix.absent",
    "tests.matrix.client",
    "tests.matrix.adapters",
)
