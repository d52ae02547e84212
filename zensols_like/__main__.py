"""The command line as ``python -m zensols_like``."""

from __future__ import annotations

from zensols_like.cli.main import main

if __name__ == "__main__":
    main()
