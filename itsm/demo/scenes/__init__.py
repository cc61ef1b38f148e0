"""What people write to the desk and the desk to them: one scene is one kind of incident, told in its own words."""

from itsm.demo.scenes import chinese, english
from itsm.demo.scenes.scene import Phrases, Scene

SCENES: dict[str, list[Scene]] = {"en": english.SCENES, "zh-hans": chinese.SCENES}
PHRASES: dict[str, Phrases] = {"en": english.PHRASES, "zh-hans": chinese.PHRASES}

__all__ = ["PHRASES", "SCENES", "Phrases", "Scene"]
