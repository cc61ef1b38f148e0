"""The stages of the ISO/IEC 20000 service life cycle, as data on every app (HOUSE.md section 1)."""

from enum import StrEnum


class Stage(StrEnum):
    DESIGN = "design"
    TRANSITION = "transition"
    OPERATION = "operation"
    IMPROVEMENT = "improvement"
    PLATFORM = "platform"
