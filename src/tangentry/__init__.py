"""Tangentry: derivatives of NumPy programs by source transformation."""
from .api import nested as _nested
from .api.pullbacks import linearize, vjp
from .api.transforms import derivative, grad, jvp, value_and_grad
from .errors import (
    ArgumentError, MissingRuleError, NonScalarOutputError, SourceError, StaleTransformError, TangentryError,
    UnsupportedSyntaxError)
from .rules import table as _table
from .rules.registry import adjoint, constant, linear, partials, tangent

__version__ = "0.1.0"
__all__ = ["ArgumentError", "MissingRuleError", "NonScalarOutputError", "SourceError", "StaleTransformError", "TangentryError",
           "UnsupportedSyntaxError", "adjoint", "constant", "derivative", "grad", "jvp", "linear", "linearize", "partials", "tangent",
           "value_and_grad", "vjp"]
del _nested, _table
