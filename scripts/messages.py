"""The message catalogue without GNU gettext installed.

    python -m scripts.messages update    extract every string, merge into locale/, keep translations, compile
    python -m scripts.messages missing   print what has no translation yet, as JSON {msgid: ""}
    python -m scripts.messages fill F    fill in translations from a JSON file {msgid or "context\\u0004msgid": text}

Strings come from Python (its syntax tree, so that a call inside an f-string counts as well) and from templates (Django's
own templatize, read by Babel).
"""

import ast
import io
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE = "zh_Hans"
PO = ROOT / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"
SKIPPED = {".venv", "var", "static", "tests", "benchmarks", "scripts", "node_modules", ".git", "migrations"}
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def sources() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        is_source = path.suffix == ".py" or (path.suffix in {".html", ".txt"} and "templates" in path.parts)
        if is_source and not SKIPPED & set(path.relative_to(ROOT).parts[:-1]):
            yield path


def messages_of(path: Path) -> Iterator[tuple[Any, str | None]]:
    """(msgid or (singular, plural), context) of every translatable string in `path`. No lines: they would change with
    every edit and make the history of the catalogue unreadable."""
    text = path.read_text(encoding="utf-8")
    return messages_of_python(text, str(path)) if path.suffix == ".py" else messages_of_template(text, str(path))


def messages_of_python(text: str, name: str) -> Iterator[tuple[Any, str | None]]:
    for node in ast.walk(ast.parse(text, name)):
        if not isinstance(node, ast.Call):
            continue
        function = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if function in KEYWORDS:
            places = KEYWORDS[function] or (1,)
            words = [_literal(node.args, place if isinstance(place, int) else place[0]) for place in places]
            if all(isinstance(word, str) for word in words):
                context = words.pop(0) if isinstance(places[0], tuple) else None
                yield (words[0] if len(words) == 1 else tuple(words)), context


def _literal(arguments: list[ast.expr], place: int) -> Any:
    """The literal at `place`, counted from 1; None where there is none: a variable is translated elsewhere."""
    argument = arguments[place - 1] if place <= len(arguments) else None
    return argument.value if isinstance(argument, ast.Constant) else None


def messages_of_template(text: str, name: str) -> Iterator[tuple[Any, str | None]]:
    # What is not a message becomes X; without its indentation it reads as Python.
    python = "\n".join(line.lstrip() for line in templatize(text, origin=name).split("\n"))
    for _line, message, _comments, context in extract("python", io.BytesIO(python.encode()), keywords=KEYWORDS):
        yield message, context


def template_catalogue() -> Catalog:
    catalogue = Catalog(project="Portico", charset="utf-8")
    for path in sources():
        for message, context in messages_of(path):
            flags = ["python-format"] if re.search(r"%(\(\w+\))?[sd]", str(message)) else []
            where: Any = (str(path.relative_to(ROOT)), None)
            catalogue.add(message, locations=[where], context=context, flags=flags)
    return catalogue


def catalogue() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def write(catalogue: Catalog) -> None:
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, catalogue, sort_output=True, omit_header=False, width=0, include_lineno=False)
    with PO.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)


def untranslated(catalogue: Catalog) -> list[Message]:
    def is_missing(message: Message) -> bool:
        texts = message.string if isinstance(message.string, list | tuple) else [message.string]
        return bool(message.id) and (message.fuzzy or not all(texts))

    return [message for message in catalogue if is_missing(message)]


def key(message: Message) -> str:
    msgid = message.id[0] if isinstance(message.id, list | tuple) else message.id
    return f"{message.context}\u0004{msgid}" if message.context else msgid


def update() -> None:
    template = template_catalogue()
    if PO.exists():
        merged = catalogue()
        merged.update(template, no_fuzzy_matching=True)
        merged.obsolete.clear()
    else:
        merged = Catalog(locale=LANGUAGE, project="Portico", charset="utf-8")
        merged.update(template)
    # Nothing in the file may depend on when or where it was written.
    merged.creation_date = merged.revision_date = datetime(2026, 11, 23, tzinfo=UTC)
    merged.header_comment = "# Portico in Simplified Chinese."
    merged.msgid_bugs_address = merged.last_translator = "the Portico founders"
    merged.fuzzy = False
    write(merged)
    print(f"{len(merged)} messages, {len(untranslated(merged))} without a translation")


def fill(path: Path) -> None:
    given = json.loads(path.read_text(encoding="utf-8"))
    merged = catalogue()
    for message in merged:
        text = given.get(key(message))
        if not text:
            continue
        is_plural = isinstance(message.id, list | tuple)
        message.string = (text,) if is_plural else text
    write(merged)
    print(f"{len(untranslated(merged))} without a translation")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["update"]:
            update()
        case ["missing"]:
            print(json.dumps({key(m): "" for m in untranslated(catalogue())}, ensure_ascii=False, indent=1))
        case ["fill", name]:
            fill(Path(name))
        case _:
            sys.exit(__doc__)
