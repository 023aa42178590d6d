"""`python -m tests.bench`"""

from . import paced
from .report import as_text

f = paced.measure()
print(as_text(f.rows))
print("\n".join(f.details))
