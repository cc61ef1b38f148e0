#!/usr/bin/env python
"""Django's command line; `stack` alone starts without Django, since a second of every start counts there."""

import os
import sys

from itsm.stack import command
from itsm.stack.endpoints import UnusableVar


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itsm.settings")
    if sys.argv[1:2] == ["stack"]:
        return command.main(sys.argv[2:])
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except UnusableVar as refusal:
        print(refusal, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
