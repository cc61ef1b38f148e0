"""A scene's words with the names filled in: the same place, device and number all through one incident."""

from random import Random

from accounts.models import User
from itsm.demo.scenes import PHRASES, Scene


class Words:
    """What is said in one incident. `agent` may change when it is handed over."""

    def __init__(self, scene: Scene, requester: User, agent: User, chance: Random) -> None:
        self.scene, self.requester, self.agent, self._chance = scene, requester, agent, chance
        self.phrases = PHRASES[requester.language]
        self._names = {
            "place": chance.choice(self.phrases.places),
            "device": chance.choice(self.phrases.devices.get(scene.service, ("",))),
            "number": str(chance.randrange(104, 989)),
        }

    def of(self, text: str) -> str:
        return text.format(**self._names, name=self.requester.get_short_name(), agent=self.agent.get_short_name())

    def one_of(self, texts: tuple[str, ...]) -> str:
        return self.of(self._chance.choice(texts))
