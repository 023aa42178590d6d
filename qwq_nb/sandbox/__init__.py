"""Run programs that a model wrote, confined: Landlock and seccomp, namespaces where bubblewrap starts."""

from qwq_nb.sandbox.job import SANDBOXES, Call, Execution, Limits, Program
from qwq_nb.sandbox.layers import Probe
from qwq_nb.sandbox.probes import Available, available
from qwq_nb.sandbox.sandbox import Sandbox

__all__ = ["SANDBOXES", "Available", "Call", "Execution", "Limits", "Probe", "Program", "Sandbox", "available"]
