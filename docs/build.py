"""Write what is generated: docs/reference.md, docs/extending.md, and CONTRIBUTING.md's tables. `--check` only compares.

python docs/build.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # this checkout's package, whichever is installed

import extending_page  # noqa: E402
import package_map  # noqa: E402
from reference import reference  # noqa: E402

PAGE = ROOT / "docs" / "reference.md"
EXTENDING = ROOT / "docs" / "extending.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"


def main(arguments: list[str]) -> int:
    wanted = {
        PAGE: reference(),
        EXTENDING: extending_page.page(ROOT),
        CONTRIBUTING: package_map.mapped(CONTRIBUTING.read_text(encoding="utf-8"), ROOT),
    }
    stale = [file for file, text in wanted.items() if not file.is_file() or file.read_text(encoding="utf-8") != text]
    names = ", ".join(file.relative_to(ROOT).as_posix() for file in stale)
    if "--check" in arguments:
        if stale:
            print(f"Not up to date: {names}. Run `make docs`.", file=sys.stderr)
        return bool(stale)
    for file in stale:
        file.write_text(wanted[file], encoding="utf-8")
    print(f"Written: {names}" if stale else "Everything is up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
