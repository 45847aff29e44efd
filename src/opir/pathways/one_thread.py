"""Linear algebra on one thread: matrices here are small, and threads cost more than they save."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["on_one_thread"]

Given = ParamSpec("Given")
Result = TypeVar("Result")


def on_one_thread(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The function, with the threads of BLAS held at one meanwhile, where threadpoolctl is there.

    On two busy cores a Cholesky factor of 300 rows took a hundred times longer on two threads.
    """

    @functools.wraps(function)
    def held(*given: Given.args, **named: Given.kwargs) -> Result:
        try:
            library = importlib.import_module("threadpoolctl")
        except ModuleNotFoundError:
            return function(*given, **named)
        with library.threadpool_limits(limits=1, user_api="blas"):
            return function(*given, **named)

    return held
