"""``python -m okg``."""

import sys

from okg.cmd.main import main

if __name__ == "__main__":
    sys.exit(main())
