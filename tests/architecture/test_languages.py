"""English and Simplified Chinese for every string: a string without its translation is a failing test."""

import re
from collections.abc import Callable
from gettext import GNUTranslations
from typing import Any

import pytest
from django.conf import settings
from django.template import Origin, Template, Variable, engines
from django.template.base import Lexer, TokenType
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

from scripts import messages
from tests.architecture.words import english_words

TEMPLATES = sorted(path for path in (settings.BASE_DIR / "templates").rglob("*.html"))


def test_every_message_has_a_translation():
    assert [messages.key(message) for message in messages.untranslated(messages.catalogue())] == []


def test_catalogue_knows_every_message_in_the_sources():
    known = {(messages.key(message)) for message in messages.catalogue()}
    used = {messages.key(message) for message in messages.template_catalogue() if message.id}
    assert used - known == set()
    assert known - used - {""} == set()


def test_compiled_catalogue_is_what_the_source_says():
    with messages.PO.with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)._catalog  # context, \x04 and msgid → text; a plural's key is (msgid, form)
    found = {key[0] if isinstance(key, tuple) else key: text for key, text in compiled.items() if key}
    written = {messages.key(message): message.string for message in messages.catalogue() if message.id}
    assert found == {key: text[0] if isinstance(text, tuple) else text for key, text in written.items() if any(text)}


def test_translations_keep_their_placeholders():
    def placeholders(text: str) -> set[str]:
        return set(re.findall(r"%\(\w+\)[sd]|%[sd]|\{\w*\}", text))

    for message in messages.catalogue():
        if message.id:
            singular = message.id[0] if isinstance(message.id, tuple) else message.id
            text = message.string[0] if isinstance(message.string, tuple) else message.string
            plural = message.id[1] if isinstance(message.id, tuple) else singular
            assert placeholders(text) in (placeholders(singular), placeholders(plural)), singular


class LookedUp:
    """Notes what the templates that are compiled meanwhile will look up when they are drawn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: set[str] = set()
        self._note(monkeypatch, TranslateNode, self._translate)
        self._note(monkeypatch, BlockTranslateNode, self._blocktranslate)
        self._note(monkeypatch, Variable, self._constant)

    @staticmethod
    def _note(monkeypatch: pytest.MonkeyPatch, node: Any, note: Callable[[Any], None]) -> None:
        made = node.__init__

        def make(self: Any, *args: Any, **kwargs: Any) -> None:
            made(self, *args, **kwargs)
            note(self)

        monkeypatch.setattr(node, "__init__", make)

    def _add(self, text: str, context: Any) -> None:
        self.keys.add(f"{context.resolve({})}\u0004{text}" if context else text)

    def _translate(self, node: TranslateNode) -> None:
        self._add(str(node.filter_expression.var.literal).replace("%", "%%"), node.message_context)

    def _blocktranslate(self, node: BlockTranslateNode) -> None:
        self._add(node.render_token_list(node.singular)[0], node.message_context)

    def _constant(self, variable: Variable) -> None:
        if variable.translate:
            self._add(str(variable.literal).replace("%", "%%"), None)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_extraction_finds_what_the_template_looks_up(path, monkeypatch):
    looked_up = LookedUp(monkeypatch)
    engine = engines["django"].engine
    Template(path.read_text(), origin=Origin(str(path)), name=str(path), engine=engine)
    found = {
        f"{context}\u0004{text}" if context else text
        for message, context in messages.messages_of(path)
        for text in (message[0] if isinstance(message, tuple) else message,)
    }
    assert looked_up.keys == found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_template_has_no_words_outside_the_catalogue(path):
    """Text between tags and in spoken attributes goes through {% translate %}."""
    is_no_text = False
    plain = []
    for token in Lexer(path.read_text()).tokenize():
        if token.token_type == TokenType.BLOCK:
            name, *words = token.contents.split()
            if name in {"blocktranslate", "comment"} or (
                name == "block" and words[0].endswith(("_attributes", "_class"))
            ):
                is_no_text = True
            elif name in {"endblocktranslate", "endcomment", "endblock"}:
                is_no_text = False
            plain.append("{}")
        elif token.token_type == TokenType.TEXT and not is_no_text:
            plain.append(token.contents)
        else:
            plain.append("{}")
    text = "".join(plain)
    assert "_(" not in text  # a message that nobody would find
    assert english_words(text) == []
