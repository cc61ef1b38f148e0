"""English and Simplified Chinese for every string: a string without its translation is a failing test."""

import re
from gettext import GNUTranslations

import pytest
from django.conf import settings
from django.template.base import Lexer, TokenType

from scripts import messages

TEMPLATES = sorted(path for path in (settings.BASE_DIR / "templates").rglob("*.html"))
WORD = re.compile(r"[A-Za-z]{2,}")
NAMES = {"Portico", "TOTP", "CSV", "API", "OpenAPI", "Swagger", "UTC", "Markdown", "Ctrl", "Cmd", "Esc", "Enter", "Shift", "en", "zh"}  # fmt: skip
SPOKEN_ATTRIBUTE = re.compile(r'\s(?:aria-label|title|placeholder|alt|label)="([^"{]*)"')
TAG = r"""<(?:"[^"]*"|'[^']*'|[^>"'])*>"""
MARKUP = re.compile(r"<(script|style|svg|code|kbd|pre)\b.*?</\1>|<!--.*?-->|" + TAG + r"|&\w+;|\bpd-[\w-]+", re.DOTALL)


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


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_template_has_no_words_outside_the_catalogue(path):
    """Text between tags and in spoken attributes goes through {% translate %}."""
    inside_translation = False
    plain = []
    for token in Lexer(path.read_text()).tokenize():
        if token.token_type == TokenType.BLOCK:
            name = token.contents.split()[0]
            inside_translation = {"blocktranslate": True, "blocktrans": True, "comment": True}.get(
                name, False if name in {"endblocktranslate", "endblocktrans", "endcomment"} else inside_translation
            )
            plain.append("{}")
        elif token.token_type == TokenType.TEXT and not inside_translation:
            plain.append(token.contents)
        else:
            plain.append("{}")
    text = "".join(plain)
    spoken = " ".join(SPOKEN_ATTRIBUTE.findall(text)) + " " + MARKUP.sub(" ", text)
    assert [word for word in WORD.findall(spoken) if word not in NAMES] == []
