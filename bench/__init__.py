"""``make bench``: how fast handover is beside its peers and beside a C program that does the least that can be done.

``python -m bench`` from the repository's root; ``docs/performance.md`` says how it is measured. It uses the product
and the tests' own sshd, and nothing here is part of the product.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The real sshd on loopback and the manifests of the tests serve here too.
sys.path.insert(0, str(ROOT / "tests"))
