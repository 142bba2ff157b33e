"""``torch.special``: functions of mathematics, under the names that SciPy gives them."""

from .ops._define import alias
from .ops.activations import sigmoid
from .ops.logit import logit as _logit
from .ops.transcendentals import erf as _erf
from .ops.transcendentals import erfc as _erfc
from .ops.transcendentals import exp2 as _exp2
from .ops.transcendentals import expm1 as _expm1
from .ops.transcendentals import log1p as _log1p

erf, erfc, exp2 = alias(_erf, "special_erf"), alias(_erfc, "special_erfc"), alias(_exp2, "special_exp2")
expit, expm1 = alias(sigmoid, "special_expit"), alias(_expm1, "special_expm1")
log1p, logit = alias(_log1p, "special_log1p"), alias(_logit, "special_logit")

__all__ = ["erf", "erfc", "exp2", "expit", "expm1", "log1p", "logit"]
